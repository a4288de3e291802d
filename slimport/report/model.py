"""What a rewrite did, as data: the one model behind every face of the report."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from slimport.report.lines import LineMap


class Status(StrEnum):
    """What became of a file."""

    REWRITTEN = "rewritten"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True)
class Position:
    """A stretch of a file; lines and columns count from 1, columns in characters.

    Attributes:
        column: 0 where only the line is known.
        end_column: the column after the last character.
        place: where it is in words, in a file that is not read by its lines: ``cell 3, line 2``.
    """

    line: int
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    place: str = ""


@dataclass(frozen=True)
class Rewritten:
    """One reference that became something else; where it was, as in `Position`."""

    line: int
    api: str
    code: str
    rule: str
    note: str = ""
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    place: str = ""

    @property
    def old(self) -> Position:
        return Position(self.line, self.column, self.end_line, self.end_column, self.place)


@dataclass(frozen=True)
class LeftAlone:
    """One reference that stays as it was, and why; where it was, as in `Position`.

    Attributes:
        advice: what to do about it.
        new: where it is once the file is rewritten; None where the file stays as it is.
    """

    line: int
    api: str
    code: str
    reason: str
    advice: str = ""
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    place: str = ""
    new: Position | None = None

    @property
    def old(self) -> Position:
        return Position(self.line, self.column, self.end_line, self.end_column, self.place)


@dataclass(frozen=True)
class FunctionForm:
    """How one layer-building function came out.

    Attributes:
        layers: "keras" (plain layers) or "scoped" (layer factories).
        tensors: "keras.ops" or "tensorflow": what became of its own tensor code.
        model: "functional", or "traced" where it or what it calls keeps TensorFlow functions.
        why: what kept it from the simpler form, one reason per entry.
    """

    line: int
    function: str
    layers: str
    tensors: str
    model: str
    why: tuple[str, ...] = ()


@dataclass
class FileReport:
    """One file of the tree.

    Attributes:
        path: relative to `root`.
        legacy_imports: names that the written module's `legacy_import` supplies from now on.
        root: the folder that was rewritten, or written to; empty where `path` is complete.
        held: why nothing was rewritten that would have been, because something is ignored.
        ignored: what a comment or the run's selection keeps from being marked or rewritten.
        moved: its lines after the rewrite, where it changes.
    """

    path: str
    status: Status = Status.UNCHANGED
    rewritten: list[Rewritten] = field(default_factory=list)
    left: list[LeftAlone] = field(default_factory=list)
    ignored: list[LeftAlone] = field(default_factory=list)
    functions: list[FunctionForm] = field(default_factory=list)
    legacy_imports: list[str] = field(default_factory=list)
    error: str = ""
    held: str = ""
    root: str = ""
    moved: LineMap | None = field(default=None, repr=False, compare=False)

    @property
    def shown(self) -> str:
        """The path as a reader finds it from where the command runs."""
        path = Path(self.root) / self.path
        if path.is_absolute() and path.is_relative_to(Path.cwd()):
            path = path.relative_to(Path.cwd())
        return path.as_posix()

    def to_json(self) -> dict[str, Any]:
        lists = ("rewritten", "left", "ignored", "functions")
        data = {name: value for name, value in vars(self).items() if name != "moved"}
        return {**data, **{name: [asdict(item) for item in data[name]] for name in lists}}


@dataclass
class Report:
    """The whole run.

    Attributes:
        written: whether the files were written; otherwise all is still at its old place.
    """

    version: str
    files: list[FileReport] = field(default_factory=list)
    written_modules: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    written: bool = False

    @property
    def failed(self) -> list[FileReport]:
        return [file for file in self.files if file.status is Status.FAILED]

    @property
    def changed(self) -> list[FileReport]:
        return [file for file in self.files if file.status is Status.REWRITTEN]

    @property
    def left(self) -> int:
        return sum(len(file.left) for file in self.files)

    @property
    def legacy_imports(self) -> int:
        return sum(len(file.legacy_imports) for file in self.files)

    def position(self, file: FileReport, left: LeftAlone) -> Position:
        """Where it is on the disk, now that the run is over."""
        moved = self.written and file.status is Status.REWRITTEN
        return left.new if moved and left.new is not None else left.old

    def line(self, file: FileReport, line: int) -> int:
        """Where a line of the old file is on the disk, now that the run is over."""
        moved = self.written and file.status is Status.REWRITTEN and file.moved is not None
        return file.moved.new(line) if moved and file.moved is not None else line

    def by_rule(self) -> dict[str, dict[str, int]]:
        """Rewritten and left references for each rule's code."""
        done = Counter(item.code for file in self.files for item in file.rewritten)
        left = Counter(item.code for file in self.files for item in file.left)
        return {
            code: {"rewritten": done[code], "left": left[code]} for code in sorted({*done, *left})
        }

    def summary(self) -> dict[str, Any]:
        """The run in numbers."""
        return {
            "files": len(self.files),
            "rewritten_files": len(self.changed),
            "failed_files": len(self.failed),
            "rewritten": sum(len(file.rewritten) for file in self.files),
            "left": self.left,
            "ignored": sum(len(file.ignored) for file in self.files),
            "held_files": sum(bool(file.held) for file in self.files),
            "legacy_imports": self.legacy_imports,
            "by_rule": self.by_rule(),
        }

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dictionary; `schema` names its layout."""
        return {
            "schema": "slimport.rewrite/1",
            "version": self.version,
            "written": self.written,
            "summary": self.summary(),
            "written_modules": self.written_modules,
            "notes": self.notes,
            "files": [file.to_json() for file in self.files],
        }
