"""Comparisons that TF 1 made by identity become what they always came to."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from slimport.index.identity import tensor_comparisons
from slimport.index.modules import Module
from slimport.index.program import ColumnMap, Span
from slimport.report.model import Rewritten
from slimport.rewrite.plan import Plan
from slimport.rewrite.site import source

CODE, NAME = "SLIM312", "tensor_equality"
EQUAL, UNEQUAL = "tensor.__eq__", "tensor.__ne__"


class Comparisons:
    """The comparisons of a file, by where they stand, and what becomes of each."""

    def __init__(self, module: Module, plan: Plan) -> None:
        self._values: dict[Span, bool] = {}
        if plan.is_tf1(module) and not plan.tf1_files.names_compat(module):
            columns = ColumnMap(module.lines)
            self._values = {columns.span(node): v for node, v in tensor_comparisons(module)}

    def __iter__(self) -> Iterator[Span]:
        return iter(self._values)

    def __contains__(self, span: Span | None) -> bool:
        return span in self._values

    def replaced(
        self, node: cst.Comparison, span: Span
    ) -> tuple[cst.BaseExpression, Rewritten, str]:
        """Returns the constant, the entry of the report, and the comment above the line."""
        value = self._values[span]
        text = " ".join(source(node.with_changes(lpar=[], rpar=[])).split())
        comment = f"# TF 1 compared tensors as objects: {text} was always {value}"
        note = f"{text} was always {value}: TF 1 compared tensors as objects, TF 2 their values"
        entry = Rewritten(span[0], UNEQUAL if value else EQUAL, CODE, NAME, note)
        return cst.Name(str(value), lpar=node.lpar, rpar=node.rpar), entry, comment
