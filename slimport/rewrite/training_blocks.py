"""The blocks of a file that train with fit: where each goes into the tree that is rewritten."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

import libcst as cst
from libcst.metadata import CodeRange

from slimport.index.modules import Module
from slimport.index.program import Function, Reference
from slimport.report.model import Rewritten
from slimport.rewrite.fit import FitBlock
from slimport.rewrite.parameters import without_argument, without_parameters
from slimport.rewrite.pipelines import PipelineBlock
from slimport.rewrite.plan import Plan
from slimport.rewrite.site import FileServices


class TrainingBlocks:
    """Asked at each node that the transformer leaves.

    Args:
        module: the file.
        plan: decisions about the program's functions.
        services: the file as a rule may use it.
        positions: of the nodes.
    """

    def __init__(
        self,
        module: Module,
        plan: Plan,
        services: FileServices,
        positions: Mapping[cst.CSTNode, CodeRange],
    ) -> None:
        self._module = module
        self._plan = plan
        self._positions = positions
        self._fits = {
            training.line: FitBlock(training, services, plan.pipelines.get(training.function))
            for training in plan.trainings.values()
            if training.function.module is module
        }
        self._pipelines = {
            pipeline.get.lineno: PipelineBlock(pipeline, services)
            for pipeline in plan.pipelines.values()
            if pipeline.function.module is module
        }

    def entries(self) -> Iterator[Rewritten]:
        """What the report says of them."""
        for fit in self._fits.values():
            yield from fit.entries()
        for pipeline in self._pipelines.values():
            yield from pipeline.entries()

    def replaces(self, reference: Reference) -> bool:
        """Whether a call goes with its block, so that no rule need answer for it."""
        fits = any(fit.replaces(reference) for fit in self._fits.values())
        return fits or any(block.replaces(reference) for block in self._pipelines.values())

    def is_unseen(self, called: tuple[Reference, Function] | None) -> bool:
        """Whether what a statement calls writes a summary that no session would ask for."""
        if called is None or not called[0].api.name.startswith("tf.summary."):
            return False
        reference, function = called
        training = self._plan.trainings.get(function)
        if training is not None:
            return any(statement.lineno == reference.span[0] for statement in training.gone)
        return function in self._plan.without_summaries

    def call(self, original: cst.Call, node: cst.Call) -> cst.Call:
        """The call without the global step, for a function that Keras spares it."""
        start = self._positions[original].start
        for call, function, parameter in self._plan.steps_passed:
            is_here = function.module is self._module
            if is_here and (start.line, start.column) == (call.lineno, call.col_offset):
                assert isinstance(function.node, ast.FunctionDef)
                position = [a.arg for a in function.node.args.args].index(parameter)
                return without_argument(node, position, parameter)
        return node

    def block(self, original: cst.IndentedBlock, node: cst.IndentedBlock) -> cst.IndentedBlock:
        """A block that read examples from queues, with a tf.data pipeline."""
        lines = {self._positions[statement].start.line for statement in original.body}
        for line in lines & self._pipelines.keys():
            piped = self._pipelines[line]
            if piped.pipeline.function in self._plan.trainings:
                continue  # the loss's function gets it
            pairs = list(zip(piped.pipeline.block, node.body, strict=True))
            node = node.with_changes(body=piped.rewritten(pairs))
        return node

    def function(self, original: cst.FunctionDef, node: cst.FunctionDef) -> cst.FunctionDef:
        """A function without the global step's parameter, or with compile and fit for its loop."""
        line = self._positions[original.name].start.line
        gone = {p for _, f, p in self._plan.steps_passed if self._is_at(f, line)}
        if gone:
            node = without_parameters(node, gone)
        fit = self._fits.get(line)
        return node if fit is None else fit.rewritten(node)

    def _is_at(self, function: Function, line: int) -> bool:
        is_here = function.module is self._module
        return is_here and getattr(function.node, "lineno", 0) == line
