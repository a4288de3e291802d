"""The loops of a file that feed placeholders: where each goes into the tree that is rewritten."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

import libcst as cst
from libcst.metadata import CodeRange

from slimport.index.modules import Module
from slimport.index.program import Reference
from slimport.report.model import Rewritten
from slimport.rewrite.blocks import without_items
from slimport.rewrite.hand_loop import HandBlock
from slimport.rewrite.plan import Plan
from slimport.rewrite.site import FileServices
from slimport.rewrite.statements import carried_to, comments_left, line


class HandBlocks:
    """Asked at each node that the transformer leaves.

    Args:
        module: The file.
        plan: Decisions about the program's functions.
        services: The file as a rule may use it.
        positions: Of the nodes.
    """

    def __init__(
        self,
        module: Module,
        plan: Plan,
        services: FileServices,
        positions: Mapping[cst.CSTNode, CodeRange],
    ) -> None:
        self._positions = positions
        self._leaving: dict[int, cst.BaseStatement] = {}
        self._blocks = [
            HandBlock(loop, services)
            for function, loop in plan.hand_loops.items()
            if function.module is module
        ]

    def entries(self) -> Iterator[Rewritten]:
        """What the report says of them."""
        for block in self._blocks:
            yield from block.entries()

    def replaces(self, reference: Reference) -> bool:
        """Whether a call goes with its loop, so that no rule need answer for it."""
        return any(block.replaces(reference) for block in self._blocks)

    def statement(
        self, original: cst.CSTNode, node: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        """What takes the place of a statement that used the session, inside a loop or condition."""
        number = self._line(original) if self._blocks else 0
        for block in self._blocks:
            if number in block.lines_gone:
                self._leaving[id(node)] = node
            elif number not in block.direct:
                found = block.statement(number, node)
                if found != [node]:
                    return cst.FlattenSentinel(found)
        return node

    def block(self, node: cst.IndentedBlock) -> cst.IndentedBlock:
        """An inner block without the statements that nothing needs any more."""
        if not any(id(statement) in self._leaving for statement in node.body):
            return node
        kept: list[cst.BaseStatement] = []
        carried: list[cst.EmptyLine] = []
        for statement in node.body:
            if id(statement) in self._leaving:
                carried += comments_left(statement)
            else:
                kept.append(carried_to(statement, carried))
                carried = []
        if not kept:
            kept = [line("pass")]
        return node.with_changes(body=kept, footer=[*carried, *node.footer])

    def function(self, original: cst.FunctionDef, node: cst.FunctionDef) -> cst.FunctionDef:
        """A function whose loop trains on batches."""
        for block in self._blocks:
            function = block.loop.function
            if getattr(function.node, "lineno", 0) == self._line(original.name):
                body = _changed(block, node.body, blank=1)
                return node.with_changes(body=body)
        return node

    def module(self, node: cst.Module) -> cst.Module:
        """A file whose own statements train on batches."""
        for block in self._blocks:
            if isinstance(block.loop.function.node, ast.Module):
                body = _changed(block, node, blank=2)
                assert isinstance(body, cst.Module)
                return body
        return node

    def _line(self, node: cst.CSTNode) -> int:
        return self._positions[node].start.line


def _changed(
    block: HandBlock, node: cst.BaseSuite | cst.Module, blank: int
) -> cst.BaseSuite | cst.Module:
    """A body with the loop's new statements, below no graph any more."""
    assert isinstance(node, cst.IndentedBlock | cst.Module)
    graph, function = block.loop.graph, block.loop.function.node
    if graph is None:
        body, left = block.block(node.body, blank)
        return node.with_changes(body=body, footer=[*left, *node.footer])
    position = function.body.index(graph)
    opened = node.body[position]
    assert isinstance(opened, cst.With) and isinstance(opened.body, cst.IndentedBlock)
    body, left = block.block(opened.body.body, blank)
    inner = opened.body.with_changes(body=body, footer=[*left, *opened.body.footer])
    dissolved = without_items(opened.with_changes(body=inner), [True])
    assert isinstance(dissolved, cst.FlattenSentinel)
    return node.with_changes(body=[*node.body[:position], *dissolved, *node.body[position + 1 :]])
