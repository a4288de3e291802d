"""A block of code that builds metrics and evaluates checkpoints, told apart."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from slimport.index.blocks import called
from slimport.index.evaluation_summaries import Summaries
from slimport.index.measures import Measures
from slimport.index.program import Function, Program, callees, closure_of


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The statements of such a block, and what becomes of each.

    Attributes:
        function: The function that holds the block.
        graph: The ``with tf.Graph().as_default():`` around it, if any.
        block: Its statements.
        of_metrics: Those that build the metrics.
        measures: The metrics, and the statements that make them.
        after: Those that use the values of metrics, before the evaluation.
        summaries: What these write.
        steps: Those that name the global step, where something is restored to it.
        restores: Those that look up what is to be restored.
        gone: Those that nothing needs any more.
        around: The statement of the block in which the evaluation is: itself, or a loop.
        statement: The statement that evaluates.
        call: Its call.
        given: The call's arguments by the names of parameters.
        api: What it calls.
        hooks: The hooks that it is given, each with its class: how many batches, what is written.
        waits: Whether it waits for the next checkpoint itself.
        returned: Names that the evaluation takes from among the statements that build the metrics.
        averages: Calls that name moving averages to restore.
    """

    function: Function
    graph: ast.With | None
    block: list[ast.stmt]
    of_metrics: list[ast.stmt]
    measures: Measures
    after: list[ast.stmt]
    summaries: Summaries
    steps: list[ast.stmt]
    restores: list[ast.stmt]
    gone: list[ast.stmt]
    around: ast.stmt
    statement: ast.stmt
    call: ast.Call
    given: Mapping[str, ast.expr]
    api: str
    hooks: Mapping[ast.Call, str]
    waits: bool
    returned: list[str]
    averages: list[ast.Call]

    @property
    def line(self) -> int:
        """The line of the function's `def`."""
        assert isinstance(self.function.node, ast.FunctionDef)
        return self.function.node.lineno

    @property
    def is_repeated(self) -> bool:
        """Whether several checkpoints may be evaluated."""
        return self.waits or self.around is not self.statement

    @property
    def beside(self) -> list[ast.stmt]:
        """The other statements of the function: of the block, around it, and in its loop."""
        assert isinstance(self.function.node, ast.FunctionDef)
        known = [*self.of_metrics, *self.after, *self.steps, *self.restores, *self.gone]
        known += [s for s in (self.graph, self.around) if s is not None]
        loop = getattr(self.around, "body", [])
        everything = {*self.block, *self.function.node.body, *loop} - {self.statement}
        return sorted(everything - set(known), key=lambda s: s.lineno)

    @property
    def heads(self) -> list[ast.expr]:
        """What the loop around the evaluation goes over, or asks for."""
        match self.around:
            case ast.For(target, source):
                return [target, source]
            case ast.While(test):
                return [test]
        return []

    def callees(self, program: Program) -> set[Function]:
        """The functions that run while a batch is measured."""
        start = {f for s in self.of_metrics for f in called(s, self.function, program)}
        return closure_of(start, callees)

    def reached(self, program: Program) -> set[Function]:
        """Those that may run then: methods and functions that only the running program tells.

        They are of files that this one imports: a file that imports this one has no part in it.
        """
        below = closure_of([self.function.module], lambda module: program.imports[module])
        start = self.callees(program) | self.function.maybe_callees
        found = closure_of(start, lambda f: (c for c in f.all_callees if c.module in below))
        return {f for f in found if f.module in below} - {self.function}
