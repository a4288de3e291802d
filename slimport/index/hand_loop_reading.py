"""Reads a function that feeds placeholders and runs a training operation."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from slimport.index.blocks import (
    argument,
    assigned,
    call_of,
    loaded,
    on_lines_of_their_own,
    references_in,
)
from slimport.index.global_steps import is_step
from slimport.index.hand_lookups import computes_of_variables
from slimport.index.hand_loop import (
    COORDINATOR,
    DEFINITIONS,
    INITIALIZERS,
    PLACEHOLDER,
    RUNNERS,
    SAVER,
    SESSIONS,
    HandLoop,
    Minimized,
    nested,
)
from slimport.index.hand_operation import OperationReading
from slimport.index.hand_queues import endless, ends
from slimport.index.hand_requests import Named, requests
from slimport.index.hand_savers import RESTORING, restores
from slimport.index.hand_settings import settings
from slimport.index.hand_summaries import merges, writers
from slimport.index.hand_values import only_once
from slimport.index.program import Function, Program
from slimport.index.session_runs import Run, is_method, saved
from slimport.index.stays import Stays
from slimport.index.training import looks_up, makes_tensors

# Statements that only a graph with a session needs.
_ALONE = (COORDINATOR, PLACEHOLDER, RUNNERS, "tf.reset_default_graph")


class HandLoopReading:
    """Reads one function; every way out but the end is a `Stays`.

    Args:
        function: It names a session and an optimizer.
        program: The index.
        opened: What goes from around its statements.
    """

    def __init__(
        self, function: Function, program: Program, opened: Sequence[ast.stmt] = ()
    ) -> None:
        node = function.node
        self._function, self._program, self._node = function, program, node
        if isinstance(node, ast.AsyncFunctionDef):
            raise Stays("the function is async", node)
        opening_one = ("tf.Graph", "tf.get_default_graph")
        graphs = [
            s for s in node.body if any(self._opens(s, a) for a in opening_one) and not _named(s)
        ]
        self._graph = graphs[0] if len(graphs) == 1 and isinstance(graphs[0], ast.With) else None
        block = self._graph.body if self._graph is not None else node.body
        self._operation = OperationReading(function, block, opened)
        self._block = self._operation.block
        if not on_lines_of_their_own(node.body) or not on_lines_of_their_own(self._block):
            raise Stays("statements share a line", node)
        self._nested = list(nested(self._block))
        self._merged = merges(self._block, function)

    def loop(self) -> HandLoop:
        """The loop.

        Raises:
            Stays: It is of another shape.
        """
        placeholders = only_once(list(self._assigned_calls(PLACEHOLDER)))
        session_statement, session = self._session()
        self._minimized = minimized = self._trained(session_statement, session)
        self._settings = settings(self._nested, self._function, opening(session_statement))
        savers = {name: statement for name, statement, _ in self._savers()}
        gone = list(self._gone(session, minimized))
        left = [s for s in self._nested if s not in gone]
        feeds = [s for s in left if isinstance(s, ast.Assign) and _is_feed(s, placeholders)]
        named = _by_name(feeds)
        steps = assigned(s for s in gone if self._is_step(s))
        saves = [found for s in left if (found := saved(s, session, savers, steps))]
        restoring = {name for name, _, _ in self._assigned_calls(RESTORING)}
        argument = self._rate(minimized, placeholders)
        rate = argument.id if argument is not None else None
        inputs = {name: call for name, call in placeholders.items() if name != rate}
        of_loss = self._of_loss(inputs, minimized, session, gone)
        made = assigned([*of_loss, *self._merged])
        names = Named(session, minimized.name, made, steps, named, not minimized.name)
        asked = requests(self._function, names, left, gone)
        minimized = self._with_fetched_updates(minimized, asked.runs)
        return HandLoop(
            function=self._function,
            block=self._block,
            opened=self._operation.opened,
            graph=self._graph,
            session=self._kept_open(session_statement),
            inputs=inputs,
            session_name=session,
            rate=rate,
            rate_argument=argument,
            of_loss=of_loss,
            minimized=minimized,
            runs=asked.runs,
            asked=asked.asked,
            steps=steps,
            step_reads=asked.step_reads,
            merged=self._merged,
            writers=writers(self._function),
            endless=endless(self._nested, self._coordinators()),
            ends=ends(self._nested, self._function),
            feeds=feeds,
            savers=list(savers.values()),
            saves=saves,
            restored={s: node for s in left if (node := restores(s, session, restoring))},
            gone=gone,
            looks_up=[
                s for s in self._block if s in left and s not in of_loss and self._looks_up(s)
            ],
        )

    def _trained(self, opened: ast.stmt, session: str) -> Minimized:
        """The training operation."""
        del opened, session
        return self._operation.minimized()

    def _kept_open(self, statement: ast.stmt) -> ast.With | None:
        """The `with` that opens the session, if its statements stay below it."""
        is_kept = statement not in self._operation.opened
        return statement if isinstance(statement, ast.With) and is_kept else None

    # Finding ----------------------------------------------------------------------------------

    def _opens(self, statement: ast.stmt, api: str) -> bool:
        if not isinstance(statement, ast.With) or len(statement.items) != 1:
            return False
        found = references_in(statement.items[0].context_expr, self._function)
        return api in {r.api.name for r in found}

    def _api(self, call: ast.expr | None) -> str:
        names = [r.api.name for r in self._function.references if r.call is call is not None]
        return names[0] if names else ""

    def _assigned_calls(
        self, api: str, below: Sequence[ast.stmt] = ()
    ) -> Iterator[tuple[str, ast.stmt, ast.Call]]:
        """Names of the block for what an API returns, each with its statement and call.

        Args:
            api: The API.
            below: Statements to look among instead.
        """
        calls = [r.call for r in self._function.references if r.api.name == api]
        for statement in below or self._block:
            match statement:
                case ast.Assign([ast.Name(name)], ast.Call() as call) if call in calls:
                    calls.remove(call)
                    yield name, statement, call
        if calls:
            raise Stays(f"{api} is no statement of its own", calls[0] or self._node)

    def _savers(self) -> Iterator[tuple[str, ast.stmt, ast.Call]]:
        """Savers by their names, each with its statement and call."""
        return self._assigned_calls(SAVER)

    def _session(self) -> tuple[ast.stmt, str]:
        found: list[tuple[ast.stmt, str]] = []
        for statement in self._block:
            match statement:
                case ast.With([ast.withitem(call, ast.Name(name))]) if self._api(call) in SESSIONS:
                    found.append((statement, name))
                case ast.Assign([ast.Name(name)], call) if self._api(call) in SESSIONS:
                    found.append((statement, name))
        if len(found) != 1 or sum(r.api.name in SESSIONS for r in self._function.references) > 1:
            raise Stays("there is not one session", self._node)
        return found[0]

    def _with_fetched_updates(self, minimized: Minimized, runs: Sequence[Run]) -> Minimized:
        """The operation with the updates that each of its runs asks for as well."""
        reading = self._operation
        made = {n: s for s in self._block if isinstance(s, ast.Assign)
                and reading.is_updates(s.value) for n in assigned([s])}  # fmt: skip
        asked = [set(run.request.fetches) & made.keys() for run in runs]
        names = set().union(*asked)
        if not names:
            return minimized
        if any(found != names for found in asked):
            raise Stays("some of its runs update moving statistics", runs[0].statement)
        return replace(minimized, updates=made[min(names)], fetched_updates=frozenset(names))

    def _rate(self, minimized: Minimized, placeholders: Mapping[str, ast.Call]) -> ast.Name | None:
        """The placeholder that is the optimizer's learning rate."""
        optimizer = minimized.optimizer
        if isinstance(optimizer, ast.Name):
            made = [s for s in self._block if optimizer.id in assigned([s])]
            optimizer = call_of(made[0]) or optimizer if len(made) == 1 else optimizer
        if not isinstance(optimizer, ast.Call):
            raise Stays("the optimizer is not made here", minimized.statement)
        rate = argument(optimizer, 0, "learning_rate")
        return rate if isinstance(rate, ast.Name) and rate.id in placeholders else None

    def _of_loss(
        self,
        inputs: Mapping[str, ast.Call],
        minimized: Minimized,
        session: str,
        gone: list[ast.stmt],
    ) -> list[ast.stmt]:
        """The statements before the session's use that make tensors, or use such."""
        made, found = set(inputs), []
        for statement in self._block:
            if session in loaded([statement]) or self._opens(statement, SESSIONS[1]):
                break
            if statement in (minimized.statement, *minimized.changing) or statement in gone:
                continue
            if isinstance(statement, DEFINITIONS):
                continue
            is_other = looks_up(statement, self._function, self._program)
            is_other = is_other and not computes_of_variables(statement, self._function)
            tensors = makes_tensors(statement, self._function, self._program)
            if loaded([statement]) & made or (tensors and not is_other):
                found.append(statement)
                made |= assigned([statement])
        return found

    def _gone(self, session: str, minimized: Minimized) -> Iterator[ast.stmt]:
        initializers: set[str] = set()
        coordinators = self._coordinators()
        for statement in self._nested:
            call = call_of(statement)
            of_operation = statement is minimized.group or statement in self._merged
            of_operation = of_operation or statement in self._settings
            if of_operation or self._is_of_graph(statement, call):
                yield statement
            elif call is None:
                continue
            elif self._initializes(call, initializers):
                initializers |= assigned([statement])
                yield statement
            elif self._runs_initializer(call, session, initializers) or (
                is_method(call, session, "close") or any(_ends(call, c) for c in coordinators)
            ):
                yield statement

    def _runs_initializer(self, call: ast.Call, session: str, names: set[str]) -> bool:
        """``session.run(init)`` or ``init.run()``"""
        match call:
            case ast.Call(ast.Attribute(ast.Name(name), "run"), [given], []) if name == session:
                return self._initializes(given, names)
            case ast.Call(ast.Attribute(value, "run"), [], []):
                return self._initializes(value, names)
        return False

    def _coordinators(self) -> set[str]:
        """Names of what ends the threads that fill queues."""
        made = [s for s in self._nested if self._api(call_of(s)) == COORDINATOR]
        return {name for s in made if isinstance(s, ast.Assign) for name in assigned([s])}

    def _is_of_graph(self, statement: ast.stmt, call: ast.Call | None) -> bool:
        """Whether a statement makes what only a graph with a session needs."""
        if self._api(call) in (*_ALONE, *SESSIONS):
            return True
        if not isinstance(statement, ast.Assign):
            return False
        return self._is_step(statement) or self._operation.is_updates(statement.value)

    def _is_step(self, statement: ast.stmt) -> bool:
        """Whether a statement makes or finds the global step."""
        call = call_of(statement) if isinstance(statement, ast.Assign) else None
        return is_step(statement, self._function) or self._is_count(statement, call)

    def _is_count(self, statement: ast.stmt, call: ast.Call | None) -> bool:
        """``step = tf.Variable(0, ...)``, which `minimize` counts up."""
        match statement:
            case ast.Assign([ast.Name(name)]) if call is not None and self._is_zero(call):
                step = self._minimized.step
                return isinstance(step, ast.Name) and step.id == name
        return False

    def _is_zero(self, call: ast.Call) -> bool:
        """Whether a call makes a variable that begins with zero."""
        match self._api(call), call:
            case "tf.Variable", ast.Call(_, [ast.Constant(0), *_]):
                return True
            case "tf.get_variable", _:
                begins = argument(call, 3, "initializer")
                name = self._api(begins) if isinstance(begins, ast.Call) else ""
                if isinstance(begins, ast.Call) and name == "tf.constant_initializer":
                    return ast.unparse(argument(begins, 0, "value") or begins) in ("0", "0.0")
                return name == "tf.zeros_initializer"
        return False

    def _initializes(self, node: ast.expr, names: set[str]) -> bool:
        match node:
            case ast.Name(name):
                return name in names
            case ast.List(elements) | ast.Tuple(elements):
                return bool(elements) and all(self._initializes(e, names) for e in elements)
            case ast.Call(_, given, []) if self._api(node) == "tf.group":
                return bool(given) and all(self._initializes(e, names) for e in given)
        return self._api(node) in INITIALIZERS

    def _looks_up(self, statement: ast.stmt) -> bool:
        """Whether a statement without others below it looks variables up."""
        found = looks_up(statement, self._function, self._program)
        return found and not hasattr(statement, "body")


def opening(statement: ast.stmt) -> ast.expr:
    """The call that opens the session."""
    match statement:
        case ast.With([item]):
            return item.context_expr
        case ast.Assign(_, value):
            return value
    raise AssertionError(statement)


def _is_feed(statement: ast.Assign, placeholders: Mapping[str, ast.Call]) -> bool:
    """``feed = {images: pixels, labels: classes}``"""
    match statement:
        case ast.Assign([ast.Name()], ast.Dict(keys)):
            names = [key.id for key in keys if isinstance(key, ast.Name)]
            return bool(keys) and len(names) == len(keys) and set(names) <= placeholders.keys()
    return False


def _by_name(feeds: list[ast.Assign]) -> dict[str, list[ast.Dict]]:
    named: dict[str, list[ast.Dict]] = {}
    for statement in feeds:
        (name,) = assigned(statement.targets)
        assert isinstance(statement.value, ast.Dict)
        named.setdefault(name, []).append(statement.value)
    return named


def _ends(call: ast.Call, coordinator: str) -> bool:
    """Whether a call ends the threads that filled queues."""
    if is_method(call, coordinator, "request_stop"):  # told an exception, it raises it later
        return not call.args and not call.keywords
    return is_method(call, coordinator, "join")


def _named(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.With) and statement.items[0].optional_vars is not None
