"""A file without the statements that stay: each run of them is one line until it is written back.

Parsing and writing with libcst costs by the node. In the functions of most files few statements
name slim or TensorFlow; the others are cut out here, put back byte for byte, and never parsed. So
are the parameters of functions, and the comment that a file begins with.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from slimport.files.source import Source
from slimport.index.modules import Module
from slimport.index.names import FunctionNode
from slimport.index.program import Span
from slimport.index.walking import all_of, walk

_NAME = "__slimport_hole_{}__"
_IMPORTS = (ast.Import, ast.ImportFrom)
_SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr)
# Shorter ones would save nothing.
_WORTH = 40
_PARAMETERS_WORTH, _COMMENTS_WORTH = 3, 3
# A function up to its parameters, and from them on.
_DEFINED = re.compile(r"(\s*(?:async )?def \w+\().*\s*")
_CLOSED, _RETURNS = re.compile(r",?\s*\)\s*:\s*(#.*)?"), re.compile(r"\s*:\s*(#.*)?")
# Comments that tools read.
_SPEAKING = re.compile(r"#!|coding[:=]|noqa|pylint|slimport|type:")


@dataclass(frozen=True)
class _Hole:
    """Lines of a file, from 0, the end exclusive.

    Attributes:
        nodes: what is in them.
        line: the line in their place; empty for a statement that is a name.
    """

    start: int
    end: int
    nodes: Sequence[ast.AST]
    line: str = ""


@dataclass(frozen=True)
class Holed:
    """A file with holes.

    Attributes:
        data: the shorter program.
        lines: for each of its lines, the number that it has in the file; 0 for statements that
            are cut out.
        replaced: the numbers of lines that keep theirs, with nothing of what the file has there.
        names: names that are used in the holes.
    """

    data: bytes
    lines: list[int]
    replaced: frozenset[int]
    names: frozenset[str]
    _texts: dict[str, tuple[str, str]]
    _encoding: str

    def filled(self, data: bytes) -> bytes | None:
        """What became of the shorter program, with the holes filled.

        None where a statement moved into another block, is missing or there twice: its lines would
        have to change.
        """
        found = 0
        lines = data.decode(self._encoding).split("\n")
        for number, line in enumerate(lines):
            text = self._texts.get(line.strip())
            if text is None:
                continue
            whole, short = text
            if line != short:
                return None
            lines[number] = whole
            found += 1
        if found != len(self._texts):
            return None
        filled = "\n".join(lines)
        return None if _NAME[:16] in filled else filled.encode(self._encoding)


def with_holes(
    source: Source, module: Module, places: Iterable[Span], closed: bool, *, plain: bool = True
) -> Holed | None:
    """The file without the statements of functions that nothing at these places touches.

    Args:
        source: the file.
        module: its entry in the index.
        places: what may change. Imports are known to, beside these.
        closed: whether blocks of scopes may go, so that what is in them moves to the left.
        plain: whether layers may become several statements, which ask for the function's names.

    Returns:
        None where there is nothing to gain.
    """
    text = source.data.decode(source.encoding)
    lines = text.split("\n")  # as `ast` counts, where no carriage return stands alone
    if text.count("\r") != text.count("\r\n") or "\f" in text or _NAME[:16] in text:
        return None
    if source.encoding == "utf-8-sig":
        return None
    imports = all_of(module.tree, *_IMPORTS)
    touched = {line for place in places for line in (place[0], place[2])}
    touched |= {line for node in imports for line in (node.lineno, node.end_lineno or 0)}
    finder = _Finder(lines, sorted(touched), closed, plain)
    holes = [*_first_comment(lines), *finder.found(module.tree, in_cells=module.is_notebook)]
    if sum(hole.end - hole.start for hole in holes) * 10 < len(lines):
        return None
    return _cut(lines, holes, source.encoding)


def _cut(lines: Sequence[str], holes: Sequence[_Hole], encoding: str) -> Holed:
    new: list[str] = []
    numbers: list[int] = []
    texts: dict[str, tuple[str, str]] = {}
    names: set[str] = set()
    position = 0
    for hole in holes:
        new += lines[position : hole.start]
        numbers += range(position + 1, hole.start + 1)
        name = _NAME.format(len(texts))
        first = lines[hole.start]
        indent = first[: len(first) - len(first.lstrip(" \t"))]
        line = hole.line.format(name) or indent + name
        short = line + ("\r" if lines[hole.end - 1].endswith("\r") else "")
        texts[line.strip()] = "\n".join(lines[hole.start : hole.end]), short
        new.append(short)
        numbers.append(hole.start + 1 if hole.line else 0)
        names |= {name.id for node in hole.nodes for name in all_of(node, ast.Name)}
        position = hole.end
    new += lines[position:]
    numbers += range(position + 1, len(lines) + 1)
    replaced = frozenset(hole.start + 1 for hole in holes if hole.line)
    data = "\n".join(new).encode(encoding)
    return Holed(data, numbers, replaced, frozenset(names), texts, encoding)


class _Finder:
    def __init__(
        self, lines: Sequence[str], touched: Sequence[int], closed: bool, plain: bool
    ) -> None:
        self._lines = lines
        self._touched = touched
        self._closed = closed
        self._plain = plain

    def found(self, tree: ast.Module, *, in_cells: bool) -> Iterator[_Hole]:
        """The holes below the last import at the top of the file.

        What is above it decides where new imports go, and in a notebook all of its statements do.
        """
        last = max((i for i, s in enumerate(tree.body) if _imports(s)), default=-1)
        first = max(last + 1, 1 if _is_docstring(tree.body[:1]) else 0)
        yield from self._outside(tree.body[first:], visible=in_cells)

    def _outside(self, block: Sequence[ast.stmt], *, visible: bool = True) -> Iterator[_Hole]:
        """The holes of a block that is in no function: compound statements stay visible there."""
        run: list[ast.stmt] = []
        for index, statement in enumerate(block):
            if not visible and isinstance(statement, _SIMPLE) and self._stays(block, index):
                run.append(statement)
                continue
            yield from self._hole(run)
            run = []
            if isinstance(statement, FunctionNode):
                yield from self._parameters(statement)
                yield from self._block(statement.body)
                continue
            for inner in _blocks(statement):
                yield from self._outside(inner, visible=not isinstance(statement, ast.ClassDef))
        yield from self._hole(run)

    def _block(self, block: Sequence[ast.stmt]) -> Iterator[_Hole]:
        run: list[ast.stmt] = []
        for index, statement in enumerate(block):
            if self._stays(block, index):
                run.append(statement)
                continue
            yield from self._hole(run)
            run = []
            if self._closed and isinstance(statement, ast.With):
                continue
            if isinstance(statement, FunctionNode):
                yield from self._parameters(statement)
            for inner in _blocks(statement):
                yield from self._block(inner)
        yield from self._hole(run)

    def _hole(self, run: Sequence[ast.stmt]) -> Iterator[_Hole]:
        if not run:
            return
        hole = _Hole(_first_line(run[0]) - 1, run[-1].end_lineno or 0, run)
        if sum(map(len, self._lines[hole.start : hole.end])) >= _WORTH:
            yield hole

    def _parameters(self, function: FunctionNode) -> Iterator[_Hole]:
        """The lines from ``def`` to the colon, if nothing touches them; they stay a function's."""
        parts = [part for part in (function.args, function.returns) if part is not None]
        if self._plain or len(all_of(function.args, ast.arg)) < _PARAMETERS_WORTH:
            return
        below = (node for part in parts for node in walk(part))
        nodes = (node for node in below if isinstance(node, ast.arg | ast.expr))
        end, column = max((node.end_lineno or 0, node.end_col_offset or 0) for node in nodes)
        start = function.lineno
        defined = _DEFINED.fullmatch(self._lines[start - 1])
        rest = self._lines[end - 1].encode("utf-8")[column:].decode("utf-8")
        closed = (_CLOSED if function.returns is None else _RETURNS).fullmatch(rest)
        body = _first_line(function.body[0])
        if defined and closed and end < body and not self._is_touched(start, end):
            yield _Hole(start - 1, end, parts, f"{defined[1]}{{}}):")

    def _is_touched(self, start: int, end: int) -> bool:
        position = bisect_left(self._touched, start)
        return position < len(self._touched) and self._touched[position] <= end

    def _stays(self, block: Sequence[ast.stmt], index: int) -> bool:
        """Whether nothing touches a statement, which has its lines for itself."""
        statement = block[index]
        start, end = _first_line(statement), statement.end_lineno or 0
        if self._is_touched(start, end):
            return False
        if self._lines[start - 1].lstrip().startswith("elif"):
            return False
        before = self._lines[start - 1].encode("utf-8")[: _first_column(statement)]
        after = self._lines[end - 1].encode("utf-8")[statement.end_col_offset or 0 :].strip()
        return not before.strip() and (not after or after.startswith(b"#"))


def _first_comment(lines: Sequence[str]) -> Iterator[_Hole]:
    """The comment above everything, unless some tool reads it."""
    start = next((i for i, line in enumerate(lines) if not _SPEAKING.search(line)), 0)
    end = next((i for i in range(start, len(lines)) if not lines[i].startswith("#")), 0)
    if end - start >= _COMMENTS_WORTH and not any(map(_SPEAKING.search, lines[start:end])):
        yield _Hole(start, end, (), "# {}")


def _blocks(statement: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    """The blocks of a statement in the order of their lines."""
    yield getattr(statement, "body", ())
    for name in ("handlers", "cases"):
        for inner in getattr(statement, name, ()):
            yield inner.body
    for name in ("orelse", "finalbody"):
        yield getattr(statement, name, ())


def _imports(statement: ast.stmt) -> bool:
    is_definition = isinstance(statement, FunctionNode | ast.ClassDef)
    return not is_definition and bool(all_of(statement, *_IMPORTS))


def _is_docstring(statements: Sequence[ast.stmt]) -> bool:
    first = statements[0] if statements else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)


def _first(statement: ast.stmt) -> ast.stmt | ast.expr:
    decorators = getattr(statement, "decorator_list", ())
    return decorators[0] if decorators else statement


def _first_line(statement: ast.stmt) -> int:
    return _first(statement).lineno


def _first_column(statement: ast.stmt) -> int:
    first = _first(statement)
    return first.col_offset - (first is not statement)  # the @
