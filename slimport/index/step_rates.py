"""Learning rates of a block that depend on the global step: by schedules alone, or otherwise."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from slimport.index.blocks import (
    argument,
    assigned,
    called,
    called_by,
    leave_it,
    loaded,
    references_in,
)
from slimport.index.computing import Computing, computes, is_once
from slimport.index.global_steps import (
    SCHEDULES,
    PassedStep,
    is_step,
    passed_steps,
    told_steps,
)
from slimport.index.program import Function, Program, Reference, callees, closure_of
from slimport.index.rates_given import rates_of
from slimport.index.schedule_functions import ARITHMETIC, gives_schedules
from slimport.index.stays import Stays
from slimport.index.walking import walk


@dataclass(frozen=True, eq=False)
class StepRate:
    """A learning rate of a block.

    Attributes:
        name: Its name.
        step: The name of the global step.
        statements: Those that compute it; nothing else uses what they make.
        functions: The functions that they run.
        shown: Statements that hand it to a summary, and the summary somewhere else.
    """

    name: str
    step: str
    statements: list[ast.stmt]
    functions: frozenset[Function]
    shown: list[ast.stmt]

    @cached_property
    def nodes(self) -> set[int]:
        """The ids of the nodes of its code, that of its functions included."""
        code = [*self.statements, *(function.node for function in self.functions)]
        return {id(node) for part in code for node in walk(part)}


@dataclass(frozen=True)
class RatesOfBlock:
    """The learning rates of a block that depend on the global step.

    Attributes:
        computed: Those that schedules alone do not give.
        scheduled: The statements of the others.
    """

    computed: list[StepRate]
    scheduled: list[ast.stmt]

    def nodes(self) -> set[int]:
        """The ids of the nodes of those that are computed."""
        return {node for rate in self.computed for node in rate.nodes}

    def makes(self, statement: ast.stmt) -> bool:
        """Whether a statement computes one of them."""
        return any(statement in made for made in (self.scheduled, *self.statements()))

    def names(self, name: str) -> bool:
        """Whether a name is one of them."""
        return name in assigned(self.scheduled) or any(name == r.name for r in self.computed)

    def statements(self) -> list[list[ast.stmt]]:
        """The statements of each that is computed."""
        return [rate.statements for rate in self.computed]


def step_rates(block: Sequence[ast.stmt], function: Function, program: Program) -> RatesOfBlock:
    """The learning rates of a block.

    Args:
        block: Statements of the function.
        function: It makes the optimizer, or hands the rate to what makes it.
        program: The index.
    """
    reading = _Reading(block, function, program)
    found = RatesOfBlock([], [])
    for name in reading.rates():
        try:
            statements = reading.statements(name)
            if reading.are_schedules(statements):
                found.scheduled.extend(statements)
            elif statements:
                found.computed.append(reading.rate(name, statements))
        except Stays:
            continue
    return found


class _Reading:
    def __init__(self, block: Sequence[ast.stmt], function: Function, program: Program) -> None:
        self._block, self._function, self._program = block, function, program
        self._steps = assigned(s for s in block if is_step(s, function))
        self._apis = {id(r.call): r.api.name for r in function.references if r.call is not None}

    def rates(self) -> list[str]:
        """Names that are handed over as learning rates."""
        if not self._steps:
            return []
        nodes = (node for statement in self._block for node in walk(statement))
        given = (rates_of(n, self._function, self._program) for n in nodes)
        return list(dict.fromkeys(node.id for nodes in given for node in nodes))

    def statements(self, name: str) -> list[ast.stmt]:
        """The statements that compute a learning rate; none if it needs no step."""
        found = self._slice(name)
        return found if loaded(found) & self._steps else []

    def rate(self, name: str, statements: list[ast.stmt]) -> StepRate:
        """The learning rate that statements compute.

        Raises:
            Stays: If more is done, or with more than it.
        """
        steps = loaded(statements) & self._steps
        if len(steps) > 1:
            raise Stays("the global step has two names", statements[0])
        computing = Computing(self._program)
        computing.check(statements, self._function, steps)
        self._check_moved(statements)
        shown = list(self._shown(name, statements))
        return StepRate(name, min(steps), statements, frozenset(computing.functions), shown)

    def _slice(self, name: str) -> list[ast.stmt]:
        """The statements that compute a name, but for what is no tensor and needs no step."""
        names, found = {name}, set[int]()
        while True:
            added = [
                s for s in self._block
                if id(s) not in found and assigned([s]) & names and not is_step(s, self._function)
            ]  # fmt: skip
            if not added:
                return [s for s in self._block if id(s) in found]
            found |= {id(s) for s in added}
            names |= {n for s in added for n in loaded([s]) if self._is_tensor(n)}

    def _is_tensor(self, name: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether a name of the block stands for a tensor, or what is made of the global step."""
        if name in seen or name in self._steps:
            return False
        made = [s for s in self._block if name in assigned([s])]
        if loaded(made) & self._steps:
            return True
        seen |= {name}
        return any(
            self._makes_tensors(s) or any(self._is_tensor(n, seen) for n in loaded([s]))
            for s in made
        )

    def _makes_tensors(self, statement: ast.stmt) -> bool:
        """Whether TensorFlow computes something in a statement, or in what it calls."""
        reached = closure_of(called(statement, self._function, self._program), callees)
        references = references_in(statement, self._function)
        references += [r for f in reached for r in f.references]
        return any(computes(r.api.name) for r in references)

    def are_schedules(self, statements: Sequence[ast.stmt]) -> bool:
        """Whether schedules of Keras, and arithmetic with them, are all there is."""
        references = [r for s in statements for r in references_in(s, self._function)]
        if any(_is_other(r) for r in references):
            return False
        told = {id(step) for step in told_steps(self._function)}
        run = {f for s in statements for f in called(s, self._function, self._program)}
        for passed in self._passed(statements):
            run.discard(passed.function)
            if not gives_schedules(passed) or not _is_value(passed.call, statements):
                return False
            told.add(id(argument(passed.call, passed.position, passed.parameter)))
        if any(_is_other(r) for f in closure_of(run, callees) for r in f.references):
            return False
        nodes = [node for s in statements for node in walk(s)]
        uses = (n for n in nodes if isinstance(n, ast.Name) and n.id in self._steps)
        others = (n.op for n in nodes if isinstance(n, ast.BinOp | ast.AugAssign))
        return all(id(use) in told for use in uses) and all(
            isinstance(op, ARITHMETIC) for op in others
        )

    def _passed(self, statements: Sequence[ast.stmt]) -> Iterator[PassedStep]:
        for node in (node for s in statements for node in walk(s)):
            if isinstance(node, ast.Call):
                for target in called_by(node, self._function, self._program):
                    yield from passed_steps(self._function, node, self._steps, target)

    def _check_moved(self, statements: Sequence[ast.stmt]) -> None:
        """Whether the statements may be a function that runs where the last of them stands."""
        for statement in statements:
            _check_assigns(statement)
        if leave_it(s for s in statements if not isinstance(s, ast.FunctionDef)):
            raise Stays("a learning rate returns, or leaves a loop", statements[0])
        first, last = (self._block.index(s) for s in (statements[0], statements[-1]))
        between = [s for s in self._block[first:last] if s not in statements]
        if assigned(between) & loaded(statements):
            raise Stays("what a learning rate needs changes meanwhile", statements[0])

    def _shown(self, name: str, statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
        """The statements that show the learning rate; else only optimizers may have it.

        Raises:
            Stays: If it, or what it is made of, is used in another way.
        """
        own = {id(node) for statement in statements for node in walk(statement)}
        made = assigned(statements)
        assert isinstance(self._function.node, ast.FunctionDef)
        arguments = self._function.node.args
        if made & {n.arg for n in walk(arguments) if isinstance(n, ast.arg)}:
            raise Stays("a learning rate was a parameter", statements[0])
        allowed = dict(self._allowed())
        for use in self._names():
            if use.id in made and id(use) not in own:
                if use.id != name or id(use) not in allowed or use.lineno < statements[-1].lineno:
                    raise Stays(f"{use.id} is used beside the optimizer", use)
                shown = allowed[id(use)]
                if shown is not None:
                    yield shown

    def _names(self) -> Iterator[ast.Name]:
        """The function's own names, in functions within it, too."""
        scopes = self._function.module.scopes.scope_of
        for node in walk(self._function.node):
            if isinstance(node, ast.Name):
                owner = scopes[node].lookup(node.id) if node in scopes else None
                if owner is None or owner[0].node is self._function.node:
                    yield node

    def _allowed(self) -> Iterator[tuple[int, ast.stmt | None]]:
        """The ids of names that are learning rates or shown, and where a summary goes on from."""
        for statement in self._block:
            alone = {id(n.value) for n in walk(statement) if isinstance(n, ast.Expr)}
            for node in walk(statement):
                for name in rates_of(node, self._function, self._program):
                    yield id(name), None
                if self._apis.get(id(node), "").startswith("tf.summary."):
                    goes_on = None if id(node) in alone else statement
                    yield from ((id(n), goes_on) for n in walk(node))


def _check_assigns(statement: ast.stmt) -> None:
    """Whether a statement does nothing but give names values."""
    match statement:
        case ast.Assign([ast.Name()]) | ast.AugAssign(ast.Name()) | ast.FunctionDef() | ast.Raise():
            return
        case ast.Expr(ast.Constant(str())) | ast.Pass():
            return
        case ast.If(_, body, orelse) | ast.For(ast.Name() | ast.Tuple(), _, body, orelse):
            for inner in (*body, *orelse):
                _check_assigns(inner)
            return
        case ast.With([ast.withitem(_, None)], body):
            for inner in body:
                _check_assigns(inner)
            return
    raise Stays("more than a learning rate is made", statement)


def _is_other(reference: Reference) -> bool:
    """Whether a reference is of TensorFlow or slim, and no schedule's nor a flag's."""
    name = reference.api.name
    of_library = name.startswith(("tf.", "slim.")) and not is_once(name)
    return of_library and name not in SCHEDULES


def _is_value(call: ast.Call, statements: Sequence[ast.stmt]) -> bool:
    nodes = (node for s in statements for node in walk(s))
    return any(isinstance(n, ast.Assign) and n.value is call for n in nodes)
