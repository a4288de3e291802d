"""Files that have nothing to do with slim: the answer of a hook, most of the time.

What rewrites code takes a while to load, and is not needed to say that there is nothing to do.
"""

from __future__ import annotations

from slimport import __version__
from slimport.files.installed import holds_installed
from slimport.report.model import FileReport, Report
from slimport.rewrite.command_result import CommandResult
from slimport.rewrite.extent import Extent, Wanted, extents


def clean_result(wanted: Wanted) -> CommandResult | None:
    """The result of a run in which no file names slim or TensorFlow; None if one may."""
    if wanted.stdin is None and not all(path.exists() for path in wanted.paths):
        return None
    if any(path.is_dir() and holds_installed(path) for path in wanted.paths):
        return None  # many programs: each is looked at in its turn
    report = Report(__version__)
    for extent in extents(wanted):
        if not is_untouched(extent):
            return None
        report.files += files_of(extent)
    return CommandResult(report)


def is_untouched(extent: Extent) -> bool:
    """Whether there is nothing to do in a program, as can be told before the index is made."""
    if extent.is_clean:
        return True
    from slimport.rewrite import unconcerned

    return unconcerned.is_untouched(extent)


def files_of(extent: Extent) -> list[FileReport]:
    """The entries of files that stay as they are."""
    return [FileReport(p.as_posix(), root=str(extent.root)) for p in sorted(extent.given)]
