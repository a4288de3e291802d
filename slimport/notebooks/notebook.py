"""A notebook as the container of one program: all its code cells, in order."""

from __future__ import annotations

import ast
import bisect
import json
import re
from dataclasses import dataclass
from functools import cached_property

from slimport.files.source import SourceError
from slimport.notebooks.cells import Masked, MaskedCell, mask
from slimport.notebooks.installs import only_installs_slim
from slimport.notebooks.json_text import CodeCell, NoNotebook, NotebookText, replaced, scan
from slimport.notebooks.module_cell import carried, with_module
from slimport.python2.convert import Converted

_BOM = "\ufeff"
_PYTHON = ("", "python", "ipython", "python2", "python3")


@dataclass(frozen=True)
class _Part:
    """A cell in the program: its sign, alone on a line, and the lines below."""

    cell: CodeCell
    sign: str
    masked: MaskedCell

    @property
    def program(self) -> str:
        return f"{self.sign!r}\n{self.masked.text}\n"


class Notebook:
    """The program of a notebook, and the way back into its file.

    Each cell begins with a statement that is a string, its sign. In the order of these strings the
    program is cut again; one that is missing, twice or elsewhere makes the file fail.

    A cell that carries the written module is no part of the program.

    Attributes:
        converted: what the program was before it became Python 3, where it was Python 2.
        carried: the text of the written module that a cell carries, where one does.
        module: the file and the text of the written module that a cell is to carry.

    Raises:
        NoNotebook: the bytes are none.
        UnicodeDecodeError: they are no UTF-8.
    """

    def __init__(self, data: bytes) -> None:
        self._text = data.decode("utf-8")
        self._bom = self._text.startswith(_BOM)
        self._text = self._text.removeprefix(_BOM)
        self._content: NotebookText = scan(self._text)
        texts = {cell: carried(cell) for cell in self._content.cells}
        self.carried = next((text for text in texts.values() if text is not None), None)
        self.module: tuple[str, str] | None = None
        self._cells = [c for c, text in texts.items() if c.language in _PYTHON and text is None]
        self._opens = "[["
        while any(self._opens in cell.source.text for cell in self._cells):
            self._opens += "["
        self.converted: Converted | None = None
        self._parts = self._mask(frozenset())
        names = _bound("".join(part.program for part in self._parts))
        if any(part.masked.masked for part in self._parts):
            self._parts = self._mask(names)

    @property
    def can_carry(self) -> bool:
        """Whether a cell of it can carry the written module."""
        return self._content.format[0] == 4

    @property
    def is_python(self) -> bool:
        return self._content.language in _PYTHON

    @property
    def program(self) -> str:
        return "".join(part.program for part in self._parts)

    def remarks(self) -> list[str]:
        """Cells that stay as they are since they are no Python, each with the reason."""
        return [
            f"cell {part.cell.number} stays as it is: it is no Python ({part.masked.why_not})"
            for part in self._parts
            if part.masked.why_not
        ]

    def _mask(self, names: frozenset[str]) -> list[_Part]:
        closes = "]" * len(self._opens)
        count = 0

        def sign() -> str:
            nonlocal count
            count += 1
            return f"{self._opens}line {count}{closes}"

        return [
            _Part(
                cell,
                f"{self._opens}cell {cell.number}{closes}",
                mask(cell.source.text, names, sign),
            )
            for cell in self._cells
        ]

    # Places ------------------------------------------------------------------------------------

    def place(self, line: int) -> str:
        part, inside = self._inside(line)
        return f"cell {part.cell.number}, line {inside}" if part is not None else ""

    def placed(self, message: str) -> str:
        """A message that begins with a line of the program, with its place in the notebook."""
        return re.sub(r"^line (\d+)", lambda found: self.place(int(found[1])), message)

    def line_in_file(self, line: int) -> int:
        part, inside = self._inside(line)
        if part is None:
            return 1
        at = part.cell.source.start_of(inside)
        return bisect.bisect_left(self._ends, at) + 1

    @cached_property
    def _ends(self) -> list[int]:
        return [found.start() for found in re.finditer("\n", self._text)]

    def _inside(self, line: int) -> tuple[_Part | None, int]:
        """The cell that a line of the program is in, and the line of the cell."""
        if self.converted is not None:
            line = self.converted.line_in_file(line)
        for part in self._parts:
            count = len(part.masked.lines) + 1
            if line <= count:
                return part, part.masked.places[max(line - 2, 0)]
            line -= count
        return (self._parts[-1], self._parts[-1].masked.places[-1]) if self._parts else (None, 1)

    # Writing -----------------------------------------------------------------------------------

    def with_program(self, code: bytes) -> bytes:
        """The notebook with `code` in its cells; its own bytes outside the lines that changed.

        Raises:
            SourceError: the cells cannot be told apart in it, or lines of IPython would change.
        """
        text = code.decode("utf-8").replace("\r\n", "\n")
        changes = []
        for part, segment in zip(self._parts, self._segments(text), strict=True):
            old = part.cell.source.text
            new = _unmasked(segment, part)
            if segment != part.masked.text.replace("\r\n", "\n") and new is not None:
                changes.append((part.cell.source, _in_style_of(old, new)))
        done = self._text
        if changes:
            done = replaced(self._text, iter(changes))
            _check(self._text, done)
        if self.module is not None:
            before, done = done, with_module(done, *self.module)
            _check(before, done)
        return f"{_BOM if self._bom else ''}{done}".encode()

    def _segments(self, text: str) -> list[str]:
        """The text of each cell in a program."""
        found = []
        rest = text
        for number, part in enumerate(self._parts):
            line = re.compile(rf"^{re.escape(repr(part.sign))}\n", re.MULTILINE)
            places = list(line.finditer(rest))
            if len(places) != 1 or text.count(part.sign) != 1:
                raise SourceError(
                    f"the rewriting would mix cell {part.cell.number} with another; not written"
                )
            before = rest[: places[0].start()]
            if number:
                found.append(before.removesuffix("\n"))
            elif before.strip():
                raise SourceError("the rewriting would add code before the first cell; not written")
            rest = rest[places[0].end() :]
        return [*found, rest.removesuffix("\n")] if self._parts else []


def _unmasked(segment: str, part: _Part) -> str | None:
    """A cell's text with the lines of IPython; None where it stays as it was."""
    cell = part.masked
    lines = segment.split("\n")
    found = {}
    for masked in cell.masked:
        places = [i for i, line in enumerate(lines) if masked.code_of(line) is not None]
        if not places and masked.sign not in segment and _may_go(masked):
            continue
        if len(places) != 1 or segment.count(masked.sign) != 1:
            raise SourceError(f"{_words(masked, part)} would be lost; not written")
        found[places[0]] = masked
    if list(found) != sorted(found):
        raise SourceError(f"lines of cell {part.cell.number} would change their order; not written")
    result: list[str] = []
    for index, line in enumerate(lines):
        if index not in found:
            result.append(line)
            continue
        masked = found[index]
        text = _line(line, masked, part)
        if masked.whole:
            return None
        if masked.head:
            above = [empty for empty in result if not empty.strip()]
            result = [*above, text, *(kept for kept in result if kept.strip())]
        else:
            result.append(text)
    return "\n".join(_edges(result, part))


def _line(line: str, masked: Masked, part: _Part) -> str:
    """A line of the cell for one of the program."""
    indent = line[: len(line) - len(line.lstrip())]
    code = masked.code_of(line[len(indent) :])
    assert code is not None
    if code == masked.code:
        return indent + masked.text
    command = _command(code) if masked.prefix else None
    if command is None:
        raise SourceError(f"{_words(masked, part)} names what would change; not written")
    return f"{indent}{masked.prefix}{command}"


def _may_go(masked: Masked) -> bool:
    """Whether a line is one that installs tf_slim and nothing else."""
    command = _command(masked.code) if masked.prefix else None
    return command is not None and only_installs_slim(command)


def _command(code: str) -> str | None:
    """The command of a call that IPython would make, None where it is another call."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return None
    match tree.body:
        case [
            ast.Expr(
                ast.Call(
                    ast.Attribute(ast.Call(ast.Name("get_ipython"), [], []), "system"),
                    [ast.Constant(str(command)), *_],
                )
            )
        ]:
            return command
        case [
            ast.Expr(
                ast.Call(
                    ast.Attribute(ast.Call(ast.Name("get_ipython"), [], []), "run_line_magic"),
                    [ast.Constant(str(name)), ast.Constant(str(command))],
                )
            )
        ]:
            return f"{name} {command}"
    return None


def _words(masked: Masked, part: _Part) -> str:
    first = masked.text.partition("\n")[0]
    return f"cell {part.cell.number}: the line {first!r}"


def _edges(lines: list[str], part: _Part) -> list[str]:
    """Without the blank lines at either end that the old cell did not have."""
    old = part.cell.source.text.split("\n")
    return _trimmed(_trimmed(lines, old)[::-1], old[::-1])[::-1]


def _trimmed(lines: list[str], old: list[str]) -> list[str]:
    """Without blank lines at the beginning, beyond those that were there."""
    count, allowed = _blank(lines), _blank(old)
    return lines[max(0, count - allowed) :]


def _blank(lines: list[str]) -> int:
    return next((i for i, line in enumerate(lines) if line.strip()), len(lines))


def _in_style_of(old: str, new: str) -> str:
    """With the line ends of the cell, if all its lines end alike."""
    if "\r\n" in old and not re.search(r"(?<!\r)\n", old):
        return re.sub(r"\r?\n", "\r\n", new)
    return new


def _bound(program: str) -> frozenset[str]:
    """Names that a program binds; those of the whole text where it is no Python 3."""
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError):
        return frozenset(re.findall(r"(?<![\w.])([A-Za-z_]\w*)(?=\s*[=,(])", program))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(a.asname or a.name).partition(".")[0] for a in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
    return frozenset(found)


def _check(old: str, new: str) -> None:
    """Everything but the code is what it was, and cells but the one of the module."""
    try:
        same = [_without_code(text) for text in (old, new)]
    except (NoNotebook, ValueError) as error:
        raise SourceError(f"the notebook would be damaged ({error}); not written") from error
    if len(same[0][0]) != len(same[1][0]):
        raise SourceError("the notebook would lose a cell; not written")
    if same[0] != same[1]:
        raise SourceError("more than code would change in the notebook; not written")


def _without_code(text: str) -> tuple[list[object], object]:
    """The cells of a notebook without their code, and the rest of it."""
    skipped = {cell.number for cell in scan(text).cells if carried(cell) is not None}
    notebook = json.loads(text)
    sheets = notebook.get("worksheets")
    found: list[object] = []
    for holder in [notebook, *(sheets if isinstance(sheets, list) else [])]:
        cells = holder.pop("cells", None)
        for cell in cells if isinstance(cells, list) else []:
            if cell.get("cell_type") == "code":
                cell.pop("source", None)
                cell.pop("input", None)
            found.append(cell)
    kept = [cell for number, cell in enumerate(found, 1) if number not in skipped]
    return kept, notebook
