"""What `cst.CSTNode.visit` does, for transformers that change little: the rest stays the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst

from slimport.rewrite.nodes import is_node, is_sequence, parts_of


def transformed(tree: cst.Module, transformer: cst.CSTTransformer) -> cst.Module:
    """What a transformer makes of a file.

    Neither white space nor single tokens are visited, nor are attributes told of; a node below
    which nothing changes stays the very same object.
    """
    done = _visited(tree, transformer)
    assert isinstance(done, cst.Module)
    return done


def _visited(node: cst.CSTNode, transformer: cst.CSTTransformer) -> Any:
    """The new node, or a sentinel that stands for none or several."""
    updated = node
    if transformer.on_visit(node):
        changes: dict[str, Any] = {}
        for name in parts_of(node):
            value = getattr(node, name)
            if is_node(type(value)):
                new = _visited(value, transformer)
                if new is not value:
                    changes[name] = _one(new, value)
            elif is_sequence(type(value)):
                sequence = _sequence(value, transformer)
                if sequence is not value:
                    changes[name] = sequence
        if changes:
            updated = node.with_changes(**changes)
    return transformer.on_leave(node, updated)


def _one(new: Any, old: cst.CSTNode) -> cst.CSTNode:
    if not isinstance(new, cst.CSTNode):
        raise TypeError(f"one node is wanted in the place of a {type(old).__name__}")
    return new


def _sequence(
    nodes: Sequence[cst.CSTNode], transformer: cst.CSTTransformer
) -> Sequence[cst.CSTNode]:
    found: list[cst.CSTNode] = []
    same = True
    for node in nodes:
        new = _visited(node, transformer)
        if new is node:
            found.append(node)
            continue
        same = False
        if isinstance(new, cst.FlattenSentinel):
            found += [inner for inner in new if not _is_emptied(node, inner)]
        elif isinstance(new, cst.CSTNode) and not _is_emptied(node, new):
            found.append(new)
    return nodes if same else tuple(found)


def _is_emptied(old: cst.CSTNode, new: cst.CSTNode) -> bool:
    """Whether a line has lost all its statements."""
    return not old._is_removable() and new._is_removable()
