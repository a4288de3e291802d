"""Errors of slimport's own, as one line of the report; and the file that brings them about."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from slimport.files.source import Source

_LOG = logging.getLogger("slimport")
_HOME = Path(__file__).parents[1].name


def in_words(error: BaseException) -> str:
    """An exception that nobody expected, with the place in slimport that it comes from."""
    _LOG.info("internal error", exc_info=error)
    if isinstance(error, RecursionError):
        return "too deeply nested"
    if isinstance(error, MemoryError):
        return "not enough memory"
    if type(error).__name__ == "Misplaced":
        return f"cannot be rewritten: {error}"
    if isinstance(error, UnicodeEncodeError):
        text = error.object[error.start : error.end]
        return f"{text!r} cannot be written in the file's encoding, {error.encoding}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if _is_ours(f.filename)]
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    said = " ".join(f"{type(error).__name__}: {error}".split())
    return f"internal error, please report it: {said[:300]}{place}"


def culprit(
    sources: Mapping[PurePosixPath, Source],
    attempt: Callable[[Mapping[PurePosixPath, Source]], object],
) -> PurePosixPath:
    """The file with which an attempt on all of them begins to fail; "." where none is needed."""
    names = sorted(sources)
    low, high = 0, len(names)  # the first `low` do not fail, the first `high` do
    while high - low > 1:
        middle = (low + high) // 2
        try:
            attempt({name: sources[name] for name in names[:middle]})
        except Exception:
            high = middle
        else:
            low = middle
    return names[high - 1] if names else PurePosixPath()


def _is_ours(path: str) -> bool:
    parts = Path(path).parts
    return _HOME in parts or "rules" in parts
