"""Blocks of statements below ``with tf.Graph().as_default():``, which goes when they change."""

from __future__ import annotations

import ast
from collections.abc import Callable

import libcst as cst

from slimport.index.program import Function
from slimport.rewrite.blocks import without_items

Body = cst.IndentedBlock | cst.Module


def with_block(
    body: cst.BaseSuite | cst.Module,
    function: Function,
    graph: ast.With | None,
    change: Callable[[Body], Body],
) -> Body:
    """The body of a function, or a file, with another block of statements.

    Args:
        body: The body.
        function: The function, or the file's top level, in the index.
        graph: The `with` around the block, `None` where the body is the block.
        change: Makes the new block of the old one.
    """
    assert isinstance(body, cst.IndentedBlock | cst.Module)
    if graph is None:
        return change(body)
    position = function.node.body.index(graph)
    opened = body.body[position]
    assert isinstance(opened, cst.With) and isinstance(opened.body, cst.IndentedBlock)
    dissolved = without_items(opened.with_changes(body=change(opened.body)), [True])
    assert isinstance(dissolved, cst.FlattenSentinel)
    return body.with_changes(body=[*body.body[:position], *dissolved, *body.body[position + 1 :]])
