"""Comparisons that TF 1 made by identity become what they always came to."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from slimport.index.identity import tensor_comparisons
from slimport.index.modules import Module
from slimport.index.program import ColumnMap, Span
from slimport.index.shapes import sizes_beside_none
from slimport.report.model import Rewritten
from slimport.rewrite.plan import Plan
from slimport.rewrite.site import source

CODE, NAME = "SLIM312", "tensor_equality"
EQUAL, UNEQUAL = "tensor.__eq__", "tensor.__ne__"
_OF_TENSORS = ("compared tensors as objects", "TF 2 their values")
_OF_SIZES = ("had an object for each size", "TF 2 has None for those unknown")


class Comparisons:
    """The comparisons of a file, by where they stand, and what becomes of each."""

    def __init__(self, module: Module, plan: Plan) -> None:
        self._values: dict[Span, tuple[bool, tuple[str, str]]] = {}
        if plan.writes_comparisons(module):
            columns, scope_of = ColumnMap(module.lines), module.scopes.scope_of
            sizes = sizes_beside_none(module.tree, scope_of)
            for found, why in ((tensor_comparisons(module), _OF_TENSORS), (sizes, _OF_SIZES)):
                self._values |= {columns.span(node): (value, why) for node, value in found}

    def __iter__(self) -> Iterator[Span]:
        return iter(self._values)

    def __contains__(self, span: Span | None) -> bool:
        return span in self._values

    def replaced(
        self, node: cst.Comparison, span: Span
    ) -> tuple[cst.BaseExpression, Rewritten, str]:
        """Returns the constant, the entry of the report, and the comment above the line."""
        value, (then, now) = self._values[span]
        text = " ".join(source(node.with_changes(lpar=[], rpar=[])).split())
        comment = f"# TF 1 {then}: {text} was always {value}"
        note = f"{text} was always {value}: TF 1 {then}, {now}"
        entry = Rewritten(span[0], UNEQUAL if value else EQUAL, CODE, NAME, note)
        return cst.Name(str(value), lpar=node.lpar, rpar=node.rpar), entry, comment
