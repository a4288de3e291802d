"""Graph-and-session programs on TensorFlow 2: TF 1's names kept, eager execution turned off."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

import libcst as cst
from libcst.helpers import get_full_name_for_node

from slimport import tf1_api
from slimport.index.modules import Module
from slimport.index.sessions import Start, main_guard
from slimport.index.walking import walk
from slimport.report.model import Rewritten
from slimport.rewrite.site import dotted
from slimport.rewrite.skimming import Skimmer
from slimport.rewrite.tf1 import became

CODE, NAME = "SLIM311", "session_programs"
_V1 = "tensorflow.compat.v1"
# Below `tensorflow`, but the same (or as absent) in TensorFlow 2.
_OTHERS = frozenset("contrib compat core examples keras python tools".split())


def with_graph_mode(tree: cst.Module, start: Start, calls: Sequence[cst.Call]) -> cst.Module:
    """Puts the calls that turn eager execution off where a program starts."""
    lines = [cst.SimpleStatementLine([cst.Expr(call)]) for call in calls]
    body = list(tree.body)
    if start is not Start.GUARD:
        position = _after_tensorflow(body, start)
        blank = [cst.EmptyLine(indent=False)] if start is Start.IMPORTS else []
        body[position:position] = [lines[0].with_changes(leading_lines=blank), *lines[1:]]
        return tree.with_changes(body=body)
    index = next(i for i, statement in enumerate(body) if _is_main_guard(statement))
    guard = body[index]
    assert isinstance(guard, cst.If)
    block = isinstance(guard.body, cst.IndentedBlock)
    first = lines if block else [cst.Expr(call) for call in calls]
    body[index] = guard.with_changes(body=guard.body.with_changes(body=[*first, *guard.body.body]))
    return tree.with_changes(body=body)


def bookings(module: Module, keeps_names: bool, start: Start | None) -> list[Rewritten]:
    """The report's entries: one for each import of TensorFlow, one for the start."""
    nodes = walk(module.tree) if keeps_names else ()
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    found = [Rewritten(n.lineno, "tf", CODE, NAME) for n in imports if _imports_tensorflow(n)]
    if start is not None:
        guard = main_guard(module.tree)
        line = guard.lineno if guard is not None and start is Start.GUARD else 1
        note = "a graph-and-session program starts here: eager execution is turned off"
        found.append(Rewritten(line, "tf", CODE, NAME, note))
    return found


class NamesOfTf1(Skimmer):
    """``import tensorflow as tf`` -> ``import tensorflow.compat.v1 as tf``, wherever it stands.

    So do imports of and from its modules: ``from tensorflow.train import AdamOptimizer``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: list[cst.Import | cst.ImportFrom] = []

    def leave_Import(self, original_node: cst.Import, updated_node: cst.Import) -> cst.Import:
        names = [self._alias(alias) for alias in updated_node.names]
        if all(new is old for new, old in zip(names, updated_node.names, strict=True)):
            return updated_node
        self.found.append(original_node)
        return updated_node.with_changes(names=names)

    @staticmethod
    def _alias(alias: cst.ImportAlias) -> cst.ImportAlias:
        module = get_full_name_for_node(alias.name) or ""
        if not _has_like(module):
            return alias
        if alias.asname is None:  # `import tensorflow.nn` binds the name `tensorflow`
            return alias.with_changes(name=dotted(_V1), asname=cst.AsName(cst.Name("tensorflow")))
        return alias.with_changes(name=dotted(_of_v1(module)))

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom:
        if updated_node.relative or isinstance(updated_node.names, cst.ImportStar):
            return updated_node
        module = (updated_node.module and get_full_name_for_node(updated_node.module)) or ""
        if not _gives_other(module, [alias.evaluated_name for alias in updated_node.names]):
            return updated_node
        self.found.append(original_node)
        return updated_node.with_changes(module=dotted(_of_v1(module)))


def _imports_tensorflow(node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.ImportFrom):
        names = {alias.name for alias in node.names}
        return not node.level and "*" not in names and _gives_other(node.module or "", names)
    return any(_has_like(alias.name) for alias in node.names)


def _has_like(module: str) -> bool:
    """Whether a module is TensorFlow, or one of its public ones that compat.v1 has, too."""
    root, _, inner = module.partition(".")
    if root != "tensorflow" or inner.partition(".")[0] in _OTHERS:
        return False
    return not inner or tf1_api.is_module(inner)


def _gives_other(module: str, names: Iterable[str]) -> bool:
    """Whether what is imported from a module is another thing, or nothing, in TensorFlow 2."""
    if not _has_like(module):
        return False
    inner = module.removeprefix("tensorflow").removeprefix(".")
    if not inner:
        return not _OTHERS & set(names)
    return any(_is_other(f"{inner}.{name}") for name in names)


def _is_other(symbol: str) -> bool:
    return tf1_api.is_module(symbol) or became(symbol, None).kind in ("renamed", "compat")


def _of_v1(module: str) -> str:
    return _V1 + module.removeprefix("tensorflow")


def _after_tensorflow(body: Sequence[cst.BaseStatement], start: Start) -> int:
    """Position after TensorFlow's import, or after the imports that follow it at once."""
    position = next(i for i, found in enumerate(body) if "tensorflow" in _Imported.by(found)) + 1
    while start is Start.IMPORTS and position < len(body) and _Imported.by(body[position]):
        position += 1
    return position


class _Imported(cst.CSTVisitor):
    """The packages that a statement imports, wherever in it."""

    def __init__(self) -> None:
        super().__init__()
        self.packages: set[str] = set()

    @classmethod
    def by(cls, statement: cst.BaseStatement) -> set[str]:
        visitor = cls()
        statement.visit(visitor)
        return visitor.packages

    def visit_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            self.packages.add((get_full_name_for_node(alias.name) or "").partition(".")[0])

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        name = get_full_name_for_node(node.module) if node.module is not None else ""
        self.packages.add("." if node.relative else (name or "").partition(".")[0])

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        return False


def _is_main_guard(statement: cst.BaseStatement) -> bool:
    if not isinstance(statement, cst.If):
        return False
    test = cst.Module([cst.SimpleStatementLine([cst.Expr(statement.test)])]).code
    return main_guard(ast.parse(f"if {test.strip()}: pass")) is not None
