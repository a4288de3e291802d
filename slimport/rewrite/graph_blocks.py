"""Blocks of statements below ``with tf.Graph().as_default():``, which goes when they change."""

from __future__ import annotations

import ast
from collections.abc import Callable

import libcst as cst

from slimport.index.program import Function
from slimport.rewrite.blocks import without_items


def with_block(
    node: cst.FunctionDef,
    function: Function,
    graph: ast.With | None,
    change: Callable[[cst.IndentedBlock], cst.IndentedBlock],
) -> cst.FunctionDef:
    """The function with another block of statements.

    Args:
        node: The function.
        function: The same in the index.
        graph: The `with` around the block, `None` where the function's body is the block.
        change: Makes the new block of the old one.
    """
    body = node.body
    assert isinstance(body, cst.IndentedBlock) and isinstance(function.node, ast.FunctionDef)
    if graph is None:
        return node.with_changes(body=change(body))
    position = function.node.body.index(graph)
    opened = body.body[position]
    assert isinstance(opened, cst.With) and isinstance(opened.body, cst.IndentedBlock)
    dissolved = without_items(opened.with_changes(body=change(opened.body)), [True])
    assert isinstance(dissolved, cst.FlattenSentinel)
    statements = [*body.body[:position], *dissolved, *body.body[position + 1 :]]
    return node.with_changes(body=body.with_changes(body=statements))
