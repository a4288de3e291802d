"""In which cell of a notebook the new imports go: where those were that they replace."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst
from libcst.helpers import get_full_name_for_node

from slimport.notebooks.signs import SIGN

#: In the order in which the cell is looked for.
_OLD = (("tf_slim", "tensorflow.contrib"), ("tensorflow",), ("numpy",))


def cell_of_imports(body: Sequence[cst.BaseStatement]) -> tuple[int, int]:
    """The stretch of a program's statements that is the cell with the old imports.

    Without any such import it is the first cell with another one, else the first with code.
    """
    starts = [index + 1 for index, statement in enumerate(body) if _is_sign(statement)]
    cells = list(zip(starts, [*(start - 1 for start in starts[1:]), len(body)], strict=True))
    imported = [_imported(body[start:end]) for start, end in cells]
    for names in _OLD:
        for cell, found in zip(cells, imported, strict=True):
            if any(f"{name}.".startswith(f"{old}.") for name in found for old in names):
                return cell
    importing = [cell for cell, found in zip(cells, imported, strict=True) if found]
    with_code = [(start, end) for start, end in cells if end > start]
    return next(iter(importing or with_code), (0, len(body)))


def _is_sign(statement: cst.BaseStatement) -> bool:
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString(value=text))]):
            return SIGN.fullmatch(text[1:-1]) is not None
    return False


def _imported(statements: Sequence[cst.BaseStatement]) -> set[str]:
    visitor = _Imports()
    for statement in statements:
        statement.visit(visitor)
    return visitor.names


class _Imports(cst.CSTVisitor):
    """The modules that statements import when they run, in whatever branch."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def visit_Import(self, node: cst.Import) -> None:
        self.names |= {get_full_name_for_node(alias.name) or "" for alias in node.names}

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        if node.module is None or node.relative:
            return
        module = get_full_name_for_node(node.module) or ""
        names = () if isinstance(node.names, cst.ImportStar) else node.names
        self.names |= {module, *(f"{module}.{alias.evaluated_name}" for alias in names)}

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False
