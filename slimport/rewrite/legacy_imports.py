"""Imports that must stay for what is left, of packages that TensorFlow 2 comes without.

``import tf_slim as slim`` at the top of a file would keep the whole file, and every file that
imports it, from being imported. It becomes ``slim = legacy_import("tf_slim")`` (see
`slimport.written.legacy`), which fails where slim is used, if it does. So does one in an ``if`` at
the top. Imports elsewhere keep their meaning: a ``try`` asks whether a package exists, and a
function imports when it is called.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import libcst as cst
from libcst.helpers import get_full_name_for_node

from slimport.index.canonical import canonical, is_absent, is_namespace, is_slim
from slimport.index.modules import Module
from slimport.index.names import Assigned, Binding, Imported, Scope, dotted_parts
from slimport.index.program import Program, closure_of
from slimport.index.resolve import Api
from slimport.rewrite.comments import is_lint_comment, with_lost

LEGACY_IMPORT = "legacy_import"


@dataclass
class Kept:
    """Names of a file that must stay.

    Attributes:
        whole: those among them that are passed on as values: what is asked of them then
            (``hasattr(slim, 'nets')``) is known to the real module alone.
    """

    names: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)


@dataclass(frozen=True, eq=False)
class _Import:
    """One import at the top of a file.

    Attributes:
        line: its line, which is `place`, or in it where that is an ``if``.
        is_alias: it is an assignment, ``slim = tf.contrib.slim``.
    """

    local: str
    dotted: str
    line: cst.SimpleStatementLine
    place: cst.BaseStatement
    is_alias: bool

    @property
    def is_nested(self) -> bool:
        return self.line is not self.place


class LegacyImports:
    """Decides for one file which imports become `legacy_import`, and puts the new lines in."""

    def __init__(self, module: Module, program: Program, kept: Kept) -> None:
        self._module = module
        self._program = program
        self._kept = kept
        self._refused: set[str] = set()

    def kept(self, body: Sequence[cst.BaseStatement]) -> Kept:
        """All names that must stay: ``slim`` too where ``losses = slim.losses`` must."""
        replaced = {found.local for found in self._eligible(body) if found.is_alias}
        names, whole = self._kept.names | self._ambiguous(), set(self._kept.whole)
        pending = list(names)
        while pending:
            name = pending.pop()
            if name in replaced - whole:
                continue
            for base in self._bases(name):
                if base not in names or (name in whole and base not in whole):
                    names.add(base)
                    whole |= {base} if name in whole else set()
                    pending.append(base)
        return Kept(names, whole)

    def find(self, body: Sequence[cst.BaseStatement]) -> list[_Import]:
        """The imports of these statements, a file's own, that may become `legacy_import`."""
        kept = self.kept(body)
        return [f for f in self._eligible(body) if f.local in kept.names - kept.whole]

    def put(self, body: list[cst.BaseStatement], callee: str) -> list[_Import]:
        """Puts the new lines into the statements; the old imports are for the caller to remove.

        Args:
            body: the file's statements, the import of the written module among them.
            callee: the local name of `legacy_import`.

        Returns:
            What was put in.
        """
        ready = next(i for i, statement in enumerate(body) if _imports_it(statement, callee)) + 1
        while ready < len(body) and _is_import(body[ready]):
            ready += 1
        found = self.find(body)
        while late := {f.local for f in found if not self._may_wait(f, body, ready)}:
            self._refused |= late
            found = self.find(body)
        old = list(body)
        lines: list[cst.SimpleStatementLine] = []
        for item in found:
            index = _index(item, old)
            if index >= ready:
                changed = body[index].deep_replace(item.line, _in_place(item, callee))
                assert isinstance(changed, _STATEMENTS)
                body[index] = changed
            else:
                new, body[index] = _moved(item, body[index], callee)
                lines.append(new)
        body[ready:] = [*_with_blank(lines[:1]), *lines[1:], *_apart(body[ready:], lines)]
        return found

    # Which -------------------------------------------------------------------------------------

    def _eligible(self, body: Sequence[cst.BaseStatement]) -> Iterator[_Import]:
        """Imports and aliases at the top, each the only one of its name in the whole file."""
        for place in body:
            for line in _lines(place):
                for small in line.body:
                    for local, dotted in self._imported(small):
                        is_alias = isinstance(small, cst.Assign)
                        found = _Import(local, dotted, line, place, is_alias)
                        if self._is_bound_once(local) and local not in self._refused:
                            yield found

    def _imported(self, small: cst.BaseSmallStatement) -> Iterator[tuple[str, str]]:
        """What a statement imports of what TensorFlow 2 lacks: local and absolute name of each."""
        if isinstance(small, cst.Import):
            for alias in small.names:
                name = get_full_name_for_node(alias.name) or ""
                # `import tf_slim.nets` binds `tf_slim` and loads `nets`: two things, left alone.
                local = alias.evaluated_alias or name
                if "." not in local and is_absent(canonical(name) or ""):
                    yield local, name
        elif isinstance(small, cst.ImportFrom):
            module = get_full_name_for_node(small.module) if small.module is not None else None
            if small.relative or module is None or isinstance(small.names, cst.ImportStar):
                return
            for alias in small.names:
                name = f"{module}.{alias.evaluated_name}"
                if is_absent(canonical(name) or ""):
                    yield alias.evaluated_alias or alias.evaluated_name, name
        elif isinstance(small, cst.Assign) and len(small.targets) == 1:
            yield from self._alias(small.targets[0].target, small.value)

    def _alias(
        self, target: cst.BaseExpression, value: cst.BaseExpression
    ) -> Iterator[tuple[str, str]]:
        """``slim = tf.contrib.slim``"""
        if isinstance(target, cst.Name) and isinstance(value, cst.Name | cst.Attribute):
            resolver, scope = self._program.resolver, self._module.scope
            meaning = resolver.name(target.value, scope, self._module)
            if not isinstance(meaning, Api) or not is_slim(meaning.name):
                return
            # `slim = lib.slim` is right as long as that file keeps its own.
            elsewhere = resolver.through(ast.Name(target.value), scope, self._module)
            if is_namespace(meaning.name) and not elsewhere:
                yield target.value, meaning.spelled.replace("tensorflow.compat.v1.", "tensorflow.")

    def _is_bound_once(self, name: str) -> bool:
        scopes = [scope for scope in self._module.all_scopes() if name in scope.bindings]
        imports = [
            binding
            for scope in scopes
            for binding in scope.bindings[name]
            if scope.parent is None or isinstance(binding, Imported | Assigned)
        ]
        # An `import *` below it may bind it anew: its place matters.
        return len(imports) == 1 and not self._is_doubtful(name, self._module.scope)

    def _ambiguous(self) -> set[str]:
        """Aliases of modules that mean something else as well, so that nobody followed them."""
        return {
            name
            for scope in self._module.all_scopes()
            for name, bindings in scope.bindings.items()
            if any(self._is_module(binding.value, scope) for binding in _assigned(bindings))
            and self._is_unknown(name, scope)
        }

    def _is_unknown(self, name: str, scope: Scope) -> bool:
        meaning = self._program.resolver.name(name, scope, self._module)
        return meaning is None or self._is_doubtful(name, scope)

    def _is_doubtful(self, name: str, scope: Scope) -> bool:
        meaning = self._program.resolver.name(name, scope, self._module)
        return isinstance(meaning, Api) and meaning.doubt

    def _is_module(self, value: ast.expr, scope: Scope) -> bool:
        meaning = self._program.resolver.resolve(value, scope, self._module)
        return isinstance(meaning, Api) and is_namespace(meaning.name)

    def _bases(self, name: str) -> Iterator[str]:
        for scope in self._module.all_scopes():
            for binding in _assigned(scope.bindings.get(name, ())):
                chain = dotted_parts(binding.value)
                if chain is not None:
                    yield chain[0].id

    # Where -------------------------------------------------------------------------------------

    def _may_wait(self, found: _Import, body: Sequence[cst.BaseStatement], ready: int) -> bool:
        """Whether nothing needs the name before the place where it is bound from now on."""
        index = _index(found, body)
        if index >= ready:  # its line is replaced where it is
            others = set(_bound(found.line)) - {found.local}
            return not any(self._is_needed(name, found.line, body) for name in others)
        if found.is_nested:
            return False
        crossed = {name for statement in body[index + 1 : ready] for name in _names(statement)}
        return found.local not in crossed and not self._is_imported_in_a_circle(found.local)

    def _is_needed(
        self, name: str, line: cst.SimpleStatementLine, body: Sequence[cst.BaseStatement]
    ) -> bool:
        """Whether a name that the line binds stays, other than a legacy import does."""
        legacy = {local for small in line.body for local, _ in self._imported(small)}
        return name not in legacy or name in self.kept(body).names

    def _is_imported_in_a_circle(self, local: str) -> bool:
        """Whether a file that this one imports may import the name before it is bound."""
        imports = self._program.imports
        if local not in self._program.imported_names[self._module]:
            return False
        return self._module in closure_of(imports[self._module], lambda module: imports[module])


_STATEMENTS = (cst.SimpleStatementLine, cst.BaseCompoundStatement)


def _index(found: _Import, body: Sequence[cst.BaseStatement]) -> int:
    return next(i for i, statement in enumerate(body) if statement is found.place)


def _lines(statement: cst.BaseStatement | cst.If | cst.Else) -> Iterator[cst.SimpleStatementLine]:
    """The statement, or all in the branches of an ``if``."""
    if isinstance(statement, cst.SimpleStatementLine):
        yield statement
    elif isinstance(statement, cst.If | cst.Else) and isinstance(statement.body, cst.IndentedBlock):
        for inner in statement.body.body:
            yield from _lines(inner)
        if isinstance(statement, cst.If) and statement.orelse is not None:
            yield from _lines(statement.orelse)


def _moved(
    found: _Import, place: cst.BaseStatement, callee: str
) -> tuple[cst.SimpleStatementLine, cst.BaseStatement]:
    """The new line and the old one, whose comments go along where it binds nothing else."""
    new = cst.SimpleStatementLine([_assignment(found, callee)])
    if len(list(_bound(found.line))) > 1:
        return new, place
    comments = [empty for empty in found.line.leading_lines if empty.comment is not None]
    blanks = [empty for empty in found.line.leading_lines if empty.comment is None]
    trailing = found.line.trailing_whitespace
    rest = found.line.with_changes(
        leading_lines=blanks, trailing_whitespace=cst.TrailingWhitespace()
    )
    if trailing.comment is None or is_lint_comment(trailing.comment.value):
        trailing = cst.TrailingWhitespace()
    return new.with_changes(leading_lines=comments, trailing_whitespace=trailing), rest


def _with_blank(statements: Sequence[cst.SimpleStatementLine]) -> list[cst.SimpleStatementLine]:
    blank = cst.EmptyLine(indent=False)
    return [s.with_changes(leading_lines=[blank, *s.leading_lines]) for s in statements]


def _apart(
    rest: Sequence[cst.BaseStatement], lines: Sequence[cst.SimpleStatementLine]
) -> list[cst.BaseStatement]:
    """What follows the new lines, with a blank line between."""
    leading = getattr(rest[0], "leading_lines", None) if rest and lines else None
    if leading is None or (leading and leading[0].comment is None):
        return list(rest)
    first, *others = rest
    return [first.with_changes(leading_lines=[cst.EmptyLine(indent=False), *leading]), *others]


def _in_place(found: _Import, callee: str) -> cst.SimpleStatementLine:
    body = [
        _assignment(found, callee) if found.local in _bound(small) else small
        for small in found.line.body
    ]
    return with_lost(found.line, found.line.with_changes(body=body))


def _assignment(found: _Import, callee: str) -> cst.Assign:
    name = cst.Arg(cst.SimpleString(f'"{found.dotted}"'))
    target = cst.AssignTarget(cst.Name(found.local))
    return cst.Assign([target], cst.Call(cst.Name(callee), [name]))


def _assigned(bindings: Iterable[Binding]) -> list[Assigned]:
    return [binding for binding in bindings if isinstance(binding, Assigned)]


def _names(statement: cst.BaseStatement) -> Iterator[str]:
    assert isinstance(statement, _STATEMENTS)
    for node in ast.walk(ast.parse(cst.Module([statement]).code)):
        if isinstance(node, ast.Name):
            yield node.id


def _bound(node: cst.SimpleStatementLine | cst.BaseSmallStatement) -> Iterator[str]:
    """Names that imports and assignments bind."""
    for small in node.body if isinstance(node, cst.SimpleStatementLine) else [node]:
        if isinstance(small, cst.Assign):
            yield from (get_full_name_for_node(target.target) or "" for target in small.targets)
        elif isinstance(small, cst.Import | cst.ImportFrom):
            names = () if isinstance(small.names, cst.ImportStar) else small.names
            yield from (alias.evaluated_alias or alias.evaluated_name for alias in names)


def _is_import(statement: cst.BaseStatement) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and all(
        isinstance(small, cst.Import | cst.ImportFrom) for small in statement.body
    )


def _imports_it(statement: cst.BaseStatement, callee: str) -> bool:
    return (
        isinstance(statement, cst.SimpleStatementLine)
        and _is_import(statement)
        and callee in _bound(statement)
    )
