"""Own import editing: what a file gains (`keras`, the written module) and what it no longer needs.

libcst's AddImportsVisitor checks no collisions and RemoveImportsVisitor drops trailing comments, so
neither is used.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

import libcst as cst
from libcst.helpers import get_full_name_for_node

from slimport.index.canonical import canonical, is_absent, is_namespace, is_slim
from slimport.index.model_deploy import names_model_deploy
from slimport.index.modules import Module
from slimport.index.names import Binding, Imported, is_legacy_import
from slimport.index.program import Program
from slimport.index.resolve import Api, External, Meaning
from slimport.index.walking import all_of
from slimport.rewrite.cell_of_imports import cell_of_imports
from slimport.rewrite.comments import lost, with_lost
from slimport.rewrite.import_places import (
    after_imports,
    insert_library,
    insert_own,
    module_of,
    parts_sections,
    spaced,
)
from slimport.rewrite.legacy_imports import LEGACY_IMPORT, Kept, LegacyImports
from slimport.rewrite.nodes import nodes_of
from slimport.rewrite.site import dotted
from slimport.rewrite.skimming import Skimmer
from slimport.rewrite.taken_names import taken_names
from slimport.rewrite.uses import uses
from slimport.rewrite.visiting import transformed

#: black's, and isort's with its profile.
_WIDTH = 88
_Import = TypeVar("_Import", cst.Import, cst.ImportFrom)
_Block = TypeVar("_Block", cst.IndentedBlock, cst.Module)


class NameTable:
    """Local names of what a rewritten file uses from elsewhere, free of collisions."""

    def __init__(
        self, module: Module, program: Program, written_module: str, reserved: set[str]
    ) -> None:
        self.module = module
        self._program = program
        name = written_module.rpartition(".")[2]
        self._bound = taken_names(module, program, name) | reserved
        self.written_module = written_module
        self.written: dict[str, str] = {}
        self.keras_name = ""
        self.tensorflow_name = ""
        self._tensorflow_spelled = ""
        self.spoken_for: set[str] = set()  # by code that is yet to come

    def from_written(self, name: str) -> str:
        """Local name for `name` of the written module."""
        if name not in self.written:
            free = name if name not in self._bound else f"scoped_{name}"
            while free in self._bound:
                free += "_"
            self.written[name] = free
        return self.written[name]

    def keras(self) -> str:
        """Local name of Keras 3."""
        if not self.keras_name:
            meaning = self._program.resolver.name("keras", self.module.scope, self.module)
            taken = ("keras" in self._bound or meaning is not None) and meaning != External("keras")
            self.keras_name = "keras3" if taken else "keras"
        return self.keras_name

    def tensorflow(self, spelled: str, either: bool = False) -> str:
        """The file's name for TensorFlow 2, or for compat.v1 where it is written against that.

        Args:
            spelled: absolute name by which the reference reached TensorFlow.
            either: whether what is asked of it is the same in both, as ``compat.*`` is.
        """
        wanted = (
            "tensorflow.compat.v1" if spelled.startswith("tensorflow.compat.v1") else "tensorflow"
        )
        for module in (wanted, "tensorflow.compat.v1") if either else (wanted,):
            for name in self.module.scope.bindings:
                if self._means_everywhere(name, Imported(module)):
                    return name
        self._tensorflow_spelled = wanted
        self.tensorflow_name = "tf" if "tf" not in self._bound else "tensorflow"
        return self.tensorflow_name

    def _means_everywhere(self, name: str, binding: Imported) -> bool:
        """Whether a name of the file is nothing else in any of its functions: a parameter, say."""
        bindings = (b for s in self.module.all_scopes() for b in s.bindings.get(name, ()))
        return all(b == binding for b in bindings)

    def means_tf1(self, name: str) -> bool:
        """Whether a local name stands for `tensorflow.compat.v1`."""
        bindings = self.module.scope.bindings.get(name, [])
        return bool(bindings) and all(b == Imported("tensorflow.compat.v1") for b in bindings)

    def given(self) -> set[str]:
        """The local names given so far."""
        return {*self.written.values(), self.keras_name} - {""}

    def drop_unused(self, used: set[str]) -> None:
        """Forgets names that rules asked for in code which another rule then replaced."""
        self.written = {name: local for name, local in self.written.items() if local in used}
        self.keras_name = self.keras_name if self.keras_name in used else ""
        self.tensorflow_name = self.tensorflow_name if self.tensorflow_name in used else ""

    def libraries(self) -> list[cst.BaseSmallStatement]:
        """Imports of keras and tensorflow to add."""
        found: list[cst.BaseSmallStatement] = []
        bound = self.module.scope.bindings.get("keras", [])
        if self.keras_name and not any(b == Imported("keras") for b in bound):
            alias = cst.AsName(cst.Name(self.keras_name)) if self.keras_name != "keras" else None
            found.append(cst.Import([cst.ImportAlias(cst.Name("keras"), alias)]))
        if self.tensorflow_name:
            module = dotted(self._tensorflow_spelled)
            assert isinstance(module, cst.Name | cst.Attribute)
            alias = cst.AsName(cst.Name(self.tensorflow_name))
            if self.tensorflow_name == self._tensorflow_spelled:
                alias = None
            found.append(cst.Import([cst.ImportAlias(module, alias)]))
        return found

    def from_written_module(self) -> cst.ImportFrom | None:
        """The import of the written module's names to add."""
        present = _names_imported_from(self.module, self.written_module)
        aliases = [
            cst.ImportAlias(cst.Name(name), cst.AsName(cst.Name(local)) if local != name else None)
            for name, local in sorted(self.written.items(), key=_kind_and_name)
            if name not in present
        ]
        if not aliases:
            return None
        name = self.written_module.lstrip(".")
        level = len(self.written_module) - len(name)
        statement = cst.ImportFrom(cst.Name(name), aliases, relative=[cst.Dot()] * level)
        text = cst.Module([cst.SimpleStatementLine([statement])]).code
        return statement if len(text) <= _WIDTH else _one_per_line(statement, aliases)


def _kind_and_name(item: tuple[str, str]) -> tuple[int, str]:
    """isort's order of names: constants, classes, functions."""
    name, _ = item
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, name.lower()


def _one_per_line(statement: cst.ImportFrom, aliases: Sequence[cst.ImportAlias]) -> cst.ImportFrom:
    break_line = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace("    "))
    end_line = cst.ParenthesizedWhitespace(indent=True)
    comma = cst.Comma(whitespace_after=break_line)
    last = cst.Comma(whitespace_after=end_line)
    return statement.with_changes(
        lpar=cst.LeftParen(whitespace_after=break_line),
        rpar=cst.RightParen(),
        names=[
            alias.with_changes(comma=last if alias is aliases[-1] else comma) for alias in aliases
        ],
    )


def _names_imported_from(module: Module, dotted_name: str) -> set[str]:
    return {
        alias.name
        for node in all_of(module.tree, ast.ImportFrom)
        if "." * node.level + (node.module or "") == dotted_name
        for alias in node.names
    }


def _absolute_imports(module: Module) -> Iterable[str]:
    for node in module.tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module


class ImportEditor(Skimmer):
    """Takes out the slim imports that nothing needs any more and puts in the new ones.

    Args:
        elsewhere: names that are used in statements which are not in the tree.
    """

    def __init__(
        self,
        names: NameTable,
        module: Module,
        program: Program,
        kept: Kept,
        elsewhere: Collection[str] = (),
    ) -> None:
        super().__init__()
        self._elsewhere = frozenset(elsewhere)
        self._names = names
        self._module = module
        self._program = program
        self._legacy = LegacyImports(module, program, kept)
        self._kept: set[str] = set()
        self._uses: Counter[str] = Counter()
        self._unused: set[str] = set()
        self._top: list[cst.BaseStatement] = []
        self._at_top = False
        self._is_new = False  # whether the written module's import came
        self.legacy: list[str] = []

    def edit(self, tree: cst.Module) -> cst.Module:
        """The module with its imports in order."""
        self._uses = uses(tree)
        self._names.drop_unused(self._elsewhere_used() | self._uses.keys())
        self._kept = self._legacy.kept(()).names  # of no statements: all that may have to stay
        body = self._with_legacy_imports(tree)
        if not self.legacy:
            body = self._with_new_imports(tree)
        self._kept = self._legacy.kept(tree.body).names - set(self.legacy)
        self._top = body
        edited = transformed(tree.with_changes(body=body), self)
        # Only now: `slim = tf.contrib.slim` was a use of `tf`.
        gone = self._tensorflow_names() | self._legacy_names() | self._deployment_names()
        if self.legacy:  # whose lines replaced others
            self._uses = uses(edited)
        self._unused = {name for name in gone if self._uses[name] <= 0} - self._elsewhere_used()
        if self._unused:
            edited = transformed(edited, self)
        return self._with_sections(edited, tree)

    def _with_sections(self, edited: cst.Module, tree: cst.Module) -> cst.Module:
        """Only now, since what stood above the new import may have gone."""
        if not self._is_new:
            return edited
        own = self._own_packages()
        apart = parts_sections(tree.body, own)
        body = spaced(edited.body, self._names.written_module, own, apart)
        return edited if body is edited.body else edited.with_changes(body=body)

    def _elsewhere_used(self) -> set[str]:
        return self._names.spoken_for | self._elsewhere

    def _with_new_imports(self, tree: cst.Module) -> list[cst.BaseStatement]:
        before, body, after = self._parts(tree.body)
        for statement in self._names.libraries():
            insert_library(body, statement)
        written = self._names.from_written_module()
        self._is_new = written is not None
        if written is not None:
            stars = self._after_stars(body) if self._module.scope.stars else 0
            # A legacy import may not wait for lines that a later run does not find.
            goes = self._goes if LEGACY_IMPORT in self._names.written else None
            head = after_imports(body, goes)
            insert_own(body, written, self._own_packages(), stars, head)
        return [*before, *body, *after]

    def _after_stars(self, body: Sequence[cst.BaseStatement]) -> int:
        """Position after the last ``import *`` that stays, which may bind any name anew."""
        for index in range(len(body), 0, -1):
            for found in nodes_of(body[index - 1], cst.ImportFrom):
                if isinstance(found.names, cst.ImportStar) and self._small(found) is not None:
                    return index
        return 0

    def _goes(self, statement: cst.BaseStatement) -> bool:
        """Whether a statement at the top is an import that nothing holds."""
        return isinstance(statement, cst.SimpleStatementLine) and all(
            isinstance(small, cst.Import | cst.ImportFrom) and self._small(small) is None
            for small in statement.body
        )

    def _parts(
        self, body: Sequence[cst.BaseStatement]
    ) -> tuple[list[cst.BaseStatement], list[cst.BaseStatement], list[cst.BaseStatement]]:
        """The statements among which imports go, and those before and after: a cell's."""
        start, end = cell_of_imports(body) if self._module.is_notebook else (0, len(body))
        return list(body[:start]), list(body[start:end]), list(body[end:])

    def _with_legacy_imports(self, tree: cst.Module) -> list[cst.BaseStatement]:
        """The statements with their new imports and with `legacy_import`, where it is of use."""
        if not self._legacy.find(tree.body):
            return []
        callee = self._names.from_written(LEGACY_IMPORT)
        body = self._with_new_imports(tree)
        self.legacy = [found.local for found in self._legacy.put(body, callee)]
        if not self.legacy:
            del self._names.written[LEGACY_IMPORT]
        return body

    def _legacy_names(self) -> set[str]:
        """Names of `legacy_import`, which an earlier run brought into the file."""
        bindings = self._module.scope.bindings
        return {name for name in bindings if all(map(is_legacy_import, bindings[name]))}

    def _tensorflow_names(self) -> set[str]:
        """Names of TensorFlow that the file's code (not another file, through it) has used."""
        if self._program.star_importers(self._module):
            return set()
        referenced = {
            reference.base
            for function in self._program.by_module[self._module]
            for reference in function.references
        }
        bound: dict[str, list[Binding]] = {}  # in functions, too
        for scope in self._module.all_scopes():
            if scope.is_class:  # reached by attributes, which nobody follows
                referenced -= scope.bindings.keys()
            for name in referenced & scope.bindings.keys():
                bound.setdefault(name, []).extend(scope.bindings[name])
        return {
            name
            for name, bindings in bound.items()
            if name in referenced
            and all(
                isinstance(b, Imported) and f"{b.dotted}.".startswith("tensorflow.")
                for b in bindings
            )
            and name not in self._program.imported_names[self._module]
        }

    def _deployment_names(self) -> set[str]:
        """Names of `model_deploy` that the file's code has used."""
        bindings = self._module.scope.bindings
        names = {node.id for node in all_of(self._module.tree, ast.Name)}
        return {
            name
            for name in names & set(bindings)
            if all(isinstance(b, Imported) and names_model_deploy(b.dotted) for b in bindings[name])
            and name not in self._program.imported_names[self._module]
        }

    def _own_packages(self) -> set[str]:
        """First parts of the dotted names under which the tree's own modules are imported."""
        return {
            dotted_name.partition(".")[0]
            for dotted_name in _absolute_imports(self._module)
            if self._program.table.find(dotted_name, self._module) is not None
            or self._program.table.is_package(dotted_name)
        }

    # Removal ----------------------------------------------------------------------------------

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.RemovalSentinel | cst.FlattenSentinel[cst.BaseStatement]:
        self._at_top = any(original_node is statement for statement in self._top)
        body = [kept for kept in map(self._small, updated_node.body) if kept is not None]
        if len(body) == len(updated_node.body) and all(
            new is old for new, old in zip(body, updated_node.body, strict=True)
        ):
            return updated_node
        if body:
            last = body[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
            return with_lost(updated_node, updated_node.with_changes(body=[*body[:-1], last]))
        above = [line for line in updated_node.leading_lines if line.comment is not None]
        said = [*above, *lost([updated_node], above)]
        gone = updated_node.with_changes(body=[Gone()])
        return gone.with_changes(leading_lines=said) if said else gone

    def leave_SimpleStatementSuite(
        self, original_node: cst.SimpleStatementSuite, updated_node: cst.SimpleStatementSuite
    ) -> cst.SimpleStatementSuite:
        """``if small: import tf_slim as slim`` on one line."""
        self._at_top = False
        found = [(small, self._small(small)) for small in updated_node.body]
        if all(kept is small for small, kept in found):
            return updated_node
        body = [kept for _, kept in found if kept is not None] or [cst.Pass()]
        last = body[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
        return updated_node.with_changes(body=[*body[:-1], last])

    def _small(self, statement: cst.BaseSmallStatement) -> cst.BaseSmallStatement | None:
        if isinstance(statement, cst.Import):
            return self._import(statement)
        if isinstance(statement, cst.ImportFrom):
            return self._import_from(statement)
        if isinstance(statement, cst.Assign) and len(statement.targets) == 1:
            target, value = statement.targets[0].target, statement.value
            # get_full_name_for_node also names the callee of a call, which is no alias.
            if isinstance(target, cst.Name) and isinstance(value, cst.Name | cst.Attribute):
                api = self._api(get_full_name_for_node(value))
                if api and is_namespace(api) and target.value not in self._kept:
                    self._uses.subtract(uses(statement))
                    return None
            idle = isinstance(target, cst.Name) and isinstance(value, cst.Call)
            if idle and self._is_idle_legacy_import(cst.ensure_type(target, cst.Name).value):
                self._uses.subtract(uses(statement))
                return None
        return statement

    def _is_idle_legacy_import(self, name: str) -> bool:
        """Whether an assigned call is a `legacy_import` that nothing needs any more."""
        bindings = self._module.scope.bindings.get(name, [])
        return (
            self._at_top
            and name not in self._kept
            and name not in self.legacy
            and bool(bindings)
            and all(isinstance(b, Imported) for b in bindings)
            and is_absent(self._api(name) or "")
        )

    def _import(self, statement: cst.Import) -> cst.Import | None:
        keep = []
        for alias in statement.names:
            name = get_full_name_for_node(alias.name) or ""
            api = canonical(name) or ""
            local = _local(alias) or name.partition(".")[0]
            if local in self._unused:
                continue
            fails_at_use = self._at_top and not alias.asname and name.startswith("tensorflow.")
            if not self._is_idle(api, local, fails_at_use):
                keep.append(alias)
            elif not alias.asname:
                # `import tensorflow.contrib.slim` also binds `tensorflow`.
                keep.extend(self._plain_tensorflow(name))
        return _with_names(statement, keep)

    def _plain_tensorflow(self, name: str) -> list[cst.ImportAlias]:
        if name.startswith("tensorflow.") and "tensorflow" in self._kept:
            return [cst.ImportAlias(cst.Name("tensorflow"))]
        return []

    def _import_from(self, statement: cst.ImportFrom) -> cst.ImportFrom | None:
        module = module_of(statement)
        if isinstance(statement.names, cst.ImportStar):
            stays = any(map(self._may_be_of_star, self._kept - {""}))  # of what has no name
            gone = is_slim(canonical(module) or "") and not stays
            return None if gone else statement
        # Names of the written module may be slim's, for which they stand now.
        written = module == self._names.written_module
        keep = []
        for alias in statement.names:
            local = _local(alias) or alias.evaluated_name
            meaning = self._program.resolver.name(local, self._module.scope, self._module)
            if local in self._unused:
                continue
            known = meaning.name if isinstance(meaning, Api) else ""
            direct = canonical(f"{module}.{alias.evaluated_name}") or ""
            if written or not (self._is_idle(known, local) or self._is_idle(direct, local)):
                keep.append(alias)
        return _with_names(statement, keep)

    def _is_idle(self, api: str, local: str, fails_at_use: bool = False) -> bool:
        """Whether nothing that stays needs an import of what TensorFlow 2 lacks.

        Args:
            api: What is imported.
            local: The name that it is given.
            fails_at_use: Whether a use of the name fails as clearly without the import.
        """
        if is_slim(api):
            return local not in self._kept or fails_at_use
        # Of other packages no rule takes all uses away.
        shared = self._program.imported_names[self._module] | self._elsewhere_used()
        exported = local in shared or bool(self._program.star_importers(self._module))
        idle = self._uses[local] <= 0 and not exported
        return is_absent(api) and (idle or local in self.legacy)

    def _may_be_of_star(self, name: str) -> bool:
        """Whether a name may come from an ``import *``."""
        scope = self._module.scope
        meaning = self._program.resolver.name(name, scope, self._module)
        return name not in scope.bindings or (isinstance(meaning, Api) and meaning.doubt)

    def _api(self, name: str | None) -> str | None:
        if name is None:
            return None
        base, *rest = name.split(".")
        meaning = self._meaning(base)
        if not isinstance(meaning, Api):
            return None
        return canonical(".".join((meaning.spelled, *rest)))

    def _meaning(self, name: str) -> Meaning | None:
        """What a name stands for: at the top, else wherever a function binds it."""
        inner = [scope for scope in self._module.all_scopes() if name in scope.bindings]
        scopes = [self._module.scope] if name in self._module.scope.bindings else inner
        resolve = self._program.resolver.name
        found = [resolve(name, scope, self._module) for scope in scopes or [self._module.scope]]
        return found[0] if all(meaning == found[0] for meaning in found) else None

    # Blocks left empty ------------------------------------------------------------------------

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        return without_gone(updated_node)

    def leave_Try(
        self, original_node: cst.Try, updated_node: cst.Try
    ) -> cst.BaseStatement | cst.RemovalSentinel:
        """`try: import tf_slim / except ImportError: from tensorflow.contrib import slim`."""
        blocks = [updated_node.body, *(handler.body for handler in updated_node.handlers)]
        if original_node is updated_node or updated_node.orelse or updated_node.finalbody:
            return updated_node
        if all(_only_pass(block) for block in blocks):
            self._uses.subtract(uses(updated_node))
            said = lost([updated_node], ())
            return cst.SimpleStatementLine([Gone()], said) if said else cst.RemoveFromParent()
        return updated_node

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        return without_gone(updated_node)


class Gone(cst.Pass):
    """Stands for a removed statement until its comments have found a new place."""


def without_gone(block: _Block) -> _Block:
    """The statements that stay; comments of removed ones go to the next, blank lines are kept."""
    if block.body and not any(map(_is_gone, block.body)):
        return block
    result: list[cst.BaseStatement] = []
    carried: list[cst.EmptyLine] = []
    for statement in block.body:
        if _is_gone(statement):
            assert isinstance(statement, cst.SimpleStatementLine)
            carried = _merged(carried, statement.leading_lines)
            continue
        if carried and hasattr(statement, "leading_lines"):
            lines = _merged(carried, statement.leading_lines)
            statement = statement.with_changes(leading_lines=lines)
            carried = []
        result.append(statement)
    if isinstance(block, cst.Module) and _is_gone(block.body[0]):
        result[:1] = [_as_first(first, block) for first in result[:1]]
    below: list[cst.EmptyLine] = (
        carried if any(line.comment is not None for line in carried) else []
    )
    if not result and isinstance(block, cst.IndentedBlock):
        result, below = [cst.SimpleStatementLine([cst.Pass()], leading_lines=below)], []
    return block.with_changes(body=result, footer=[*below, *block.footer])


def _as_first(statement: cst.BaseStatement, file: cst.Module) -> cst.BaseStatement:
    """What is the file's first statement now, below no more blank lines than the old one was."""
    lines = list(getattr(statement, "leading_lines", ()))
    had = len(getattr(file.body[0], "leading_lines", ()))
    below_comment = bool(file.header) and file.header[-1].comment is not None
    if below_comment or len(lines) <= had:
        return statement
    while len(lines) > had and lines[0].comment is None:
        del lines[0]
    return statement.with_changes(leading_lines=lines)


def _is_gone(statement: cst.BaseStatement) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and isinstance(statement.body[0], Gone)


def _merged(carried: Sequence[cst.EmptyLine], own: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    """Comments of both, but only the larger of two runs of blank lines."""
    comments = [line for line in carried if line.comment is not None]
    if comments:
        return [*carried, *own]
    blanks = [line for line in own if line.comment is None]
    missing = max(0, len(carried) - len(blanks))
    return [*carried[:missing], *own]


def _local(alias: cst.ImportAlias) -> str | None:
    return alias.evaluated_alias


def _with_names(statement: _Import, names: Iterable[cst.ImportAlias]) -> _Import | None:
    kept: list[cst.ImportAlias] = list(names)
    if not kept:
        return None
    if isinstance(statement.names, Sequence) and kept == list(statement.names):
        return statement
    assert isinstance(statement.names, Sequence)
    last = kept[-1].with_changes(comma=statement.names[-1].comma)
    return statement.with_changes(names=[*kept[:-1], last])


def _only_pass(block: cst.BaseSuite) -> bool:
    if isinstance(block, cst.SimpleStatementSuite):
        return all(isinstance(small, cst.Pass) for small in block.body)
    return all(
        isinstance(statement, cst.SimpleStatementLine)
        and all(isinstance(small, cst.Pass) for small in statement.body)
        for statement in block.body
    )
