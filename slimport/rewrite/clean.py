"""Files that have nothing to do with slim: the answer of a hook, most of the time.

What rewrites code takes a while to load, and is not needed to say that there is nothing to do.
"""

from __future__ import annotations

from slimport import __version__
from slimport.report.model import FileReport, Report
from slimport.rewrite.command_result import CommandResult
from slimport.rewrite.extent import Extent, Wanted, extents

# Of a larger program, the index would be made twice: here, and for the rewrite.
_SMALL = 200_000


def _is_unconcerned(extent: Extent) -> bool:
    """Whether all files can be read, and the index sees nothing in them that is to be rewritten."""
    from slimport.files.read import read
    from slimport.files.source import SourceError
    from slimport.rewrite.unconcerned import is_unconcerned
    from slimport.rewrite.written_module import is_ours

    if extent.unlisted or any(name.suffix != ".py" for name in extent.given | extent.near):
        return False
    try:
        data = {
            name: extent.texts.get(name) or (extent.root / name).read_bytes()
            for name in sorted(extent.given | extent.near)
        }
        ours = {name for name, text in data.items() if is_ours(text)}
        data = {name: text for name, text in data.items() if name not in ours}
        if sum(map(len, data.values())) > _SMALL or not ours.isdisjoint(extent.given):
            return False
        sources = {name: read(extent.root / name, text) for name, text in data.items()}
    except (OSError, SourceError, RecursionError):
        return False
    return is_unconcerned({name: source for name, source in sources.items() if source is not None})


def clean_result(wanted: Wanted) -> CommandResult | None:
    """The result of a run in which no file names slim or TensorFlow; None if one may."""
    if wanted.stdin is None and not all(path.exists() for path in wanted.paths):
        return None
    report = Report(__version__)
    for extent in extents(wanted):
        if not extent.is_clean and not _is_unconcerned(extent):
            return None
        for path in sorted(extent.given):
            report.files.append(FileReport(path.as_posix(), root=str(extent.root)))
    return CommandResult(report)
