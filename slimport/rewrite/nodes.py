"""Finding nodes; `libcst.matchers` can, too, but loading it takes longer than a hook may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TypeVar, cast

import libcst as cst

_Node = TypeVar("_Node", bound=cst.CSTNode)

# What is between the tokens, and what is one token for itself; names of fields begin with these.
_TRIVIA = (
    "whitespace", "lpar", "rpar", "lbracket", "rbracket", "lbrace", "rbrace", "comma", "equal",
    "semicolon", "leading_lines", "lines_after", "header", "footer", "first_line", "indent",
    "trailing_whitespace", "operator",
)  # fmt: skip
# Fields that libcst visits only where they hold something; they are the last of their nodes.
_WHERE_GIVEN = ("format_spec",)
_fields: dict[type[cst.CSTNode], tuple[str, ...]] = {}
_parts: dict[type[cst.CSTNode], tuple[str, ...]] = {}


class _FieldsSeen(cst.CSTVisitor):
    """Notes the fields of a node in the order in which libcst visits them."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        return False

    def on_visit_attribute(self, node: cst.CSTNode, attribute: str) -> None:
        self.names.append(attribute)


def fields_of(node: cst.CSTNode) -> tuple[str, ...]:
    """The names of the fields that hold nodes, in the order of the text."""
    kind = type(node)
    found = _fields.get(kind)
    if found is None:
        seen = _FieldsSeen()
        node._visit_and_replace_children(seen)
        seen.names += [name for name in _WHERE_GIVEN if hasattr(node, name)]
        found = _fields[kind] = tuple(dict.fromkeys(seen.names))
    return found


def parts_of(node: cst.CSTNode) -> tuple[str, ...]:
    """Those of the fields that hold more than white space, comments and single tokens."""
    kind = type(node)
    found = _parts.get(kind)
    if found is None:
        fields = fields_of(node)
        found = _parts[kind] = tuple(name for name in fields if not name.startswith(_TRIVIA))
    return found


def _is_a(kind: type, base: type) -> bool:
    return issubclass(kind, base)


def _is_node(kind: type) -> bool:
    return issubclass(kind, cst.CSTNode)


def _is_sequence(kind: type) -> bool:
    return issubclass(kind, list | tuple)


#: `issubclass`, each question once: libcst's classes are abstract ones, which are slow to ask.
is_a = cast("Callable[[type, type], bool]", cache(_is_a))
#: Whether values of a class are nodes.
is_node = cast("Callable[[type], bool]", cache(_is_node))
#: Whether values of a class are sequences of nodes.
is_sequence = cast("Callable[[type], bool]", cache(_is_sequence))


def children_of(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """What `cst.CSTNode.children` is, which builds the node anew to find out."""
    for name in fields_of(node):
        value = getattr(node, name)
        if is_node(type(value)):
            yield value
        elif is_sequence(type(value)):
            yield from value


def nodes_of(node: cst.CSTNode, kind: type[_Node]) -> Iterator[_Node]:
    """The nodes of a class, the node itself included, in the order of the text."""
    pending = [node]
    while pending:
        current = pending.pop()
        if is_a(type(current), kind):
            yield cst.ensure_type(current, kind)
        pending += reversed([*children_of(current)])


def is_none(node: cst.CSTNode) -> bool:
    """Whether an expression is ``None``."""
    return isinstance(node, cst.Name) and node.value == "None"
