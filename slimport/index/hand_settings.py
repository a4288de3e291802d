"""Settings of a session that nothing else uses: they go with it."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from slimport.index.program import Function
from slimport.index.walking import walk

_SETTINGS = ("tf.ConfigProto", "tf.GPUOptions")


def settings(
    statements: Iterable[ast.stmt], function: Function, session: ast.expr
) -> list[ast.stmt]:
    """Statements that make or change settings which only the session is given.

    Args:
        statements: Those of a block, and those below them.
        function: The function.
        session: The call that opens the session.
    """
    made = {r.call for r in function.references if r.api.name in _SETTINGS and r.call is not None}
    found: dict[str, list[ast.stmt]] = {}
    for statement in statements:
        match statement:
            case ast.Assign([ast.Name(name)], value) if value in made:
                found.setdefault(name, []).append(statement)
            case ast.Assign([ast.Attribute() as target], ast.Constant()):
                name = _root(target)
                if name in found:
                    found[name].append(statement)
    while True:
        within = {id(n) for s in found.values() for part in s for n in walk(part)}
        within |= {id(n) for n in walk(session)}
        names = [n for n in walk(function.node) if isinstance(n, ast.Name)]
        kept = {n.id for n in names if n.id in found and id(n) not in within}
        if not kept:
            return [statement for several in found.values() for statement in several]
        found = {name: several for name, several in found.items() if name not in kept}


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
