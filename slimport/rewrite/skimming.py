"""Transformers of imports look at statements alone; most nodes of a tree are in expressions."""

from __future__ import annotations

import libcst as cst

_HOLD_STATEMENTS = (
    cst.Module, cst.BaseCompoundStatement, cst.IndentedBlock, cst.SimpleStatementSuite, cst.Else,
    cst.Finally, cst.ExceptHandler, cst.ExceptStarHandler, cst.MatchCase,
)  # fmt: skip


class Skimmer(cst.CSTTransformer):
    """Goes into blocks and to the imports in them; all other nodes stay the very same objects."""

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.SimpleStatementLine):
            return any(isinstance(small, cst.Import | cst.ImportFrom) for small in node.body)
        return isinstance(node, _HOLD_STATEMENTS) and super().on_visit(node)

    def on_visit_attribute(self, node: cst.CSTNode, attribute: str) -> None:
        """Called for each field of each node; nothing here asks for it."""

    def on_leave_attribute(self, original_node: cst.CSTNode, attribute: str) -> None:
        """See `on_visit_attribute`."""
