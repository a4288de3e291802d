"""A notebook as the container of one program: all its code cells, in order."""

from __future__ import annotations

import ast
import bisect
import re
from dataclasses import dataclass
from functools import cached_property

from slimport.files.source import SourceError
from slimport.notebooks.cells import MaskedCell, mask
from slimport.notebooks.json_edits import replaced
from slimport.notebooks.json_text import CodeCell, NotebookText, scan
from slimport.notebooks.module_cell import carried, with_module
from slimport.notebooks.rest import check_rest
from slimport.notebooks.unmasking import in_style_of, unmasked
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
        if any(part.masked.masked for part in self._parts):
            self._parts = self._mask(_bound(self.program))

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
            new = unmasked(segment, part.cell, part.masked)
            if segment != part.masked.text.replace("\r\n", "\n") and new is not None:
                changes.append((part.cell.source, in_style_of(old, new)))
        done = self._text
        if changes:
            done = replaced(self._text, iter(changes))
            check_rest(self._text, done)
        if self.module is not None:
            before, done = done, with_module(done, *self.module)
            check_rest(before, done)
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
