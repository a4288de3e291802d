"""Where new imports go in a file: in the section they belong to, sorted where it is sorted.

Sections, their order and their sorting are isort's and PEP 8's; what a file does otherwise is left.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Collection, Sequence
from enum import IntEnum

import libcst as cst
from libcst.helpers import get_full_name_for_node

from slimport.rewrite.marks import PREFIX

# Libraries that `keras` stands before in the alphabet, and that legacy code imports.
_ANCHORS = frozenset({"numpy", "six", "tensorflow", "tf_slim"})
_BLANK = cst.EmptyLine(indent=False)

_Body = list[cst.BaseStatement]


class _Section(IntEnum):
    FUTURE = 0
    STANDARD = 1
    LIBRARY = 2
    OWN = 3
    RELATIVE = 4


def insert_library(body: _Body, statement: cst.BaseSmallStatement) -> None:
    """Puts a library's import among the libraries': before TensorFlow's or NumPy's, else last."""
    line = cst.SimpleStatementLine([statement])
    for index, present in enumerate(body):
        if _ANCHORS.intersection(imported_packages(present)):
            start, end = _run(body, index, frozenset())
            place = _sorted_place(body[start:end], line)
            _insert_in(body, start, index if place is None else start + place, end, line)
            return
    place = min(after_imports(body), _first_use(body, _bound_by(statement)))
    _insert_in(body, place, place, place, line)


def insert_own(
    body: _Body, statement: cst.ImportFrom, own: Collection[str], stars: int, head: int
) -> None:
    """Puts the written module's import among the tree's own, or after all imports.

    Args:
        body: the file's statements, among which it goes.
        statement: the import.
        own: first parts of the tree's own dotted names.
        stars: the position after the last ``import *``.
        head: the position after all imports of the file's head.
    """
    line = cst.SimpleStatementLine([statement])
    last = [
        index
        for index, present in enumerate(body)
        if _section(present, own) in (_Section.OWN, _Section.RELATIVE)
    ]
    used = _first_use(body, _bound_by(statement))
    if not last or not stars <= last[-1] < used:
        place = min(max(head, stars), used)
        _insert_in(body, place, place, place, line)
        return
    start, end = _run(body, last[-1], own)
    alike = bool(statement.relative) == _is_relative(body[last[-1]])
    among = _sorted_place(body[start:end], line) if alike else None
    place = last[-1] + 1 if among is None else max(stars, start + among)
    _insert_in(body, start, place, end, line)


def parts_sections(body: Sequence[cst.BaseStatement], own: Collection[str]) -> bool:
    """Whether the sections of a file's imports stand apart, as PEP 8 has it: no place says no."""
    balance = 0
    for before, after in itertools.pairwise(body):
        sections = (_section(before, own), _section(after, own))
        if None in sections or _Section.FUTURE in sections or sections[0] == sections[1]:
            continue
        balance += 1 if _has_blank(after) else -1
    return balance >= 0


def spaced(
    body: Sequence[cst.BaseStatement], module: str, own: Collection[str], apart: bool
) -> Sequence[cst.BaseStatement]:
    """The statements with a blank line above the import of the written module, where one belongs.

    Args:
        body: what a file consists of, after all imports came and went.
        module: the written module, as the file imports it.
        own: first parts of the tree's own dotted names.
        apart: whether the file's sections stand apart.
    """
    for index, statement in enumerate(body):
        if not isinstance(statement, cst.SimpleStatementLine):
            continue
        small = statement.body[0]
        if isinstance(small, cst.ImportFrom) and module_of(small) == module:
            before = body[index - 1] if index else None
            needs = before is not None and _stands_apart(before, statement, own, apart)
            if needs and not _has_blank(statement):
                lines = [_BLANK, *statement.leading_lines]
                done = statement.with_changes(leading_lines=lines)
                return [*body[:index], done, *body[index + 1 :]]
            return body
    return body


def _stands_apart(
    before: cst.BaseStatement,
    statement: cst.BaseStatement,
    own: Collection[str],
    apart: bool,
) -> bool:
    section = _section(before, own)
    mine = _Section.RELATIVE if _is_relative(statement) else _Section.OWN
    if section is None or section == mine:
        return False
    return apart or section in (_Section.FUTURE, _Section.STANDARD)


def _insert_in(
    body: _Body, start: int, place: int, end: int, line: cst.SimpleStatementLine
) -> None:
    """Inserts an import into the run of its section; at its head it takes what stands above that.

    Args:
        start: where the run begins; `end` where there is none.
    """
    before = body[place - 1] if place else None
    if place == start < end:
        present = body[place]
        assert isinstance(present, cst.SimpleStatementLine)
        line = line.with_changes(leading_lines=present.leading_lines)
        body[place] = present.with_changes(leading_lines=[])
    elif before is None and body and hasattr(body[0], "leading_lines"):
        above, marks = _apart_from_marks(body[0].leading_lines)
        line = line.with_changes(leading_lines=above)
        body[0] = body[0].with_changes(leading_lines=[_BLANK, *marks])
    elif start == end and before is not None and (is_docstring(before) or _is_standard(before)):
        line = line.with_changes(leading_lines=[_BLANK])
    body.insert(place, line)


# Sections -------------------------------------------------------------------------------------


def _section(statement: cst.BaseStatement, own: Collection[str]) -> _Section | None:
    """The section that an import belongs to; None for anything else."""
    if _is_relative(statement):
        return _Section.RELATIVE
    packages = imported_packages(statement)
    if not packages:
        return None
    if "__future__" in packages:
        return _Section.FUTURE
    if any(package in own for package in packages):
        return _Section.OWN
    return _Section.STANDARD if _is_standard(statement) else _Section.LIBRARY


def _run(body: Sequence[cst.BaseStatement], index: int, own: Collection[str]) -> tuple[int, int]:
    """The imports around one, of its section, between which nothing stands."""
    section = _section(body[index], own)
    start, end = index, index + 1
    while start and not _has_blank(body[start]) and _section(body[start - 1], own) == section:
        start -= 1
    while end < len(body) and _section(body[end], own) == section and not _has_blank(body[end]):
        end += 1
    return start, end


def _sorted_place(run: Sequence[cst.BaseStatement], line: cst.SimpleStatementLine) -> int | None:
    """Where an import goes in a run; None where the run is not sorted, in neither usual way."""
    for key in (_key, _key_of_one_list):
        keys = [key(statement) for statement in run]
        if keys == sorted(keys):
            return sum(other <= key(line) for other in keys)
    return None


def _key(statement: cst.BaseStatement) -> tuple[bool, int, str]:
    """isort's own order: ``import x`` before ``from x import y``."""
    small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
    return (isinstance(small, cst.ImportFrom), *_key_of_one_list(statement))


def _key_of_one_list(statement: cst.BaseStatement) -> tuple[int, str]:
    """The order of Google's style: by the modules alone; relative imports from outside in."""
    small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
    if isinstance(small, cst.ImportFrom):
        return (-len(small.relative), module_of(small).lower())
    assert isinstance(small, cst.Import)
    return (0, (get_full_name_for_node(small.names[0].name) or "").lower())


def _has_blank(statement: cst.BaseStatement) -> bool:
    lines = getattr(statement, "leading_lines", ())
    return any(line.comment is None for line in lines)


# Where an import may stand --------------------------------------------------------------------


def _bound_by(statement: cst.BaseSmallStatement) -> set[str]:
    """The names that an import gives."""
    names = getattr(statement, "names", ())
    aliases = names if isinstance(names, Sequence) else ()
    return {alias.evaluated_alias or alias.evaluated_name.partition(".")[0] for alias in aliases}


def _first_use(body: Sequence[cst.BaseStatement], names: set[str]) -> int:
    """Position of the first statement that needs one of the names when the file is loaded."""
    for index, statement in enumerate(body):
        loaded = _Loaded(names)
        statement.visit(loaded)
        if loaded.found:
            return index
    return len(body)


class _Loaded(cst.CSTVisitor):
    """Whether a statement needs one of the names when it runs."""

    def __init__(self, names: set[str]) -> None:
        super().__init__()
        self._names = names
        self.found = False

    def visit_Name(self, node: cst.Name) -> None:
        self.found |= node.value in self._names

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        node.value.visit(self)
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:
        node.value.visit(self)
        return False

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        """The body runs later; decorators and defaults do not."""
        for part in (*node.decorators, node.params):
            part.visit(self)
        return False

    def visit_Param(self, node: cst.Param) -> bool:
        if node.default is not None:
            node.default.visit(self)
        return False

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False


def _apart_from_marks(
    lines: Sequence[cst.EmptyLine],
) -> tuple[Sequence[cst.EmptyLine], Sequence[cst.EmptyLine]]:
    """The lines above a statement, and the marks below them, which go where it goes."""
    for index, line in enumerate(lines):
        if line.comment is not None and line.comment.value.startswith(PREFIX):
            return lines[:index], lines[index:]
    return lines, ()


def after_imports(
    body: Sequence[cst.BaseStatement], goes: Callable[[cst.BaseStatement], bool] | None = None
) -> int:
    """Position after the last import of the file's head, but for those that go."""
    position = 0
    for index, statement in enumerate(body):
        if imported_packages(statement) or _is_relative(statement):
            position = index + 1 if goes is None or not goes(statement) else position
        elif index == 0 and is_docstring(statement):
            position = 1
        elif isinstance(statement, cst.FunctionDef | cst.ClassDef):
            break
    return position


def module_of(statement: cst.ImportFrom) -> str:
    """The module as it is written, with its dots."""
    name = get_full_name_for_node(statement.module) if statement.module is not None else None
    return "." * len(statement.relative) + (name or "")


def imported_packages(statement: cst.BaseStatement) -> list[str]:
    """First parts of the names an import statement imports; empty for anything else."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return []
    small = statement.body[0]
    names: list[str] = []
    if isinstance(small, cst.Import):
        names = [get_full_name_for_node(alias.name) or "" for alias in small.names]
    elif isinstance(small, cst.ImportFrom) and small.module is not None and not small.relative:
        names = [get_full_name_for_node(small.module) or ""]
    return [name.partition(".")[0] for name in names]


def _is_relative(statement: cst.BaseStatement) -> bool:
    small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
    return isinstance(small, cst.ImportFrom) and bool(small.relative)


def _is_standard(statement: cst.BaseStatement) -> bool:
    return any(name in sys.stdlib_module_names for name in imported_packages(statement))


def is_docstring(statement: cst.BaseStatement) -> bool:
    return (
        isinstance(statement, cst.SimpleStatementLine)
        and isinstance(statement.body[0], cst.Expr)
        and isinstance(statement.body[0].value, cst.SimpleString | cst.ConcatenatedString)
    )
