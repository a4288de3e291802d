"""Loops that feed placeholders and run a training operation: what trains on batches instead."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from slimport.index.blocks import (
    argument,
    assigned,
    call_of,
    called,
    leave_it,
    loaded,
    on_lines_of_their_own,
    references_in,
)
from slimport.index.global_steps import is_step, told_steps
from slimport.index.program import Function, Program, callees, closure_of
from slimport.index.session_runs import Run, Saved, Stays, is_method, run_of, saved
from slimport.index.told_apart import NEEDS_A_GRAPH, is_run_on_request
from slimport.index.training import looks_up, makes_tensors

_INITIALIZERS = (
    "tf.global_variables_initializer", "tf.initialize_all_variables",
    "tf.initialize_local_variables", "tf.local_variables_initializer",
)  # fmt: skip
_SESSIONS = ("tf.InteractiveSession", "tf.Session")
_PLACEHOLDER, _SAVER = "tf.placeholder", "tf.train.Saver"
_OF_THE_LOOP = (*_INITIALIZERS, *_SESSIONS, _PLACEHOLDER, "tf.group", "tf.reset_default_graph")
_DEFINITIONS = (ast.AsyncFunctionDef, ast.ClassDef, ast.FunctionDef, ast.Import, ast.ImportFrom)
_OF_MINIMIZE = {"loss", "global_step", "var_list", "name", "colocate_gradients_with_ops"}


@dataclass(frozen=True, eq=False)
class Minimized:
    """``with tf.control_dependencies(updates): train = optimizer.minimize(loss)``

    Attributes:
        statement: The statement of the block.
        name: The name of the training operation.
        loss: That of the loss.
        optimizer: The optimizer.
        variables: What it trains, `None` for everything.
        updates: Whether the updates of moving statistics run with it.
    """

    statement: ast.stmt
    name: str
    loss: str
    optimizer: ast.expr
    variables: ast.expr | None
    updates: bool


@dataclass(frozen=True, eq=False)
class HandLoop:
    """A graph that is built, and runs of it in Python.

    Attributes:
        function: The function, or the file's top level.
        block: The statements among which the loss is.
        graph: The ``with tf.Graph().as_default():`` around them, if any.
        session: The ``with tf.Session() as session:`` among them, if it is one.
        inputs: The placeholders that the loss is computed from, in order.
        rate: The name of the placeholder for the learning rate, if one is fed.
        of_loss: The statements that build the loss.
        minimized: The training operation.
        runs: Statements that train.
        savers: Statements that make a saver.
        saves: Statements that save or restore.
        gone: Statements that nothing needs any more, wherever they are.
        looks_up: Statements that look variables up, which are the model's then.
    """

    function: Function
    block: list[ast.stmt]
    graph: ast.With | None
    session: ast.With | None
    inputs: Mapping[str, ast.Call]
    rate: str | None
    of_loss: list[ast.stmt]
    minimized: Minimized
    runs: list[Run]
    savers: list[ast.stmt]
    saves: list[Saved]
    gone: list[ast.stmt]
    looks_up: list[ast.stmt]

    @property
    def fetched(self) -> list[str]:
        """Names of the tensors that are looked at beside the loss."""
        names = dict.fromkeys(name for run in self.runs for _, name in run.wanted)
        return [name for name in names if name != self.minimized.loss]

    def callees(self, program: Program) -> set[Function]:
        """The functions that run while the loss is built."""
        start = {f for s in self.of_loss for f in called(s, self.function, program)}
        return closure_of(start, callees)

    def beside(self, program: Program) -> set[Function]:
        """The functions that the other statements call."""
        rest = [s for s in self.block if s not in self.of_loss]
        start = {f for s in rest for f in called(s, self.function, program)}
        return closure_of(start, callees) - self.callees(program)


def hand_loops(program: Program) -> tuple[dict[Function, HandLoop], dict[Function, Stays]]:
    """The functions that hold such a loop, and why others with a session stay as they are.

    Args:
        program: The index.
    """
    found: dict[Function, HandLoop] = {}
    stay: dict[Function, Stays] = {}
    for function in program.all():
        names = {r.api.name for r in function.references}
        if names & set(_SESSIONS) and any(map(_optimizes, names)):
            try:
                found[function] = _Reading(function, program).loop()
            except Stays as reason:
                stay[function] = reason
    return found, stay


def _optimizes(name: str) -> bool:
    return name.startswith("tf.train.") and name.endswith("Optimizer")


class _Reading:
    """Reads one function; every way out but the end is a `Stays`."""

    def __init__(self, function: Function, program: Program) -> None:
        node = function.node
        self._function, self._program, self._node = function, program, node
        if isinstance(node, ast.AsyncFunctionDef):
            raise Stays("the function is async", node)
        graphs = [s for s in node.body if self._opens(s, "tf.Graph") and not _named(s)]
        self._graph = graphs[0] if len(graphs) == 1 and isinstance(graphs[0], ast.With) else None
        self._block = self._graph.body if self._graph is not None else node.body
        if not on_lines_of_their_own(node.body) or not on_lines_of_their_own(self._block):
            raise Stays("statements share a line", node)
        self._nested = list(_nested(self._block))

    def loop(self) -> HandLoop:
        """The loop.

        Raises:
            Stays: It is of another shape.
        """
        placeholders = {name: call for name, _, call in self._assigned_calls(_PLACEHOLDER)}
        session_statement, session = self._session()
        minimized = self._minimized()
        savers = {n: s for n, s, c in self._assigned_calls(_SAVER) if _keeps_all(c, s)}
        gone = list(self._gone(session))
        left = [s for s in self._nested if s not in gone]
        runs = [r for s in left if (r := run_of(s, session)) and minimized.name in r.fetches]
        saves = [found for s in left if (found := saved(s, session, savers))]
        rate = self._rate(minimized, placeholders)
        inputs = {name: call for name, call in placeholders.items() if name != rate}
        loop = HandLoop(
            function=self._function,
            block=self._block,
            graph=self._graph,
            session=session_statement if isinstance(session_statement, ast.With) else None,
            inputs=inputs,
            rate=rate,
            of_loss=self._of_loss(inputs, minimized, session, gone),
            minimized=minimized,
            runs=runs,
            savers=list(savers.values()),
            saves=saves,
            gone=gone,
            looks_up=[s for s in self._block if s in left and self._looks_up(s)],
        )
        self._check_feeds(loop)
        self._check_loss(loop)
        self._check_updates(loop)
        self._check_names(loop, session)
        self._check_rest(loop)
        return loop

    # Finding ----------------------------------------------------------------------------------

    def _opens(self, statement: ast.stmt, api: str) -> bool:
        if not isinstance(statement, ast.With) or len(statement.items) != 1:
            return False
        found = references_in(statement.items[0].context_expr, self._function)
        return api in {r.api.name for r in found}

    def _api(self, call: ast.expr | None) -> str:
        names = [r.api.name for r in self._function.references if r.call is call is not None]
        return names[0] if names else ""

    def _assigned_calls(self, api: str) -> Iterator[tuple[str, ast.stmt, ast.Call]]:
        """Names of the block for what an API returns, each with its statement and call."""
        calls = [r.call for r in self._function.references if r.api.name == api]
        for statement in self._block:
            match statement:
                case ast.Assign([ast.Name(name)], ast.Call() as call) if call in calls:
                    calls.remove(call)
                    yield name, statement, call
        if calls:
            raise Stays(f"{api} is no statement of its own", calls[0] or self._node)

    def _session(self) -> tuple[ast.stmt, str]:
        found: list[tuple[ast.stmt, str]] = []
        for statement in self._block:
            match statement:
                case ast.With([ast.withitem(call, ast.Name(name))]) if self._api(call) in _SESSIONS:
                    found.append((statement, name))
                case ast.Assign([ast.Name(name)], call) if self._api(call) in _SESSIONS:
                    found.append((statement, name))
        if len(found) != 1 or sum(r.api.name in _SESSIONS for r in self._function.references) > 1:
            raise Stays("there is not one session", self._node)
        return found[0]

    def _minimized(self) -> Minimized:
        calls = [n for s in self._nested for n in ast.walk(s) if _minimizes(n)]
        found = [m for s in self._block if (m := self._minimizing(s)) is not None]
        if len(found) != 1 or len({id(call) for call in calls}) != 1:
            raise Stays("there is not one training operation", self._node)
        return found[0]

    def _minimizing(self, statement: ast.stmt, updates: bool = False) -> Minimized | None:
        match statement:
            case ast.With([ast.withitem(call)], [inner]) if self._waits_for_updates(call):
                found = self._minimizing(inner, updates=True)
                return None if found is None else replace(found, statement=statement)
            case ast.Assign(
                [ast.Name(name)], ast.Call(ast.Attribute(optimizer, "minimize")) as call
            ):
                loss = argument(call, 0, "loss")
                known = {k.arg for k in call.keywords} <= _OF_MINIMIZE and len(call.args) <= 2
                if not isinstance(loss, ast.Name) or not known:
                    raise Stays("the optimizer is told what has no equal", statement)
                variables = argument(call, 2, "var_list")
                return Minimized(statement, name, loss.id, optimizer, variables, updates)
        return None

    def _waits_for_updates(self, call: ast.expr) -> bool:
        """``tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS))``"""
        if self._api(call) != "tf.control_dependencies" or not isinstance(call, ast.Call):
            return False
        return all(self._is_updates(given) for given in call.args)

    def _is_updates(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            values = [s.value for s in self._block if isinstance(s, ast.Assign)
                      and node.id in assigned([s])]  # fmt: skip
            return len(values) == 1 and self._is_updates(values[0])
        names = {r.api.name for r in references_in(node, self._function)}
        return names == {"tf.get_collection", "tf.GraphKeys.UPDATE_OPS"}

    def _rate(self, minimized: Minimized, placeholders: Mapping[str, ast.Call]) -> str | None:
        """The placeholder that is the optimizer's learning rate."""
        optimizer = minimized.optimizer
        if isinstance(optimizer, ast.Name):
            made = [s for s in self._block if optimizer.id in assigned([s])]
            optimizer = call_of(made[0]) or optimizer if len(made) == 1 else optimizer
        if not isinstance(optimizer, ast.Call):
            raise Stays("the optimizer is not made here", minimized.statement)
        rate = argument(optimizer, 0, "learning_rate")
        return rate.id if isinstance(rate, ast.Name) and rate.id in placeholders else None

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
            if session in loaded([statement]) or self._opens(statement, _SESSIONS[1]):
                break
            if statement is minimized.statement or statement in gone:
                continue
            if isinstance(statement, _DEFINITIONS):
                continue
            is_other = looks_up(statement, self._function, self._program)
            tensors = makes_tensors(statement, self._function, self._program)
            if loaded([statement]) & made or (tensors and not is_other):
                found.append(statement)
                made |= assigned([statement])
        return found

    def _gone(self, session: str) -> Iterator[ast.stmt]:
        initializers: set[str] = set()
        for statement in self._nested:
            call = call_of(statement)
            api = self._api(call)
            of_graph = isinstance(statement, ast.Assign) and self._is_of_graph(statement)
            if of_graph or api in (_PLACEHOLDER, "tf.reset_default_graph", *_SESSIONS):
                yield statement
            elif call is not None and self._initializes(call, initializers):
                initializers |= assigned([statement])
                yield statement
            elif call is not None and is_method(call, session, "run") and len(call.args) == 1:
                if self._initializes(call.args[0], initializers):
                    yield statement
            elif call is not None and is_method(call, session, "close"):
                yield statement

    def _is_of_graph(self, statement: ast.Assign) -> bool:
        """Whether a statement names the global step, or the collection of updates."""
        if is_step(statement, self._function) or self._is_count(statement, call_of(statement)):
            return True
        return self._is_updates(statement.value)

    def _is_count(self, statement: ast.stmt, call: ast.Call | None) -> bool:
        """``step = tf.Variable(0, ...)``, which `minimize` counts up."""
        match statement:
            case ast.Assign([ast.Name(name)]) if self._api(call) == "tf.Variable":
                steps = [argument(n, 1, "global_step") for s in self._block for n in ast.walk(s)
                         if isinstance(n, ast.Call) and _minimizes(n)]  # fmt: skip
                return any(isinstance(step, ast.Name) and step.id == name for step in steps)
        return False

    def _initializes(self, node: ast.expr, names: set[str]) -> bool:
        match node:
            case ast.Name(name):
                return name in names
            case ast.List(elements) | ast.Tuple(elements):
                return bool(elements) and all(self._initializes(e, names) for e in elements)
            case ast.Call(_, given, []) if self._api(node) == "tf.group":
                return bool(given) and all(self._initializes(e, names) for e in given)
        return self._api(node) in _INITIALIZERS

    def _looks_up(self, statement: ast.stmt) -> bool:
        """Whether a statement without others below it looks variables up."""
        found = looks_up(statement, self._function, self._program)
        return found and not hasattr(statement, "body")

    # Checking ---------------------------------------------------------------------------------

    @staticmethod
    def _check_feeds(loop: HandLoop) -> None:
        fed = {*loop.inputs, *([loop.rate] if loop.rate else [])}
        if not loop.runs or not loop.inputs:
            raise Stays("no run feeds it", loop.minimized.statement)
        for run in loop.runs:
            if run.feed.keys() != fed:
                raise Stays("not every placeholder is fed, or another tensor is", run.statement)
            rate = run.feed[loop.rate] if loop.rate else None
            if rate is not None and any(isinstance(n, ast.Call) for n in ast.walk(rate)):
                raise Stays("the learning rate is computed while it is fed", run.statement)

    def _check_loss(self, loop: HandLoop) -> None:
        of_loss, made = loop.of_loss, assigned(loop.of_loss)
        if loop.minimized.loss not in made:
            raise Stays("the loss is not made of what is fed", loop.minimized.statement)
        if loop.rate in loaded(of_loss):
            raise Stays(f"{loop.rate} is used for something else", of_loss[0])
        if leave_it(of_loss):
            raise Stays("the statements of the loss return, or leave a loop", of_loss[0])
        asked = {name for run in loop.runs for name in run.fetches} - {loop.minimized.name}
        if not asked <= made:
            raise Stays("a run asks for what is not made beside the loss", loop.runs[0].statement)
        first = self._block.index(of_loss[0])
        rest = [s for s in self._block if s not in of_loss and s not in loop.gone]
        later = [s for s in rest if self._block.index(s) > first]
        changed = loaded(of_loss) & assigned(later)
        if changed:
            raise Stays(f"{min(changed)} changes after the loss is built", of_loss[0])

    def _check_updates(self, loop: HandLoop) -> None:
        """Layers of Keras move their statistics with each step; a graph only if it is told to."""
        if loop.minimized.updates:
            return
        reached = loop.callees(self._program)
        names = [r.api.name for s in loop.of_loss for r in references_in(s, self._function)]
        names += [r.api.name for function in reached for r in function.references]
        if any("batch_norm" in name or "BatchNorm" in name for name in names):
            raise Stays("the moving statistics of its batch norm are not updated", self._node)

    def _check_names(self, loop: HandLoop, session: str) -> None:
        """What is no more is used only where nothing of it is left."""
        statements = [*loop.of_loss, *loop.gone, loop.minimized.statement]
        gone = assigned(statements) | {session, *loop.inputs}
        parts: list[ast.AST] = [*statements, *(p for r in loop.runs for p in r.parts)]
        parts += [part for found in loop.saves for part in found.parts]
        parts += [node for node in told_steps(self._function) if node is not None]
        if loop.rate is not None:
            parts.append(self._rate_argument(loop))
        allowed = {id(node) for part in parts for node in ast.walk(part)}
        targets = {id(node) for s in (r.statement for r in loop.runs) for node in _targets(s)}
        for statement in self._node.body:
            own = _own_names(statement)
            for node in ast.walk(statement):
                if not isinstance(node, ast.Name) or node.id in own or id(node) in allowed:
                    continue
                if node.id in gone:
                    if isinstance(node.ctx, ast.Load):
                        raise Stays(f"{node.id} is used for something else", node)
                    if id(node) not in targets and node is not _session_name(loop):
                        raise Stays(f"{node.id} gets another value", node)

    def _rate_argument(self, loop: HandLoop) -> ast.AST:
        for node in self._nested:
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and _optimizes(self._api(call)):
                    rate = argument(call, 0, "learning_rate")
                    if isinstance(rate, ast.Name) and rate.id == loop.rate:
                        return rate
        raise Stays("the learning rate is not the optimizer's", loop.minimized.statement)

    def _check_rest(self, loop: HandLoop) -> None:
        """Nothing else makes tensors, or needs the graph."""
        own = [*loop.of_loss, *loop.gone, *loop.savers, loop.minimized.statement]
        known = {id(node) for statement in own for node in ast.walk(statement)}
        header = {id(n) for i in (loop.session.items if loop.session else []) for n in ast.walk(i)}
        others = loop.callees(self._program) | loop.beside(self._program)
        references = [r for f in others for r in f.references]
        for reference in self._function.references:
            name = reference.api.name
            if name in _OF_THE_LOOP and id(reference.node) in known | header:
                continue
            references.append(reference)
        for reference in references:
            if reference.api.name.startswith(NEEDS_A_GRAPH):
                raise Stays(f"{reference.api.name} needs a graph", reference.node)
        for code in [*self._block, *(f.node for f in others)]:
            for node in ast.walk(code):
                if is_run_on_request(node):
                    raise Stays("it runs what a session asks for", node)
        for statement in self._rest(loop):
            if makes_tensors(statement, self._function, self._program):
                raise Stays("it makes tensors beside the loss", statement)
            if self._looks_up(statement):
                raise Stays("it looks variables up in the loop", statement)

    def _rest(self, loop: HandLoop) -> Iterator[ast.stmt]:
        """Simple statements of the block that stay."""
        own = [*loop.of_loss, *loop.gone, *loop.savers, loop.minimized.statement, *loop.looks_up]
        inside = {id(node) for statement in own for node in ast.walk(statement)}
        inside |= {id(run.statement) for run in loop.runs}
        for statement in self._nested:
            if id(statement) not in inside and not hasattr(statement, "body"):
                yield statement


def _nested(block: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a block and those below them, without those of functions."""
    for statement in block:
        yield statement
        if not isinstance(statement, _DEFINITIONS):
            for name in ("body", "orelse", "finalbody"):
                yield from _nested(getattr(statement, name, []))
            for handler in getattr(statement, "handlers", []):
                yield from _nested(handler.body)


def _own_names(statement: ast.stmt) -> set[str]:
    """The names of a function's own, parameters included."""
    if not isinstance(statement, ast.FunctionDef):
        return set()
    if any(isinstance(n, ast.Global | ast.Nonlocal) for n in ast.walk(statement)):
        return set()
    own = assigned(statement.body) | {n.arg for n in ast.walk(statement) if isinstance(n, ast.arg)}
    return own


def _keeps_all(call: ast.Call, statement: ast.stmt) -> bool:
    """Whether a saver saves every variable; how many files it keeps may be said."""
    if call.args or not {k.arg for k in call.keywords} <= {"max_to_keep"}:
        raise Stays("the saver is told which variables it saves", statement)
    return True


def _minimizes(node: ast.AST) -> bool:
    match node:
        case ast.Call(ast.Attribute(_, "minimize" | "apply_gradients")):
            return True
    return False


def _named(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.With) and statement.items[0].optional_vars is not None


def _targets(statement: ast.stmt) -> Iterator[ast.AST]:
    for target in statement.targets if isinstance(statement, ast.Assign) else []:
        yield from ast.walk(target)


def _session_name(loop: HandLoop) -> ast.expr | None:
    return loop.session.items[0].optional_vars if loop.session is not None else None
