"""Finding nodes; `libcst.matchers` can, too, but loading it takes longer than a hook may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import libcst as cst

_Node = TypeVar("_Node", bound=cst.CSTNode)


def nodes_of(node: cst.CSTNode, kind: type[_Node]) -> Iterator[_Node]:
    """The nodes of a class, the node itself included, in the order of the text."""
    if isinstance(node, kind):
        yield node
    for child in node.children:
        yield from nodes_of(child, kind)


def is_none(node: cst.CSTNode) -> bool:
    """Whether an expression is ``None``."""
    return isinstance(node, cst.Name) and node.value == "None"
