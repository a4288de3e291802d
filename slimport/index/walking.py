"""`ast.walk` for trees that many questions are asked about: each is walked once."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

_KEPT_AS = "_slimport_nodes"
_OWN_KEPT_AS = "_slimport_own_nodes"
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

# `ast` says of each class of nodes what its fields hold: ``BinOp(expr left, operator op, ...)``.
_FIELD = re.compile(r"(\w+)([?*]?) (\w+)")
_OPERATORS = frozenset({"boolop", "cmpop", "expr_context", "operator", "unaryop"})
_NO_NODES = frozenset({"constant", "identifier", "int", "string"})
_FIELDS: tuple[dict[type, tuple[str, ...]], ...] = ({}, {})  # without operators, with them
#: As deep as `ast` parses, in frames of the visitors here.
_DEEPEST = 12_000


@contextmanager
def deep() -> Iterator[None]:
    """Whatever `ast` parses can be visited: sums of a thousand terms are nested as deep."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEEPEST))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _fields(kind: Any, operators: bool) -> tuple[str, ...]:
    """The fields of a class that may hold nodes, operators among them or not."""
    known = _FIELDS[operators].get(kind)
    if known is None:
        known = _FIELDS[operators][kind] = _said_fields(kind, operators)
    return known


def _said_fields(kind: Any, operators: bool) -> tuple[str, ...]:
    said = {name: held for held, _, name in _FIELD.findall(kind.__doc__ or "")}
    names: tuple[str, ...] = kind._fields
    without = _NO_NODES if operators else _NO_NODES | _OPERATORS
    return tuple(name for name in names if said.get(name, "expr") not in without)


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
        nodes += children(current)
    return nodes


def children(node: ast.AST) -> list[ast.AST]:
    """What `ast.iter_child_nodes` gives, at once."""
    found: list[ast.AST] = []
    for name in _fields(type(node), True):
        value = getattr(node, name, None)
        if value.__class__ is list:
            for item in value:
                if item is not None:  # ``{**rest}`` has a key that is none
                    found.append(item)
        elif value is not None:
            found.append(value)
    return found


def own_nodes(node: ast.AST) -> tuple[ast.AST, ...]:
    """Nodes below a function or module, without those of functions and classes inside it."""
    found: tuple[ast.AST, ...] | None = node.__dict__.get(_OWN_KEPT_AS)
    if found is None:
        nodes: list[ast.AST] = []
        pending = children(node)
        while pending:
            inner = pending.pop()
            nodes.append(inner)
            if not isinstance(inner, _DEFINITIONS):
                pending += children(inner)
        found = tuple(nodes)
        setattr(node, _OWN_KEPT_AS, found)
    return found


class Visitor:
    """`ast.NodeVisitor` that looks up the method for each kind of node once.

    ``Load()`` and operators are not visited.
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
        for name in _fields(type(node), False):
            value = getattr(node, name, None)
            if isinstance(value, list):
                for item in value:
                    if item is not None:
                        self.visit(item)
            elif value is not None:
                self.visit(value)
