"""Modules that cells write (``%%writefile net.py``): files of the program, in their notebook."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TypeVar

from slimport.files.discover import NOTEBOOK
from slimport.files.folders import read_regular
from slimport.notebooks.cell_files import CellFile, cell_files, with_cell_files
from slimport.report.lines import LineMap
from slimport.report.model import FileReport, LeftAlone, Position, Report, Rewritten, Status
from slimport.rewrite.extent import Extent
from slimport.rewrite.notebook_lines import UNREAD_ADVICE, UNREAD_API, UNREAD_CODE, WRITTEN

_LARGEST = 2**28
_TWICE = "two cells write it"
_ANOTHER = "a file of that name has another text"
_NOT_GIVEN = "the file of that name is not among those to rewrite"

Item = TypeVar("Item", Rewritten, LeftAlone)
Outputs = dict[PurePosixPath, bytes]


@dataclass(frozen=True)
class _Written:
    """A module, the notebook that writes it, and whether it is a file, too."""

    notebook: PurePosixPath
    file: CellFile
    is_there: bool


class CellFiles:
    """The modules that the notebooks of a program write.

    Args:
        extent: the program.
        failed: files that are no part of it.

    Attributes:
        extent: the program with these modules as files.
        notebooks: which notebook writes each of those that are nowhere else.
    """

    def __init__(self, extent: Extent, failed: Collection[PurePosixPath]) -> None:
        self._known = extent.given | extent.near | extent.beyond
        self._found: dict[PurePosixPath, _Written] = {}
        self._refused: list[tuple[PurePosixPath, CellFile, str]] = []
        self._originals: Outputs = {}
        texts = dict(extent.texts)
        for path, notebook, file in list(self._all(extent, failed)):
            there = _bytes(extent, path)
            if there is None:
                texts[path] = file.text.encode()
            elif there != file.text.encode():
                self._refused.append((notebook, file, _ANOTHER))
                continue
            elif path not in extent.given:
                self._refused.append((notebook, file, _NOT_GIVEN))
                continue
            self._found[path] = _Written(notebook, file, there is not None)
        new = frozenset(path for path, item in self._found.items() if not item.is_there)
        self.notebooks = {path: self._found[path].notebook for path in new}
        self.extent = replace(extent, given=extent.given | new, texts=texts) if new else extent

    def _all(
        self, extent: Extent, failed: Collection[PurePosixPath]
    ) -> Iterator[tuple[PurePosixPath, PurePosixPath, CellFile]]:
        found = []
        for notebook in sorted(p for p in extent.given if p.suffix == NOTEBOOK):
            data = _bytes(extent, notebook) if notebook not in failed else None
            files = cell_files(data) if data is not None else []
            if data is not None and files:
                self._originals[notebook] = data
            found += [(notebook.parent / file.path, notebook, file) for file in files]
        times = Counter(path for path, _, _ in found)
        for path, notebook, file in found:
            if times[path] > 1:
                self._refused.append((notebook, file, _TWICE))
            else:
                yield path, notebook, file

    def with_notebooks(self, files: Collection[PurePosixPath]) -> set[PurePosixPath]:
        """The files, with all modules of the notebooks among them, and with none of others."""
        mine = {path for path, notebook in self.notebooks.items() if notebook in files}
        return {path for path in files if path not in self.notebooks} | mine

    def fold(self, report: Report, outputs: Outputs, originals: Outputs) -> None:
        """Puts what became of the modules into their cells, and into the notebooks' reports."""
        reports = {PurePosixPath(file.path): file for file in report.files}
        texts: dict[PurePosixPath, dict[PurePosixPath, str]] = defaultdict(dict)
        for path, item in self._found.items():
            data = outputs.get(path) if item.is_there else outputs.pop(path, None)
            notebook = reports.get(item.notebook)
            if data is not None and notebook is not None and notebook.status is not Status.FAILED:
                texts[item.notebook][item.file.path] = data.decode()
        for notebook_path, files in texts.items():
            self._write(notebook_path, files, reports[notebook_path], outputs, originals)
        for path, item in self._found.items():
            mine = reports.get(path)
            if mine is not None and not item.is_there:
                originals.pop(path, None)
                report.files.remove(mine)
                now = cell_files(outputs.get(item.notebook, self._originals[item.notebook]))
                new = next(file for file in now if file.path == item.file.path)
                _merge(mine, reports[item.notebook], item.file, new)
        for path, file, why in self._refused:
            if path in reports:
                _leave(reports[path], file, why)

    def _write(
        self,
        path: PurePosixPath,
        files: Mapping[PurePosixPath, str],
        report: FileReport,
        outputs: Outputs,
        originals: Outputs,
    ) -> None:
        old, before = self._originals[path], outputs.get(path, self._originals[path])
        outputs[path], originals[path] = with_cell_files(before, files), old
        report.status, report.moved = Status.REWRITTEN, LineMap(old, outputs[path])
        shifted = LineMap(before, outputs[path])
        for items in (report.left, report.ignored):
            items[:] = [
                replace(item, new=replace(item.new, line=shifted.new(item.new.line)))
                if item.new is not None
                else item
                for item in items
            ]


def _bytes(extent: Extent, path: PurePosixPath) -> bytes | None:
    if path in extent.texts:
        return extent.texts[path]
    try:
        return read_regular(extent.root / path, _LARGEST)
    except OSError:
        return None


def _merge(mine: FileReport, notebook: FileReport, old: CellFile, new: CellFile) -> None:
    if mine.error:
        _leave(notebook, old, mine.error)
        return
    notebook.rewritten += [_placed(item, old) for item in mine.rewritten]
    notebook.left += [_left(item, old, new) for item in mine.left]
    notebook.ignored += [_left(item, old, new) for item in mine.ignored]
    notebook.functions += [replace(f, line=_line(f.line, old)) for f in mine.functions]
    notebook.legacy_imports += [n for n in mine.legacy_imports if n not in notebook.legacy_imports]


def _placed(item: Item, file: CellFile) -> Item:
    line, place = _line(item.line, file), _place(item.line, file)
    return replace(item, line=line, column=0, end_line=0, end_column=0, place=place)


def _left(item: LeftAlone, old: CellFile, new: CellFile) -> LeftAlone:
    line = item.new.line if item.new is not None else item.line
    return replace(_placed(item, old), new=Position(_line(line, new), place=_place(line, new)))


def _place(line: int, file: CellFile) -> str:
    return f"cell {file.number}, line {line + file.head}"


def _line(line: int, file: CellFile) -> int:
    return file.lines[min(line, len(file.lines)) - 1]


def _leave(notebook: FileReport, file: CellFile, why: str) -> None:
    reason = WRITTEN.format(name=file.path, why=why)
    line, place = _line(1, file), _place(0, file)
    notebook.left.append(
        LeftAlone(line, UNREAD_API, UNREAD_CODE, reason, UNREAD_ADVICE, place=place)
    )
