"""`ast.walk` for trees that many questions are asked about: each is walked once."""

from __future__ import annotations

import ast

_KEPT_AS = "_slimport_nodes"


def walk(node: ast.AST) -> tuple[ast.AST, ...]:
    """The node and all below it, in the order of `ast.walk`; the tree must never change."""
    found: tuple[ast.AST, ...] | None = node.__dict__.get(_KEPT_AS)
    if found is None:
        found = tuple(_walked(node))
        if len(found) > 1:  # `Load()` is one object for all trees
            setattr(node, _KEPT_AS, found)
    return found


def _walked(node: ast.AST) -> list[ast.AST]:
    nodes = [node]
    for current in nodes:  # the list grows meanwhile
        for name in current._fields:
            value = getattr(current, name, None)
            if isinstance(value, list):
                nodes += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST):
                nodes.append(value)
    return nodes
