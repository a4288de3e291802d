"""The loops of a file that feed placeholders: where each goes into the tree that is rewritten."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import partial

import libcst as cst
from libcst.metadata import CodeRange

from slimport.index.modules import Module
from slimport.index.program import Reference
from slimport.report.model import Rewritten
from slimport.rewrite.graph_blocks import with_block
from slimport.rewrite.hand_loop import HandBlock
from slimport.rewrite.plan import Plan
from slimport.rewrite.site import FileServices
from slimport.rewrite.statements import without_statements


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

    @property
    def is_idle(self) -> bool:
        """Whether the file has no such loop."""
        return not self._blocks

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

    def call(self, original: cst.Call, node: cst.Call) -> cst.BaseExpression:
        """What takes the place of a call that asked the session for values."""
        if not self._blocks:
            return node
        start, end = self._positions[original].start, self._positions[original].end
        place = start.line, start.column, end.line, end.column
        for block in self._blocks:
            replaced = block.call(place, node)
            if replaced is not node:
                return replaced
        return node

    def compound(self, original: cst.CSTNode, node: cst.BaseStatement) -> cst.BaseStatement:
        """A loop or a `try` that the end of a queue stopped."""
        number = self._line(original) if self._blocks else 0
        for block in self._blocks:
            node = block.compound(number, node)
        return node

    def block(self, node: cst.IndentedBlock) -> cst.IndentedBlock:
        """An inner block without the statements that nothing needs any more."""
        if not self._leaving:
            return node
        return without_statements(node, [id(s) in self._leaving for s in node.body])

    def function(self, original: cst.FunctionDef, node: cst.FunctionDef) -> cst.FunctionDef:
        """A function whose loop trains on batches."""
        for block in self._blocks:
            function = block.loop.function
            if getattr(function.node, "lineno", 0) == self._line(original.name):
                change = partial(block.block, blank=1)
                body = with_block(node.body, function, block.loop.graph, change)
                return node.with_changes(body=body)
        return node

    def module(self, node: cst.Module) -> cst.Module:
        """A file whose own statements train on batches."""
        for block in self._blocks:
            function = block.loop.function
            if isinstance(function.node, ast.Module):
                change = partial(block.block, blank=2)
                body = with_block(node, function, block.loop.graph, change)
                assert isinstance(body, cst.Module)
                return body
        return node

    def _line(self, node: cst.CSTNode) -> int:
        return self._positions[node].start.line
