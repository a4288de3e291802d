"""Files that have nothing to do with slim: the answer of a hook, most of the time.

What rewrites code takes a while to load, and is not needed to say that there is nothing to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slimport import __version__
from slimport.report.model import FileReport, Report
from slimport.rewrite.extent import Wanted, extents

if TYPE_CHECKING:
    from slimport.rewrite.command import CommandResult


class _Clean:
    """As `CommandResult`, of a run that changes nothing."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.trees: list[object] = []

    def changes(self) -> list[tuple[str, bytes, bytes]]:
        return []


def clean_result(wanted: Wanted) -> CommandResult | None:
    """The result of a run in which no file names slim or TensorFlow; None if one may."""
    if wanted.stdin is None and not all(path.exists() for path in wanted.paths):
        return None
    report = Report(__version__)
    for extent in extents(wanted):
        if not extent.is_clean:
            return None
        for path in sorted(extent.given):
            report.files.append(FileReport(path.as_posix(), root=str(extent.root)))
    return _Clean(report)  # type: ignore[return-value]
