"""Transformers of imports look at statements alone; most nodes of a tree are in expressions."""

from __future__ import annotations

from functools import cache
from typing import Any

import libcst as cst

_HOLD_STATEMENTS = (
    cst.Module, cst.BaseCompoundStatement, cst.IndentedBlock, cst.SimpleStatementSuite, cst.Else,
    cst.Finally, cst.ExceptHandler, cst.ExceptStarHandler, cst.MatchCase,
)  # fmt: skip


_IMPORTS = (cst.Import, cst.ImportFrom)


@cache
def _holds_statements(kind: type[cst.CSTNode]) -> bool:
    return issubclass(kind, _HOLD_STATEMENTS)


@cache
def _is_of_interest(kind: type[cst.CSTNode]) -> bool:
    return issubclass(kind, (*_HOLD_STATEMENTS, *_IMPORTS, cst.SimpleStatementLine))


class Skimmer(cst.CSTTransformer):
    """Goes into blocks and to the imports in them; all other nodes stay the very same objects."""

    def on_visit(self, node: cst.CSTNode) -> bool:
        if type(node) is cst.SimpleStatementLine:
            return any(type(small) in _IMPORTS for small in node.body)
        return _holds_statements(type(node)) and super().on_visit(node)

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> Any:
        if not _is_of_interest(type(original_node)):
            return updated_node
        return super().on_leave(original_node, updated_node)
