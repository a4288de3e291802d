"""What a loop by hand asks of its session: steps, values without a step, the global step."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from slimport.index.blocks import assigned, call_of, loaded, references_in
from slimport.index.hand_loop import names_outside
from slimport.index.program import Function
from slimport.index.session_runs import Request, Run, request_of, run_of
from slimport.index.stays import Stays
from slimport.index.walking import walk

_READS_STEP = "tf.train.global_step"


@dataclass(frozen=True)
class Named:
    """Names of a function that hold what a session knows.

    Attributes:
        session: The session.
        operation: The training operation.
        tensors: Those of the loss.
        steps: The global step.
        feeds: Dictionaries that are fed.
        parts: Whether parts of what has a name may be asked for: ``end_points["logits"]``.
    """

    session: str
    operation: str
    tensors: Collection[str]
    steps: Collection[str]
    feeds: Mapping[str, Sequence[ast.Dict]]
    parts: bool = False


@dataclass
class Requests:
    """What is asked of a session.

    Attributes:
        runs: Statements that train.
        asked: Runs that do not.
        step_reads: Calls that give the global step.
    """

    runs: list[Run] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    step_reads: list[ast.Call] = field(default_factory=list)


def requests(
    function: Function, named: Named, statements: Iterable[ast.stmt], gone: Iterable[ast.stmt]
) -> Requests:
    """Everything that a function asks of its session.

    Args:
        function: The function.
        named: What its names hold.
        statements: Statements that may train.
        gone: Statements that nothing needs any more.

    Raises:
        Stays: Something is asked for that has no equal.
    """
    found = Requests()
    of_calls = {id(getattr(s, "value", None)): s for s in statements}
    skipped = {id(node) for statement in gone for node in walk(statement)}
    tensors = {named.operation, *named.tensors, *named.steps}
    for call in _calls(function, {named.session, *tensors}):
        if id(call) in skipped:
            continue
        if _reads_step(call, named, function):
            found.step_reads.append(call)
            continue
        request = request_of(call, named.session, named.feeds, tensors, named.parts)
        if request is None:
            continue
        if named.operation in request.fetches:
            found.runs.append(run_of(of_calls.get(id(call)), request))
        elif not set(named.steps) & set(request.fetches):
            found.asked.append(request)
        elif request.is_list or request.feed:
            raise Stays("it asks for the global step beside other values", call)
        else:
            found.step_reads.append(call)
    return found


def _calls(function: Function, names: Collection[str]) -> Iterator[ast.Call]:
    """Calls of methods of these names, and calls that are handed them."""
    for statement in function.node.body:
        outside = {id(node) for node in names_outside(statement) if node.id in names}
        for node in walk(statement):
            if isinstance(node, ast.Call):
                parts = [getattr(node.func, "value", None), *node.args]
                if any(id(part) in outside for part in parts):
                    yield node


def _reads_step(call: ast.Call, named: Named, function: Function) -> bool:
    """``tf.train.global_step(session, step)``"""
    match call:
        case ast.Call(_, [ast.Name(session), ast.Name(step)], []) if session == named.session:
            names = [r.api.name for r in references_in(call.func, function)]
            return names == [_READS_STEP] and step in named.steps
    return False


def needed(names: Iterable[str], of_loss: Sequence[ast.stmt], function: Function) -> set[str]:
    """The names that tensors may be computed from, these included.

    Statements that bind no name, such as ``ends["logits"] = x``, may change what they use.
    """
    found, made = set(names), assigned(of_loss)
    for statement in reversed(of_loss):
        bound, used = _bound(statement), loaded([statement])
        changes = not _binds_only(statement) and not _calls_tensorflow(statement, function)
        if bound & found or (changes and used & found & made):
            found |= used | bound
    return found


def _calls_tensorflow(statement: ast.stmt, function: Function) -> bool:
    """Whether all of a statement is a call of TensorFlow's, such as that for a summary."""
    call = call_of(statement) if isinstance(statement, ast.Expr) else None
    names = [r.api.name for r in function.references if r.call is call is not None]
    return bool(names) and names[0].startswith("tf.")


def _bound(statement: ast.stmt) -> set[str]:
    return {n.id for n in walk(statement) if isinstance(n, ast.Name) and not _is_load(n)}


def _binds_only(statement: ast.stmt) -> bool:
    """Whether an assignment gives values to plain names alone."""
    if not isinstance(statement, ast.Assign):
        return False
    nodes = [n for target in statement.targets for n in walk(target)]
    return not any(isinstance(n, ast.Attribute | ast.Subscript) for n in nodes)


def _is_load(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)
