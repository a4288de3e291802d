"""Whether a loss may run once more, later: a graph was built once, where its statements stood."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from slimport.index.blocks import assigned, loaded
from slimport.index.drawn import check_drawn
from slimport.index.early_lookups import Lookups
from slimport.index.free_names import free_names, gives_once, shared_names, with_inner
from slimport.index.in_place import InPlace
from slimport.index.later_uses import used_later
from slimport.index.pipelines import Pipeline
from slimport.index.program import Function, Program, closure_of
from slimport.index.stays import Stays
from slimport.index.training import Training
from slimport.index.unknown_values import check_values
from slimport.index.walking import walk


def check_again(training: Training, program: Program, read: Mapping[Function, Pipeline]) -> None:
    """Whether each run of the loss computes what its graph did.

    It runs where the model is made, and when `fit` first trains; later it is the same graph.

    Args:
        training: The block.
        program: The index.
        read: Input pipelines, by the functions that hold them.

    Raises:
        Stays: If something that it uses is another then, or it changes something itself.
    """
    again = _Again(training, program)
    again.check_names()
    again.check_changes()
    again.check_objects()
    again.check_lookups()
    check_drawn(again.code(read), program)
    check_values(training.of_loss, again.rest, training.function, program)


def handed_in(training: Training) -> list[str]:
    """The names that the loss gives other values, once it has used what stands before it.

    ``x = tf.reshape(x, [-1, 28, 28, 1])``, of a parameter: in a function it has to be given `x`.
    """
    function, of_loss = training.function, training.of_loss
    assert isinstance(function.node, ast.FunctionDef)
    before = training.block[: training.block.index(of_loss[0])]
    parameters = (n.arg for n in walk(function.node.args) if isinstance(n, ast.arg))
    there = {*parameters} | assigned(s for s in before if s not in training.gone)
    if training.graph is not None:
        body = function.node.body
        there |= assigned(body[: body.index(training.graph)])
    return sorted(used_later(of_loss, function, ()) & assigned(of_loss) & there)


class _Again:
    def __init__(self, training: Training, program: Program) -> None:
        self._training, self._program = training, program
        self._function, self._of_loss = training.function, training.of_loss
        self._callees = training.callees(program)
        block = training.block
        known = [*self._of_loss, *training.gone, training.operation, training.loop]
        made = [s for rate in training.rates.computed for s in rate.statements]
        self.rest = [s for s in block if s not in known]
        self._later = [s for s in self._after(self._of_loss[0]) if s not in made]
        self._shared = shared_names(self._function)
        self._names = with_inner(loaded(self._of_loss), self._function)
        self._needed = self._names.union(*(free_names(callee.node) for callee in self._callees))

    def _after(self, first: ast.stmt) -> list[ast.stmt]:
        """The statements that stay between one of them and the loop."""
        block = self._training.block
        between = block[block.index(first) + 1 : block.index(self._training.loop)]
        return [s for s in between if s in self.rest]

    def check_names(self) -> None:
        """What is no more is used by nothing, and no name is another function's."""
        training = self._training
        made = assigned([training.operation]) - loaded([training.operation])
        shown = made & loaded(self.rest)
        if shown:
            raise Stays(f"{min(shown)} is used beside the loop", training.operation)
        if training.graph is not None:
            body = getattr(self._function.node, "body", [])
            outside = loaded(s for s in body if s.lineno > training.graph.lineno)
            inside = outside & (assigned([*self._of_loss, *training.gone]) | made)
            if inside:
                raise Stays(f"{min(inside)} is used beside the loss", training.graph)
        shared = self._shared & assigned(self._of_loss)
        if shared:
            raise Stays(f"{min(shared)} is used beside the loss", self._of_loss[0])

    def code(self, read: Mapping[Function, Pipeline]) -> Iterator[tuple[Function, ast.AST]]:
        """What runs while the loss is built, but for what reads its batches."""
        reading = closure_of(self._callees & read.keys(), lambda f: f.callees)
        yield from ((self._function, statement) for statement in self._of_loss)
        yield from ((callee, callee.node) for callee in self._callees - reading)

    def check_changes(self) -> None:
        """Nothing that the loss or a learning rate needs changes before the loop."""
        changed = (self._names | (self._needed & self._shared)) & assigned(self._later)
        if changed:
            raise Stays(f"{min(changed)} changes after the loss is built", self._of_loss[0])
        self._check_in_place(self._needed, self._later, "after the loss is built")
        for rate in self._training.rates.computed:
            needed = with_inner(loaded(rate.statements), self._function) - {rate.step}
            for function in rate.functions:
                needed |= free_names(function.node)
            after = [*self._after(rate.statements[-1])]
            changed = (needed - assigned(rate.statements)) & assigned(after)
            if changed:
                raise Stays(f"{min(changed)} changes after {rate.name} is computed", after[0])
            self._check_in_place(needed, after, f"after {rate.name} is computed")

    def _check_in_place(self, needed: set[str], later: Sequence[ast.stmt], when: str) -> None:
        in_place = InPlace(self._program)
        for statement in later:
            changed = in_place.names(statement, self._function) & needed
            if changed:
                raise Stays(f"what {min(changed)} holds changes {when}", statement)

    def check_objects(self) -> None:
        """The loss adds to nothing that is there before it, and sets nothing that others see."""
        counting, setting = InPlace(self._program, counting=True), InPlace(self._program)
        made = assigned(self._of_loss)
        used = loaded(s for s in self.rest if s.lineno > self._of_loss[0].lineno)
        kept = self._training.summaries
        added = [a.statement for a in kept.added] if kept is not None else []
        for statement in self._of_loss:
            if any(node in added for node in walk(statement)):
                continue
            more = counting.names(statement, self._function) - made
            if more:
                raise Stays(f"{min(more)} gets more with each run of the loss", statement)
            seen = (setting.names(statement, self._function) - made) & used
            if seen:
                raise Stays(f"what {min(seen)} holds is used beside the loss", statement)
        for callee in self._callees:
            parameters = {n.arg for n in walk(callee.node) if isinstance(n, ast.arg)}
            more = counting.by(callee) - parameters
            if more:
                raise Stays(f"{min(more)} gets more with each run of the loss", callee.node)
        for statement in self.rest:
            once = assigned([statement]) & self._needed if gives_once(statement) else set()
            if once:
                raise Stays(f"{min(once)} can be gone through once", statement)

    def check_lookups(self) -> None:
        """Variables are looked up once all are made: a model knows its own from the start."""
        block = self._training.block
        built = block[: block.index(self._training.loop)]
        Lookups(self._function, self._program).check(built)
        for callee in self._callees:
            Lookups(callee, self._program).check(getattr(callee.node, "body", []))
