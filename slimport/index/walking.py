"""`ast.walk` for trees that many questions are asked about: each is walked once."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, ClassVar

_KEPT_AS = "_slimport_nodes"
_OWN_KEPT_AS = "_slimport_own_nodes"
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


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


def own_nodes(node: ast.AST) -> tuple[ast.AST, ...]:
    """Nodes below a function or module, without those of functions and classes inside it."""
    found: tuple[ast.AST, ...] | None = node.__dict__.get(_OWN_KEPT_AS)
    if found is None:
        nodes: list[ast.AST] = []
        pending = list(ast.iter_child_nodes(node))
        while pending:
            inner = pending.pop()
            nodes.append(inner)
            if not isinstance(inner, _DEFINITIONS):
                pending.extend(ast.iter_child_nodes(inner))
        found = tuple(nodes)
        setattr(node, _OWN_KEPT_AS, found)
    return found


class Visitor:
    """`ast.NodeVisitor` that looks up the method for each kind of node once.

    ``Load()`` and its like are not visited.
    """

    _methods: ClassVar[dict[type[ast.AST], Callable[[Any, Any], None]]]

    def __init_subclass__(cls) -> None:
        cls._methods = {}

    def visit(self, node: ast.AST) -> None:
        kind = type(node)
        method = self._methods.get(kind)
        if method is None:
            generic = type(self).generic_visit
            method = self._methods[kind] = getattr(type(self), f"visit_{kind.__name__}", generic)
        method(self, node)

    def generic_visit(self, node: ast.AST) -> None:
        """Visits what is in a node."""
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                for item in value:
                    if isinstance(item, ast.AST):
                        self.visit(item)
            elif isinstance(value, ast.AST) and name != "ctx":
                self.visit(value)
