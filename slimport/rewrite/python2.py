"""What of Python 2 is no name in an expression: imports, divisions, and what calls for imports."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

import libcst as cst
from libcst.helpers import get_full_name_for_node
from libcst.metadata import CodeRange

from slimport.index.modules import Module
from slimport.index.names import Imported
from slimport.index.program import Program
from slimport.index.walking import walk
from slimport.python2.future import imports_future
from slimport.python2_api import MODULES, PREFIX, is_python2
from slimport.report.model import LeftAlone, Rewritten
from slimport.rewrite import marks
from slimport.rewrite.site import dotted
from slimport.rewrite.skimming import Skimmer
from slimport.rewrite.visiting import transformed

CODE, NAME = "SLIM360", "python2_names"
_REMARKS = {"cPickle": "pickles that Python 2 wrote may need encoding='latin1' or 'bytes'"}
_SPLIT = "its contents went to modules of other names, some with other behaviour"


def asks_for_version(test: cst.BaseExpression) -> bool:
    """Whether a condition asks which Python runs the code."""
    text = cst.Module([]).code_for_node(test)
    return any(word in text for word in ("version_info", "PY2", "PY3", "python_version"))


def imports_python2(module: Module) -> bool:
    """Whether the file imports a module of Python 2, on whatever condition."""
    imports = module.scopes.imports
    names = {alias.name for n in imports if isinstance(n, ast.Import) for alias in n.names}
    names |= {node.module or "" for node in imports if isinstance(node, ast.ImportFrom)}
    return not names.isdisjoint(MODULES)


class _Booked(Protocol):
    """What of a file's result counts here."""

    rewritten: list[Rewritten]
    ignored_imports: set[str]


class Imports(Skimmer):
    """``import cPickle as pickle`` -> ``import pickle``, wherever no ``try`` asks for it.

    Args:
        positions: of the nodes, for the entries of the report; None where these are not wanted.
        kept: canonical names of the modules whose imports are ignored.
    """

    def __init__(
        self,
        module: Module,
        program: Program,
        positions: Mapping[cst.CSTNode, CodeRange] | None,
        kept: Collection[str] = (),
    ) -> None:
        super().__init__()
        self._module = module
        self._program = program
        self._positions = positions
        self._kept = kept
        self._marks: list[str] = []
        self._first: cst.CSTNode | None = None
        self._head: Sequence[cst.EmptyLine] = ()
        self.rewritten: list[Rewritten] = []
        self.left: list[LeftAlone] = []

    def visit_Module(self, node: cst.Module) -> None:
        self._first = node.body[0] if node.body else None
        self._head = node.header

    def visit_Try(self, node: cst.Try) -> bool:
        return False

    def visit_If(self, node: cst.If) -> bool:
        return not asks_for_version(node.test)

    def leave_Import(self, original_node: cst.Import, updated_node: cst.Import) -> cst.Import:
        names = [self._alias(alias, original_node) for alias in updated_node.names]
        if all(new is old for new, old in zip(names, updated_node.names, strict=True)):
            return updated_node
        return updated_node.with_changes(names=names)

    def _alias(self, alias: cst.ImportAlias, line: cst.Import) -> cst.ImportAlias:
        old = get_full_name_for_node(alias.name) or ""
        new = self._successor(old, line)
        if new is None:
            return alias
        local = alias.evaluated_alias or old
        asname = None if local == new else cst.AsName(cst.Name(local))
        return alias.with_changes(name=dotted(new), asname=asname)

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom:
        if updated_node.relative or updated_node.module is None:
            return updated_node
        name = get_full_name_for_node(updated_node.module) or ""
        new = self._successor(name, original_node)
        return updated_node if new is None else updated_node.with_changes(module=dotted(new))

    def _successor(self, name: str, line: cst.Import | cst.ImportFrom) -> str | None:
        """The module's name in Python 3, once the report has its entry; None where it stays."""
        if name not in MODULES or self._program.table.find(name, self._module) is not None:
            return None
        api, new = PREFIX + name, MODULES[name]
        if api in self._kept:
            return None
        number = self._positions[line].start.line if self._positions is not None else 0
        if new is not None:
            remark = _REMARKS.get(name, "")
            self.rewritten.append(Rewritten(number, api, CODE, NAME, remark))
            return new
        reason = f"the module {name} is Python 2's: {_SPLIT}"
        self.left.append(LeftAlone(number, api, CODE, reason, "import what it is needed for"))
        self._marks.append(marks.mark(CODE, f"{reason}; import what it is needed for"))
        return None

    def leave_SimpleStatementLine(
        self,
        original_node: cst.SimpleStatementLine,
        updated_node: cst.SimpleStatementLine,
    ) -> cst.SimpleStatementLine:
        found, self._marks = self._marks, []
        if not found:
            return updated_node
        above = self._head if original_node is self._first else ()
        lines = marks.add_marks(updated_node.leading_lines, found, above)
        return updated_node.with_changes(leading_lines=lines)


def edited(tree: cst.Module, module: Module, program: Program, booked: _Booked) -> cst.Module:
    """The file with its imports in order, and with ``import functools`` where `reduce` was."""
    done = tree
    if imports_python2(module):
        done = transformed(tree, Imports(module, program, None, booked.ignored_imports))
    needs = any(item.api == f"{PREFIX}reduce" for item in booked.rewritten)
    if not needs or Imported("functools") in module.scope.bindings.get("functools", ()):
        return done
    return _with_import(done, "functools")


def _with_import(tree: cst.Module, name: str) -> cst.Module:
    """Adds an import before the first that is not from ``__future__``, else after these."""
    line = cst.SimpleStatementLine([cst.Import([cst.ImportAlias(cst.Name(name))])])
    body = list(tree.body)
    for index, statement in enumerate(body):
        if _is_import(statement):
            assert isinstance(statement, cst.SimpleStatementLine)
            new = line.with_changes(leading_lines=statement.leading_lines)
            body[index : index + 1] = [new, statement.with_changes(leading_lines=[])]
            return tree.with_changes(body=body)
        if not _is_head(statement):
            body.insert(index, line)
            return tree.with_changes(body=body)
    return tree.with_changes(body=[*body, line])


def _is_import(statement: cst.CSTNode) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    first = statement.body[0]
    return isinstance(first, cst.Import | cst.ImportFrom) and not _is_head(statement)


def _is_head(statement: cst.CSTNode) -> bool:
    """Whether nothing may stand before it: the docstring, or an import from ``__future__``."""
    first = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
    if isinstance(first, cst.ImportFrom) and isinstance(first.module, cst.Name):
        return first.module.value == "__future__"
    return isinstance(first, cst.Expr) and isinstance(first.value, cst.SimpleString)


# Divisions ------------------------------------------------------------------------------------


def remarks(module: Module, found: Sequence[Rewritten | LeftAlone]) -> list[str]:
    """What computes otherwise under Python 3, in a file that shows that Python 2 ran it."""
    if not any(is_python2(item.api) for item in found):
        return []
    result = []
    divisions = (
        [] if imports_future(module.tree, "division") else sorted(set(_divisions(module.tree)))
    )
    if divisions:
        result.append(
            f"{module.path}: Python 2 code without `from __future__ import division`: / of two "
            f"ints was floor division there. Look at {_lines(divisions)}"
        )
    idle = sorted(set(_idle_maps(module.tree)))
    if idle:
        result.append(f"{module.path}: map() calls nothing under Python 3. Look at {_lines(idle)}")
    return result


def _lines(numbers: Sequence[int]) -> str:
    return f"line{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _divisions(tree: ast.Module) -> Iterator[int]:
    """Lines with a / that may divide ints."""
    for node in walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            if not _is_float(node.left) and not _is_float(node.right):
                yield node.lineno
        elif (
            isinstance(node, ast.AugAssign)
            and isinstance(node.op, ast.Div)
            and not _is_float(node.value)
        ):
            yield node.lineno


def _is_float(node: ast.expr) -> bool:
    """Whether an operand is a float for all to see."""
    if isinstance(node, ast.UnaryOp):
        return _is_float(node.operand)
    if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Mod):
        return _is_float(node.left) or _is_float(node.right)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float | str)
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float"
    )


def _idle_maps(tree: ast.Module) -> Iterator[int]:
    for node in walk(tree):
        match node:
            case ast.Expr(ast.Call(ast.Name("map"))):
                yield node.lineno
