"""Statements of a block: what they assign, what they use, which APIs they name."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from slimport.index.program import Function, Program, Reference
from slimport.index.resolve import InTree
from slimport.index.walking import walk

DEVICES = frozenset(("tf.device",))
# They say where operations run and how they are called in a graph.
PLACES = DEVICES | {"tf.name_scope"}
_LEAVING = (ast.Return, ast.Yield, ast.YieldFrom, ast.Global, ast.Nonlocal, ast.Break, ast.Continue)


def leave_it(statements: Iterable[ast.AST]) -> bool:
    """Whether statements return, yield, go on elsewhere, or bind names of another scope."""
    return any(isinstance(node, _LEAVING) for s in statements for node in walk(s))


def on_lines_of_their_own(statements: Sequence[ast.stmt]) -> bool:
    """Whether no two statements share a line, so that each is a statement of libcst's, too."""
    return all((one.end_lineno or 0) < other.lineno for one, other in pairwise(statements))


def assigned(statements: Iterable[ast.AST]) -> set[str]:
    """The names that statements bind: by assignment, definition or import."""
    nodes = (node for statement in statements for node in walk(statement))
    return {name for node in nodes for name in _bound_by(node)}


def _bound_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(name, ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
            yield name
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            yield name
        case ast.alias(name, asname):
            yield asname or name.partition(".")[0]


def loaded(statements: Iterable[ast.AST]) -> set[str]:
    """The names that statements use; ``x += 1`` uses `x`."""
    nodes = [node for statement in statements for node in walk(statement)]
    changed = {id(node.target) for node in nodes if isinstance(node, ast.AugAssign)}
    return {
        node.id
        for node in nodes
        if isinstance(node, ast.Name) and (isinstance(node.ctx, ast.Load) or id(node) in changed)
    }


def references_in(node: ast.AST, function: Function) -> list[Reference]:
    """The function's references within a node."""
    inside = {id(child) for child in walk(node)}
    return [r for r in function.references if id(r.node) in inside]


def value_of(statement: ast.stmt) -> ast.expr | None:
    """What a statement returns, evaluates, or assigns to one name."""
    match statement:
        case ast.Return(value) | ast.Expr(value) | ast.Assign([ast.Name()], value):
            return value
    return None


def call_of(statement: ast.stmt) -> ast.Call | None:
    """The call that is all there is to a statement, beside a name for its value."""
    value = value_of(statement)
    return value if isinstance(value, ast.Call) else None


def argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    """What a call hands over as a parameter, None where it does not, or unpacks anything."""
    if any(isinstance(a, ast.Starred) for a in call.args) or any(not k.arg for k in call.keywords):
        return None
    if position < len(call.args):
        return call.args[position]
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def called(statement: ast.AST, function: Function, program: Program) -> Iterator[Function]:
    """The functions of the program that a statement of a function calls by their names."""
    for node in walk(statement):
        if isinstance(node, ast.Call):
            yield from called_by(node, function, program)


def called_by(node: ast.Call, function: Function, program: Program) -> Iterator[Function]:
    """The function that one call of a function means, if the program has it."""
    meaning = program.resolve(node.func, function.module)
    target = program.function_of(meaning.definition) if isinstance(meaning, InTree) else None
    if target is not None:
        yield target


def flattened(
    block: Iterable[ast.stmt], function: Function, places: frozenset[str] = PLACES
) -> list[ast.stmt]:
    """The block's statements, with those below a ``with tf.device(...):`` in its place.

    So for ``with tf.name_scope(...):``. Summaries and `tf.Variable` are named by name scopes:
    whoever writes the block flattened must know that it holds none, or that nobody reads them.
    """
    found: list[ast.stmt] = []
    for statement in block:
        if isinstance(statement, ast.With) and only_places(statement, function, places):
            found += flattened(statement.body, function, places)
        else:
            found.append(statement)
    return found


def only_places(statement: ast.With, function: Function, places: frozenset[str] = PLACES) -> bool:
    """Whether all that a `with` opens are devices and name scopes, of which none gets a name."""
    if statement.body[0].lineno == statement.lineno:
        return False  # to libcst that is no block
    opened = [item.context_expr for item in statement.items if item.optional_vars is None]
    calls = {r.call for r in function.references if r.api.name in places}
    return len(opened) == len(statement.items) and all(call in calls for call in opened)
