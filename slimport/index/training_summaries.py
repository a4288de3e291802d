"""What slim's loop writes to event files: which summaries it is given, and the learning rate's."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from slimport.index.blocks import argument, call_of, called, called_by
from slimport.index.program import Function, Program, callees, closure_of
from slimport.index.summaries_kept import (
    MERGE_ALL,
    SUMMARIES,
    KeptSummaries,
    kept_summaries,
)
from slimport.index.walking import walk
from slimport.index.workers import SYNCHRONOUS

SCALAR, TRAIN_OP = "tf.summary.scalar", "slim.learning.create_train_op"
_OPTIMIZERS = ("tf.train.", "Optimizer")
# What makes summaries, by the beginnings of the names.
MAKING = (*SUMMARIES, "slim.summaries.", "slim.summarize_")


@dataclass(frozen=True)
class Merged:
    """What becomes of the loop's `summary_op`.

    Attributes:
        why_not: Why it is not all summaries; empty if it is, or None.
        gone: Statements that only serve it.
        kept: The collection that it was merged from, if there is one.
    """

    why_not: str = ""
    gone: list[ast.stmt] = field(default_factory=list)
    kept: KeptSummaries | None = None


def merged_summaries(
    block: Sequence[ast.stmt], loop_call: ast.Call, function: Function, program: Program
) -> Merged:
    """Reads which summaries the loop writes; fit writes all that the loss makes, or none.

    Args:
        block: The statements that build and train.
        loop_call: The call of the loop.
        function: The function that they are in.
        program: The index.
    """
    given = argument(loop_call, 99, "summary_op")
    if not is_given(given):
        return Merged()
    kept = kept_summaries(block, function)
    if kept is not None and kept.given is given:
        late = [s for s in _making(block, function, program) if not _has(kept, s, function)]
        return Merged(_LATE if late else "", kept.serving, kept)
    merges = [r.call for r in function.references if r.api.name == MERGE_ALL]
    if len(merges) != 1 or merges[0] is None or merges[0].args or merges[0].keywords:
        return Merged("the loop writes summaries of its own")
    if given is merges[0]:
        return Merged()
    statement = next((s for s in block if call_of(s) is merges[0]), None)
    uses = _uses(given, function)
    if not isinstance(statement, ast.Assign) or uses != [given] or not _binds(statement, given):
        return Merged("what is merged for the loop is used elsewhere")
    late = [s for s in _making(block, function, program) if s.lineno > statement.lineno]
    return Merged(_LATE if late else "", [statement])


_LATE = "a summary is made that the loop does not write"


def is_given(value: ast.expr | None) -> bool:
    """Whether an argument is anything but None."""
    return value is not None and not (isinstance(value, ast.Constant) and value.value is None)


def writes_summaries(loop_call: ast.Call) -> bool:
    """Whether the loop writes summaries, where there are any."""
    options = {k.arg: k.value for k in loop_call.keywords}
    named = ("summary_op", "summary_writer")
    return all(is_given(options[name]) for name in named if name in options)


def summarizes_gradients(operation_call: ast.Call) -> bool:
    """Whether summaries of gradients are made with the training operation."""
    given = {k.arg: k.value for k in operation_call.keywords}.get("summarize_gradients")
    return is_given(given) and getattr(given, "value", True) is not False


def _making(block: Sequence[ast.stmt], function: Function, program: Program) -> Iterator[ast.stmt]:
    """The statements that make summaries, as far down as they are told apart."""
    apis = {r.call: r.api.name for r in function.references if r.call is not None}
    for statement in block:
        inner = [s for s in walk(statement) if isinstance(s, ast.stmt)]
        for each in inner if len(inner) > 1 else [statement]:
            calls = [n for n in _own(each) if isinstance(n, ast.Call)]
            reached = closure_of(
                {f for c in calls for f in called_by(c, function, program)}, callees
            )
            names = [apis[c] for c in calls if c in apis]
            names += [r.api.name for f in reached for r in f.references]
            operations = [c for c in calls if apis.get(c) == TRAIN_OP]
            if any(map(summarizes_gradients, operations)) or any(
                name.startswith(MAKING) for name in names
            ):
                yield each


def _own(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of a statement, but for those of statements below it."""
    for child in ast.iter_child_nodes(statement):
        if not isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from walk(child)


def _has(kept: KeptSummaries, statement: ast.stmt, function: Function) -> bool:
    """Whether a statement's summaries are in the collection: added, or taken from the graph."""
    if any(statement is added.statement for added in kept.added):
        return True
    whole = (c for c in kept.taken if len(c.args) + len(c.keywords) == 1)
    return any(statement.lineno < call.lineno for call in whole)


def _uses(name: ast.expr | None, function: Function) -> list[ast.expr]:
    if not isinstance(name, ast.Name):
        return []
    nodes = walk(function.node)
    named = [n for n in nodes if isinstance(n, ast.Name) and n.id == name.id]
    stored = [n for n in named if not isinstance(n.ctx, ast.Load)]
    return [n for n in named if n not in stored] if len(stored) == 1 else []


def _binds(statement: ast.Assign, name: ast.expr | None) -> bool:
    return isinstance(name, ast.Name) and ast.unparse(statement.targets[0]) == name.id


# The learning rate ------------------------------------------------------------------------------


def rate_summary(rest: Sequence[ast.stmt], function: Function, program: Program) -> ast.Call | None:
    """The summary of what an optimizer takes as its learning rate, under a constant tag.

    Args:
        rest: The statements beside the loss.
        function: The function that they are in.
        program: The index.
    """
    beside = closure_of({f for s in rest for f in called(s, function, program)}, callees)
    for place in [function, *sorted(beside, key=lambda f: f.name)]:
        body = rest if place is function else getattr(place.node, "body", [])
        for call, name in _scalars(body, place):
            if _is_rate(name, place, program, call.lineno):
                return call
            if place is not function and _returns(name, place):
                targets = (s for s in rest if place in called(s, function, program))
                names = [s.targets[0] for s in targets if isinstance(s, ast.Assign)]
                if any(
                    isinstance(n, ast.Name) and _is_rate(n.id, function, program, n.lineno)
                    for n in names
                ):
                    return call
    return None


def _scalars(body: Sequence[ast.stmt], function: Function) -> Iterator[tuple[ast.Call, str]]:
    """The statements ``tf.summary.scalar('tag', name)``."""
    apis = {r.call: r.api.name for r in function.references if r.call is not None}
    for statement in body:
        match statement:
            case ast.Expr(
                ast.Call(args=[ast.Constant(str()), ast.Name(name)], keywords=[]) as call
            ) | ast.Expr(
                ast.Call(
                    ast.Attribute(ast.Name(), "add" | "append"),
                    [ast.Call(args=[ast.Constant(str()), ast.Name(name)], keywords=[]) as call],
                )
            ) if apis.get(call) == SCALAR:
                yield call, name


def _is_rate(
    name: str,
    function: Function,
    program: Program,
    line: int = 0,
    around: frozenset[Function] = frozenset(),
) -> bool:
    """Whether a name is the learning rate of all optimizers that a function makes.

    Args:
        name: The name.
        function: The function, or one that hands the name on.
        program: The index.
        line: Where the name has its value; it is to have no other later.
        around: The functions that handed it on.
    """
    nodes = list(walk(function.node))
    stored = [n for n in nodes if isinstance(n, ast.Name) and n.id == name]
    if any(n.lineno > line for n in stored if not isinstance(n.ctx, ast.Load)):
        return False
    prefix, suffix = _OPTIMIZERS
    made = [
        r.call
        for r in function.references
        if r.api.name.startswith(prefix) and r.api.name.endswith(suffix) and r.call is not None
        if r.api.name != SYNCHRONOUS  # it wraps another
    ]
    if made:
        rates = [argument(call, 0, "learning_rate") for call in made]
        return all(isinstance(rate, ast.Name) and rate.id == name for rate in rates)
    for call in function.calls:
        for target in called_by(call, function, program):
            for parameter in _given(call, name, target):
                within = around | {function}
                if target not in within and _is_rate(parameter, target, program, 0, within):
                    return True
    return False


def _given(call: ast.Call, name: str, target: Function) -> Iterator[str]:
    """The parameters of a function that a call hands a name over as."""
    if isinstance(target.node, ast.FunctionDef) and not target.is_method:
        for position, parameter in enumerate(target.node.args.args):
            value = argument(call, position, parameter.arg)
            if isinstance(value, ast.Name) and value.id == name:
                yield parameter.arg


def _returns(name: str, function: Function) -> bool:
    returns = [n for n in walk(function.node) if isinstance(n, ast.Return)]
    values = [r.value for r in returns]
    return bool(values) and all(isinstance(v, ast.Name) and v.id == name for v in values)
