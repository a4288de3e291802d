"""`ast.walk` for trees that many questions are asked about: each is walked once."""

from __future__ import annotations

import ast
import re
import sys
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, ClassVar, TypeVar, cast

_Node = TypeVar("_Node", bound=ast.AST)

# The attribute of a node that says where in which order it is.
_PLACE = "_slimport_place"
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

# `ast` says of each class of nodes what its fields hold: ``BinOp(expr left, operator op, ...)``.
_FIELD = re.compile(r"(\w+)([?*]?) (\w+)")
_NO_NODES = frozenset(
    "boolop cmpop constant expr_context identifier int operator string unaryop".split()
)
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


class _Fields(dict[type[ast.AST], tuple[str, ...]]):
    """The fields of each class of nodes that may hold nodes, operators aside."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        said = {name: held for held, _, name in _FIELD.findall(kind.__doc__ or "")}
        names = (name for name in kind._fields if said.get(name, "expr") not in _NO_NODES)
        found = self[kind] = tuple(names)
        return found


_FIELDS = _Fields()


class _Order:
    """The nodes of a tree as its text has them: each before those below it, which follow at once.

    Attributes:
        nodes: all of them.
        above: for each, the index of the node that it is a part of; -1 for the first.
        ends: for each, the index after the last node below it.
        own: what `own_nodes` has found, by index.
    """

    def __init__(self, root: ast.AST) -> None:
        nodes: list[ast.AST] = []
        above: list[int] = []
        pending, around = [root], [-1]
        while pending:
            node = pending.pop()
            above.append(around.pop())
            parts = _parts(node)
            if parts:
                parts.reverse()
                pending += parts
                around += [len(nodes)] * len(parts)
            nodes.append(node)
        ends = [*range(1, len(nodes) + 1)]
        for here in range(len(nodes) - 1, 0, -1):
            if ends[here] > ends[above[here]]:
                ends[above[here]] = ends[here]
        self.nodes, self.above, self.ends = tuple(nodes), above, ends
        self.own: dict[int, tuple[ast.AST, ...]] = {}

    @cached_property
    def definitions(self) -> list[int]:
        """For each node the index of the function or class right around it; -1 for none."""
        found: list[int] = []
        for above in self.above:
            is_right_inside = above < 0 or isinstance(self.nodes[above], _DEFINITIONS)
            found.append(above if is_right_inside else found[above])
        return found

    @cached_property
    def by_kind(self) -> dict[type[ast.AST], list[int]]:
        """The indices of the nodes of each class."""
        found = defaultdict[type[ast.AST], list[int]](list)
        for here, node in enumerate(self.nodes):
            found[node.__class__].append(here)
        return dict(found)

    def below(self, here: int, kinds: Sequence[type[ast.AST]]) -> list[int]:
        """The indices of a node and those below it that are of these classes, in order."""
        end, found = self.ends[here], list[int]()
        for kind in kinds:
            indices = self.by_kind.get(kind, [])
            found += indices[bisect_left(indices, here) : bisect_left(indices, end)]
        if len(kinds) > 1:
            found.sort()
        return found

    def place_nodes(self) -> None:
        """Tells each node where it is, unless it knows: a part of a larger tree stays that."""
        for here, node in enumerate(self.nodes):
            node.__dict__.setdefault(_PLACE, (self, here))


def _parts(node: ast.AST) -> list[ast.AST]:
    found: list[ast.AST] = []
    for name in _FIELDS[node.__class__]:
        value = getattr(node, name, None)
        if value.__class__ is list:
            found += value
        elif value is not None:
            found.append(value)
    if None in found:  # ``{**rest}`` has a key that is none
        return [part for part in found if part is not None]
    return found


def _place(node: ast.AST) -> tuple[_Order, int]:
    place: tuple[_Order, int] | None = node.__dict__.get(_PLACE)
    if place is None:
        order = _Order(node)
        order.place_nodes()
        return order, 0
    return place


def walk(node: ast.AST) -> tuple[ast.AST, ...]:
    """The node and all below it, as the text has them; the tree must never change.

    Operators and contexts (``Load()``) are not among them: they are fields to ask for.
    """
    order, here = _place(node)
    return order.nodes[here : order.ends[here]]


def all_of(node: ast.AST, *kinds: type[_Node]) -> list[_Node]:
    """The nodes of these very classes among `walk(node)`, in its order."""
    order, here = _place(node)
    nodes = cast(Sequence[_Node], order.nodes)
    return [nodes[index] for index in order.below(here, kinds)]


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes that a node is made of, operators and contexts aside."""
    order, here = _place(node)
    found, below, end = [], here + 1, order.ends[here]
    while below < end:
        found.append(order.nodes[below])
        below = order.ends[below]
    return found


def parents(root: ast.AST) -> dict[ast.AST, ast.AST]:
    """For each node below one, the node that it is a part of."""
    order, here = _place(root)
    below = range(here + 1, order.ends[here])
    return {order.nodes[index]: order.nodes[order.above[index]] for index in below}


def own_nodes(node: ast.AST) -> tuple[ast.AST, ...]:
    """Nodes below a function or module, without what is in functions and classes inside it."""
    order, here = _place(node)
    found = order.own.get(here)
    if found is None:
        own, below, end = [], here + 1, order.ends[here]
        while below < end:
            inner = order.nodes[below]
            own.append(inner)
            below = order.ends[below] if isinstance(inner, _DEFINITIONS) else below + 1
        found = order.own[here] = tuple(own)
    return found


def own_of(node: ast.AST, *kinds: type[_Node]) -> list[_Node]:
    """The nodes of these very classes among `own_nodes(node)`, in its order."""
    order, here = _place(node)
    nodes, definitions = cast(Sequence[_Node], order.nodes), order.definitions
    around = here if isinstance(node, _DEFINITIONS) else definitions[here]
    below = (index for index in order.below(here, kinds) if index != here)
    return [nodes[index] for index in below if definitions[index] == around]


class _Methods(dict[type[ast.AST], Callable[[Any, Any], None]]):
    """The methods of a visitor by kind of node, each looked up once."""

    def __init__(self, visitor: type[Visitor]) -> None:
        super().__init__()
        self._visitor = visitor

    def __missing__(self, kind: type[ast.AST]) -> Callable[[Any, Any], None]:
        generic = self._visitor.generic_visit
        method = self[kind] = getattr(self._visitor, f"visit_{kind.__name__}", generic)
        return method


class Visitor:
    """`ast.NodeVisitor` that looks up the method for each kind of node once.

    ``Load()`` and operators are not visited.
    """

    methods: ClassVar[_Methods]

    def __init_subclass__(cls) -> None:
        cls.methods = _Methods(cls)

    def visit(self, node: ast.AST) -> None:
        self.methods[node.__class__](self, node)

    def generic_visit(self, node: ast.AST) -> None:
        """Visits what is in a node."""
        for name in _FIELDS[node.__class__]:
            value = getattr(node, name, None)
            if value.__class__ is list:
                for item in value:
                    if item is not None:
                        self.visit(item)
            elif value is not None:
                self.visit(value)
