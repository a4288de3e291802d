"""The blocks of a file that fit or evaluate a model: where each goes into the new tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

import libcst as cst
from libcst.metadata import CodeRange

from slimport.index.clones import CloneTraining
from slimport.index.file_queues import FileQueue
from slimport.index.modules import Module
from slimport.index.program import ColumnMap, Function, Reference
from slimport.index.schedule_functions import rate_constants
from slimport.index.training import Training, unseen_summaries
from slimport.index.training_summaries import summarizes_gradients, writes_summaries
from slimport.report.model import Rewritten
from slimport.rewrite.clones import CloneFit
from slimport.rewrite.evaluate import EvaluateBlock
from slimport.rewrite.file_queues import of_a_record
from slimport.rewrite.fit import FitBlock
from slimport.rewrite.parameters import without_argument, without_parameters
from slimport.rewrite.pipelines import PipelineBlock
from slimport.rewrite.plan import Plan
from slimport.rewrite.prefetching import Dequeues
from slimport.rewrite.single_iterators import IteratorEdits
from slimport.rewrite.site import FileServices
from slimport.rewrite.statements import comments_left, with_lines


def has_blocks(module: Module, plan: Plan) -> bool:
    """Whether something of the file is asked about below, or is a loop by hand."""
    every = (plan.trainings, plan.evaluations, plan.hand_loops, plan.pipelines)
    functions = {function for found in every for function in found} | plan.without_summaries
    functions |= {passed.caller for passed in plan.steps_passed}
    functions |= {passed.function for passed in plan.steps_passed}
    functions |= {iterator.function for iterator in plan.iterators}
    queues = [pipeline.queue for pipeline in plan.pipelines.values()]
    files = [pipeline.files for pipeline in plan.pipelines.values()]
    return (
        any(function.module is module for function in functions)
        or any(queue.dequeue.module is module for queue in queues if queue is not None)
        or any(found.function.module is module for found in files if found is not None)
    )


def _read_elsewhere(plan: Plan, module: Module) -> Iterator[FileQueue]:
    """Readings of files of a module that pipelines of other functions take from."""
    for pipeline in plan.pipelines.values():
        files = pipeline.files
        if files is None or files.function is pipeline.function:
            continue
        if files.function.module is module:
            yield files


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
        self._positions = positions
        trainings = [t for t in plan.trainings.values() if t.function.module is module]
        evaluations = [e for e in plan.evaluations.values() if e.function.module is module]
        pipelines = [p for p in plan.pipelines.values() if p.function.module is module]
        taking_steps = [p for p in plan.steps_passed if p.function.module is module]
        whole = {plain.reader for plain in plan.plain_trainings.values()}
        self._fits = {t.line: _fit_block(t, plan, services) for t in trainings}
        self._evaluations = {
            e.line: EvaluateBlock(e, services, plan.pipelines.get(e.function)) for e in evaluations
        }
        self._pipelines = {
            p.line: PipelineBlock(p, services, p.function in whole) for p in pipelines
        }
        self._iterators = IteratorEdits(plan.iterators, module, services)
        self._dequeues = Dequeues(plan.pipelines.values(), module, services)
        self._readers = {files.line: files for files in _read_elsewhere(plan, module)}
        self._steps = {
            (passed.call.lineno, passed.call.col_offset): passed
            for passed in plan.steps_passed
            if passed.caller.module is module
        }
        self._without = {(_line_of(p.function), p.parameter) for p in taking_steps}
        columns = ColumnMap(module.lines)
        constants = [call for p in taking_steps for call in rate_constants(p.function)]
        self._numbers = set(map(columns.span, constants))
        kept = [t.summaries for t in trainings if t.summaries is not None]
        self._added = {columns.span(added.call) for k in kept for added in k.added}
        self._unseen = {
            line
            for function in plan.without_summaries
            if function.module is module
            for line in unseen_summaries(function, _of_loss(plan, function))
        }

    @property
    def is_idle(self) -> bool:
        """Whether nothing of the file is asked about here."""
        return not any(
            (
                self._fits, self._evaluations, self._pipelines, self._iterators, self._dequeues,
                self._readers, self._steps, self._without, self._numbers, self._added, self._unseen,
            )
        )  # fmt: skip

    def entries(self) -> Iterator[Rewritten]:
        """What the report says of them."""
        for fit in self._fits.values():
            yield from fit.entries()
        for evaluation in self._evaluations.values():
            yield from evaluation.entries()
        for pipeline in self._pipelines.values():
            yield from pipeline.entries()
        yield from self._iterators.entries()

    def replaces(self, reference: Reference) -> bool:
        """Whether a call goes with its block, so that no rule need answer for it."""
        every = (self._fits, self._evaluations, self._pipelines)
        blocks = (block for found in every for block in found.values())
        if self._iterators.replaces(reference):
            return True
        return any(block.replaces(reference) for block in blocks)

    def number(self, original: cst.Call, node: cst.Call) -> cst.BaseExpression | None:
        """The number of a `tf.constant` that is a learning rate, where schedules are Keras'."""
        if not self._numbers:
            return None
        start, end = self._positions[original].start, self._positions[original].end
        span = (start.line, start.column, end.line, end.column)
        return node.args[0].value if span in self._numbers else None

    def call(self, original: cst.Call, node: cst.Call) -> cst.Call:
        """The call without the global step, for a function that Keras spares it.

        One on the value of a metric takes the number that it is now, and one that adds a summary to
        those that are merged is the summary alone.
        """
        batches = self._dequeues or self._iterators
        if not (self._steps or self._evaluations or batches or self._added):
            return node
        start, end = self._positions[original].start, self._positions[original].end
        span = (start.line, start.column, end.line, end.column)
        for evaluation in self._evaluations.values():
            node = evaluation.call(span, node)
        node = self._iterators.call(span, self._dequeues.call(span, node))
        summary = node.args[0].value if span in self._added else None
        if isinstance(summary, cst.Call):
            return summary
        passed = self._steps.get((start.line, start.column))
        return node if passed is None else without_argument(node, passed.position, passed.parameter)

    def block(self, original: cst.IndentedBlock, node: cst.IndentedBlock) -> cst.IndentedBlock:
        """A block that read examples from queues, with a tf.data pipeline.

        Any other is without the summaries that no session would ask for.
        """
        if not self._pipelines and not self._unseen and not self._evaluations:
            return node
        lines = [self._positions[statement].start.line for statement in original.body]
        blocks = [fit.training.block for fit in self._fits.values()]
        blocks += [block.evaluation.block for block in self._evaluations.values()]
        if any(statement.lineno in lines for block in blocks for statement in block):
            return node  # the function around gets it
        found = [self._pipelines[line] for line in lines if line in self._pipelines]
        for piped in found:
            pairs = list(zip(piped.pipeline.around, node.body, strict=True))
            return node.with_changes(body=[new for _, new in piped.rewritten(pairs)])
        for evaluation in self._evaluations.values():
            changed = evaluation.inner(lines, node)
            if changed is not node:
                return changed
        return self._without_unseen(lines, node)

    def _without_unseen(self, lines: Sequence[int], node: cst.IndentedBlock) -> cst.IndentedBlock:
        """The block without the summaries on these lines; their comments stay."""
        if self._unseen.isdisjoint(lines):
            return node
        kept: list[cst.BaseStatement] = []
        carried: list[cst.EmptyLine] = []
        for line, statement in zip(lines, node.body, strict=True):
            if line in self._unseen:
                carried += comments_left(statement)
            else:
                kept.append(with_lines(statement, carried))
                carried = []
        if len(kept) == len(node.body):
            return node
        if not kept:
            kept = [cst.SimpleStatementLine([cst.Pass()])]
        return node.with_changes(body=kept, footer=[*carried, *node.footer])

    def function(self, original: cst.FunctionDef, node: cst.FunctionDef) -> cst.FunctionDef:
        """A function without the global step's parameter, or with fit or evaluate for its loop."""
        between = original.whitespace_after_def.value  # a name may be on the next line
        line = self._positions[original.name].start.line - between.count("\n")
        return self._iterators.function(line, self._of_blocks(line, node))

    def _of_blocks(self, line: int, node: cst.FunctionDef) -> cst.FunctionDef:
        if not self._readers and not self._without and not self._fits and not self._evaluations:
            return node
        files = self._readers.get(line)
        if files is not None:
            node = of_a_record(node, files)
        gone = {parameter for found, parameter in self._without if found == line}
        if gone:
            node = without_parameters(node, gone)
        block = self._fits.get(line) or self._evaluations.get(line)
        return node if block is None else block.rewritten(node)


def _fit_block(training: Training, plan: Plan, services: FileServices) -> FitBlock:
    pipeline = plan.pipelines.get(training.function)
    if isinstance(training, CloneTraining):
        shows = training.has_summaries(plan.program) or bool(training.tags)
        shows = shows and writes_summaries(training.loop_call)
        return CloneFit(training, services, pipeline, shows)
    plain = plan.plain_trainings.get(training.function)
    layers = plain.layers & plan.program.building if plain is not None else set()
    scoped = any(not plan.plain(function) for function in layers)
    rate = training.rate_summary(plan.program)
    shows = rate is not None or training.has_summaries(plan.program)
    shows = shows or summarizes_gradients(training.operation_call)
    shows = shows and writes_summaries(training.loop_call)
    is_one_call = training.is_one_call(plan.program)
    return FitBlock(training, services, pipeline, plain, scoped, shows, is_one_call, rate)


def _of_loss(plan: Plan, function: Function) -> Sequence[ast.stmt]:
    training = plan.trainings.get(function)
    return training.of_loss if training is not None else ()


def _line_of(function: Function) -> int:
    return getattr(function.node, "lineno", 0)
