"""Files that a notebook writes: a cell with ``%%writefile net.py`` above the text of a module."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from slimport.files.source import concerns_slim
from slimport.notebooks.json_edits import replaced
from slimport.notebooks.json_text import NoNotebook, scan
from slimport.rewrite.written_module import is_ours

_HEAD = re.compile(
    r"\s*%%(?:writefile|file)[ \t]+(?P<quote>['\"]?)(?P<name>[\w./-]+\.py)(?P=quote)[ \t]*\r?\n"
)


@dataclass(frozen=True)
class CellFile:
    """A file that a cell writes whole.

    Attributes:
        path: relative to the notebook's folder.
        text: of the file.
        number: of the cell, among all cells, from 1.
        head: lines of the cell above the text.
        lines: the notebook's line of each line of the text, from 1.
    """

    path: PurePosixPath
    text: str
    number: int
    head: int
    lines: tuple[int, ...]


def written_by(source: str) -> tuple[PurePosixPath, str, str] | None:
    """The path, the magic's line and the text of a module of Python 3 that a cell writes."""
    head = _HEAD.match(source)
    if head is None:
        return None
    path = PurePosixPath(head["name"])
    text = source[head.end() :].removesuffix("\n") + "\n"  # which IPython writes at the end
    data = text.encode("utf-8", "surrogatepass")
    if path.is_absolute() or ".." in path.parts or is_ours(data) or not concerns_slim(data):
        return None
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return path, head.group(), text


def cell_files(data: bytes) -> list[CellFile]:
    """The files that a notebook writes; none where it cannot be read."""
    if b"file" not in data:
        return []
    try:
        notebook = data.decode("utf-8-sig")
        content = scan(notebook)
    except (UnicodeError, NoNotebook):
        return []
    found = []
    for cell in content.cells:
        written = written_by(cell.source.text)
        if written is None:
            continue
        path, head, text = written
        above = head.count("\n")
        places = range(above + 1, above + text.count("\n") + 1)
        lines = tuple(notebook.count("\n", 0, cell.source.start_of(n)) + 1 for n in places)
        found.append(CellFile(path, text, cell.number, above, lines))
    return found


def with_cell_files(data: bytes, texts: Mapping[PurePosixPath, str]) -> bytes:
    """The notebook with other texts for files that it writes."""
    notebook = data.decode("utf-8")
    changes = []
    for cell in scan(notebook.removeprefix("\ufeff")).cells:
        written = written_by(cell.source.text)
        if written is not None and written[0] in texts:
            ended = cell.source.text.endswith("\n")
            text = texts[written[0]]
            changes.append((cell.source, written[1] + (text if ended else text.removesuffix("\n"))))
    bom = notebook[: len(notebook) - len(notebook.removeprefix("\ufeff"))]
    return (bom + replaced(notebook.removeprefix("\ufeff"), iter(changes))).encode("utf-8")
