"""Where the sources of a notebook's code cells stand in its JSON text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

_BLANK = re.compile(r"[ \t\n\r]*")
_skip = json.JSONDecoder().raw_decode


@dataclass(frozen=True)
class Piece:
    """One JSON string of a source; `start` and `end` enclose it with its quotes."""

    start: int
    end: int
    value: str


@dataclass(frozen=True)
class SourceText:
    """The source of a cell: a list of strings, or one string, from `start` to `end`."""

    start: int
    end: int
    pieces: tuple[Piece, ...]
    is_list: bool

    @property
    def text(self) -> str:
        return "".join(piece.value for piece in self.pieces)

    def start_of(self, line: int) -> int:
        """Where the string begins in which a line of the source, from 1, begins."""
        before, at = 0, self.start
        for piece in self.pieces:
            if before >= line:
                break
            at, before = piece.start, before + max(1, piece.value.count("\n"))
        return at


@dataclass(frozen=True)
class CodeCell:
    """A code cell.

    Attributes:
        number: its place among all cells of the notebook, from 1.
        start: where its JSON begins.
        language: of the cell, in notebooks of format 3; empty elsewhere.
    """

    number: int
    source: SourceText
    start: int
    language: str = ""


@dataclass(frozen=True)
class NotebookText:
    """What of a notebook's JSON concerns its program.

    Attributes:
        language: of the kernel, in small letters; empty where the file does not say.
        format: of the notebook, as its major and its minor number.
        ids: of all cells.
    """

    cells: tuple[CodeCell, ...]
    language: str
    format: tuple[int, int]
    ids: tuple[str, ...]


class NoNotebook(ValueError):
    """The text is no JSON, or has no cells in the place where notebooks have them."""


def scan(text: str) -> NotebookText:
    """Finds the code cells of a notebook of format 3 or 4.

    Raises:
        NoNotebook: the text is none.
    """
    scanner = _Scanner(text)
    try:
        scanner.notebook()
    except (ValueError, IndexError, RecursionError) as error:
        raise NoNotebook(str(error) or type(error).__name__) from error
    if not scanner.has_cells:
        raise NoNotebook("it has no list of cells")
    cells, ids = tuple(scanner.cells), tuple(scanner.ids)
    return NotebookText(cells, scanner.language.lower(), scanner.format, ids)


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._metadata: dict[str, object] = {}
        self._numbers: dict[str, int] = {}
        self.ids: list[str] = []
        self.cells: list[CodeCell] = []
        self.number = 0
        self.has_cells = False

    @property
    def language(self) -> str:
        for key, name in (("language_info", "name"), ("kernelspec", "language")):
            found = self._metadata.get(key)
            if isinstance(found, dict) and isinstance(found.get(name), str):
                return str(found[name])
        return ""

    @property
    def format(self) -> tuple[int, int]:
        return self._numbers.get("nbformat", 0), self._numbers.get("nbformat_minor", 0)

    def notebook(self) -> None:
        end = self._members(self._blank(0), self._of_notebook)
        if self._blank(end) != len(self._text):
            raise ValueError(f"text after the end of the JSON, at character {end}")

    def _of_notebook(self, key: str, at: int) -> int:
        if key == "cells":
            return self._cells(at)
        if key == "worksheets":
            return self._elements(at, lambda start: self._members(start, self._of_worksheet))
        value, end = _skip(self._text, at)
        if key == "metadata" and isinstance(value, dict):
            self._metadata = value
        elif isinstance(value, int):
            self._numbers[key] = value
        return end

    def _of_worksheet(self, key: str, at: int) -> int:
        return self._cells(at) if key == "cells" else _skip(self._text, at)[1]

    def _cells(self, at: int) -> int:
        self.has_cells = True
        return self._elements(at, self._cell)

    def _cell(self, at: int) -> int:
        self.number += 1
        found: dict[str, object] = {}

        def member(key: str, start: int) -> int:
            if key in ("source", "input"):
                source = self._source(start)
                if source is not None:
                    found[key] = source
                    return source.end
            found[key], end = _skip(self._text, start)
            return end

        end = self._members(at, member)
        if isinstance(found.get("id"), str):
            self.ids.append(str(found["id"]))
        source = found.get("source", found.get("input"))
        if found.get("cell_type") == "code" and isinstance(source, SourceText):
            language = found.get("language")
            name = language.lower() if isinstance(language, str) else ""
            self.cells.append(CodeCell(self.number, source, at, name))
        return end

    def _source(self, at: int) -> SourceText | None:
        """A list of strings, or a string; None where it is neither."""
        if self._text[at] == '"':
            piece = self._string(at)
            return SourceText(at, piece.end, (piece,), is_list=False)
        value, end = _skip(self._text, at)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            return None
        pieces: list[Piece] = []

        def element(start: int) -> int:
            pieces.append(self._string(start))
            return pieces[-1].end

        self._elements(at, element)
        return SourceText(at, end, tuple(pieces), is_list=True)

    def _string(self, at: int) -> Piece:
        value, end = _skip(self._text, at)
        if not isinstance(value, str):
            raise ValueError(f"a string expected at character {at}")
        return Piece(at, end, value)

    def _members(self, at: int, member: Callable[[str, int], int]) -> int:
        def element(start: int) -> int:
            key = self._string(start)
            value = self._blank(self._at(self._blank(key.end), ":"))
            return member(key.value, value)

        return self._sequence(at, "{", "}", element)

    def _elements(self, at: int, element: Callable[[int], int]) -> int:
        return self._sequence(at, "[", "]", element)

    def _sequence(self, at: int, opens: str, closes: str, element: Callable[[int], int]) -> int:
        at = self._blank(self._at(at, opens))
        if self._text[at] == closes:
            return at + 1
        while True:
            at = self._blank(element(at))
            if self._text[at] == closes:
                return at + 1
            at = self._blank(self._at(at, ","))

    def _at(self, at: int, character: str) -> int:
        """The position after a character that must stand here."""
        if self._text[at] != character:
            raise ValueError(f"{character} expected at character {at}")
        return at + 1

    def _blank(self, at: int) -> int:
        found = _BLANK.match(self._text, at)
        return found.end() if found is not None else at
