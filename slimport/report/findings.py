"""A report as a list of what there is to say: errors, what is left, changes, notes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from slimport.report.lines import renumbered
from slimport.report.model import FileReport, Position, Report, Status

_NOTE = re.compile(r"(?P<path>.+?):(?P<line>\d+): (?P<text>.*)", re.DOTALL)
_ERROR = re.compile(r"line (\d+): ")
_ABOUT_FILE = re.compile(r"(?P<path>.+?): (?P<text>.*)", re.DOTALL)


class Kind(StrEnum):
    """What a finding is, most urgent first."""

    ERROR = "error"
    LEFT = "left"
    CHANGE = "change"
    IGNORED = "ignored"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One thing to say.

    Attributes:
        file: None for what is said of the whole run.
        position: where it is on the disk, now that the run is over; None for a whole file.
        code: of the rule; empty where none has to do with it.
    """

    kind: Kind
    text: str
    file: FileReport | None = None
    position: Position | None = None
    code: str = ""
    api: str = ""
    advice: str = ""

    @property
    def place(self) -> str:
        """``path:line``, as terminals and editors follow it; empty for the whole run."""
        if self.file is None:
            return ""
        if self.position is None:
            return self.file.shown
        words = f" ({self.position.place})" if self.position.place else ""
        return f"{self.file.shown}:{self.position.line}{words}"

    @property
    def advised(self) -> str:
        """What is said, and what to do about it."""
        return f"{self.text}; {self.advice}" if self.advice else self.text

    @property
    def placed(self) -> str:
        """The same behind the words for a place that a line alone does not tell: ``cell 3``."""
        words = self.position.place if self.position is not None else ""
        return f"{words}: {self.advised}" if words else self.advised


def findings(report: Report) -> list[Finding]:
    """Everything by kind, then in the order of the files and their lines.

    Changes are listed where they are still to be made: a written file no longer has the code.
    """
    order = list(Kind)
    return sorted(_all(report), key=lambda item: order.index(item.kind))


def _all(report: Report) -> Iterator[Finding]:
    for file in report.files:
        if file.status is Status.FAILED:
            line = _ERROR.match(file.error)
            position = Position(int(line[1])) if line is not None else None
            yield Finding(Kind.ERROR, file.error, file, position)
        yield from sorted(_left(report, file), key=_line)
        if not report.written:
            yield from sorted(_changes(file), key=_line)
        yield from sorted(_ignored(report, file), key=_line)
    yield from _notes(report)


def _line(finding: Finding) -> tuple[int, int]:
    position = finding.position
    return (position.line, position.column) if position is not None else (0, 0)


def _left(report: Report, file: FileReport) -> Iterator[Finding]:
    for item in file.left:
        position = report.position(file, item)
        yield Finding(Kind.LEFT, item.reason, file, position, item.code, item.api, item.advice)


def _changes(file: FileReport) -> Iterator[Finding]:
    if file.status is not Status.REWRITTEN:
        return
    for item in file.rewritten:
        note = f": {item.note}" if item.note else ""
        text = f"{item.api} can be rewritten{note}"
        yield Finding(Kind.CHANGE, text, file, item.old, item.code, item.api)


def _ignored(report: Report, file: FileReport) -> Iterator[Finding]:
    for item in file.ignored:
        position = report.position(file, item)
        yield Finding(Kind.IGNORED, item.reason, file, position, item.code, item.api)


def _notes(report: Report) -> Iterator[Finding]:
    counts = Counter(file.path for file in report.files)
    files = {file.path: file for file in report.files if counts[file.path] == 1}
    for note in report.notes:
        found = _NOTE.fullmatch(note)
        file = files.get(found["path"]) if found is not None else None
        if found is not None and file is not None:
            position = Position(report.line(file, int(found["line"])))
            yield Finding(Kind.NOTE, found["text"], file, position)
            continue
        about = _ABOUT_FILE.fullmatch(note)
        file = files.get(about["path"]) if about is not None else None
        if about is not None and file is not None:
            text = renumbered(about["text"], partial(report.line, file))
            yield Finding(Kind.NOTE, text, file)
        else:
            yield Finding(Kind.NOTE, note)


def counted(count: int, what: str, several: str = "") -> str:
    """``1 file``, ``2 files``; `several` where the plural has no s at its end."""
    return f"{count} {what if count == 1 else several or what + 's'}"
