"""Which values of a function's statements something uses later."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator

from slimport.index.program import Function
from slimport.index.walking import walk


def used_later(later: Iterable[ast.stmt], function: Function, bound: Collection[str]) -> set[str]:
    """The function's names whose present values statements use.

    Args:
        later: The statements that follow, in order.
        function: The function that holds them.
        bound: Names that have got another value before the first of them.
    """
    found, bound = set[str](), set(bound)
    for statement in later:
        found |= _own_loads(statement, function) - bound
        bound |= _surely_bound(statement)
    return found


def _own_loads(statement: ast.stmt, function: Function) -> set[str]:
    """The names of a function that a statement uses; ``x += 1`` uses `x`."""
    counted = {id(n.target) for n in walk(statement) if isinstance(n, ast.AugAssign)}
    names = own_names(statement, function)
    return {n.id for n in names if isinstance(n.ctx, ast.Load) or id(n) in counted}


def own_names(node: ast.AST, function: Function) -> Iterator[ast.Name]:
    """Where a node names what is a function's own, in functions within it, too."""
    scopes = function.module.scopes.scope_of
    for name in walk(node):
        if isinstance(name, ast.Name) and name in scopes:
            owner = scopes[name].lookup(name.id)
            if owner is not None and owner[0].node is function.node:
                yield name


def following(function: Function, statement: ast.stmt) -> list[ast.stmt]:
    """What comes behind a statement: in its block, and in the blocks around that."""
    assert isinstance(function.node, ast.FunctionDef)
    return list(_behind(function.node.body, statement))


def _behind(block: list[ast.stmt], statement: ast.stmt) -> Iterator[ast.stmt]:
    for i, outer in enumerate(block):
        if any(node is statement for node in walk(outer)):
            if outer is not statement:
                yield from _behind(getattr(outer, "body", []), statement)
            yield from block[i + 1 :]
            return


def _surely_bound(statement: ast.stmt) -> set[str]:
    """The names that a statement gives a value, whatever happens in it."""
    if not isinstance(statement, ast.Assign):
        return set()
    targets = [t for target in statement.targets for t in getattr(target, "elts", [target])]
    return {target.id for target in targets if isinstance(target, ast.Name)}
