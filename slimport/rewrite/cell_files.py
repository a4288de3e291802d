"""Modules that cells write (``%%writefile net.py``): files of the program, in their notebook."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
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

    def fold(self, report: Report, outputs: Outputs, originals: Outputs) -> None:
        """Puts what became of the modules into their cells, and into the notebooks' reports."""
        reports = {PurePosixPath(file.path): file for file in report.files}
        texts: dict[PurePosixPath, dict[PurePosixPath, str]] = defaultdict(dict)
        for path, item in self._found.items():
            data = outputs.get(path) if item.is_there else outputs.pop(path, None)
            notebook = reports[item.notebook]
            if not item.is_there:
                originals.pop(path, None)
                mine = reports.pop(path, None)
                if mine is not None:
                    report.files.remove(mine)
                    _merge(mine, notebook, item.file)
            if data is not None and notebook.status is not Status.FAILED:
                texts[item.notebook][item.file.path] = data.decode()
        for path, files in texts.items():
            old, before = self._originals[path], outputs.get(path, self._originals[path])
            outputs[path] = with_cell_files(before, files)
            originals[path] = old
            reports[path].status = Status.REWRITTEN
            _move(reports[path], LineMap(before, outputs[path]), LineMap(old, outputs[path]))
        for path, file, why in self._refused:
            _leave(reports[path], file, why)


def _bytes(extent: Extent, path: PurePosixPath) -> bytes | None:
    if path in extent.texts:
        return extent.texts[path]
    try:
        return read_regular(extent.root / path, _LARGEST)
    except OSError:
        return None


def _merge(mine: FileReport, notebook: FileReport, file: CellFile) -> None:
    if mine.error:
        _leave(notebook, file, mine.error)
        return
    notebook.rewritten += [_placed(item, file) for item in mine.rewritten]
    notebook.left += [replace(_placed(item, file), new=None) for item in mine.left]
    notebook.ignored += [replace(_placed(item, file), new=None) for item in mine.ignored]
    notebook.functions += [replace(f, line=_line(f.line, file)) for f in mine.functions]
    notebook.legacy_imports += [n for n in mine.legacy_imports if n not in notebook.legacy_imports]


def _placed(item: Item, file: CellFile) -> Item:
    place = f"cell {file.number}, line {item.line + file.head}"
    line = _line(item.line, file)
    return replace(item, line=line, column=0, end_line=0, end_column=0, place=place)


def _move(report: FileReport, shifted: LineMap, moved: LineMap) -> None:
    """New places: of the notebook's own lines behind the cells, and of those in the cells."""

    def placed(item: LeftAlone) -> LeftAlone:
        if item.new is None:
            return replace(item, new=Position(moved.new(item.line), place=item.place))
        return replace(item, new=replace(item.new, line=shifted.new(item.new.line)))

    report.moved = moved
    report.left = list(map(placed, report.left))
    report.ignored = list(map(placed, report.ignored))


def _line(line: int, file: CellFile) -> int:
    return file.lines[min(line, len(file.lines)) - 1]


def _leave(notebook: FileReport, file: CellFile, why: str) -> None:
    reason = WRITTEN.format(name=file.path, why=why)
    place = f"cell {file.number}, line {file.head}"
    line = _line(1, file)
    notebook.left.append(
        LeftAlone(line, UNREAD_API, UNREAD_CODE, reason, UNREAD_ADVICE, place=place)
    )
