"""Lines of source around a site, as they are when the report is made."""

from __future__ import annotations

import re
import subprocess
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slimport.verify.result import Site, VerifyResult

#: Lines shown before and after.
BEFORE, AFTER = 3, 5

_HASH = re.compile(r"\b[0-9a-f]{40}\b")


@dataclass(frozen=True)
class Row:
    """A line of source.

    Attributes:
        number: Its number in the file.
        text: The line, without the indentation that all rows share.
        is_site: Whether it is the line that is meant.
    """

    number: int
    text: str
    is_site: bool


def excerpt(result: VerifyResult, side: str, site: Site) -> list[Row]:
    """Returns the lines around a site; the site's own line alone if its file has changed."""
    lines = _lines(result, side, site.file)
    place = site.line - 1
    is_there = 0 <= place < len(lines)
    if not is_there or (site.text and lines[place].strip() != site.text):
        return [Row(site.line, site.text, True)]
    first = max(0, place - BEFORE)
    shown = lines[first : place + AFTER + 1]
    texts = textwrap.dedent("\n".join(shown)).split("\n")
    return [Row(first + k + 1, text, first + k == place) for k, text in enumerate(texts)]


def _lines(result: VerifyResult, side: str, file: str) -> Sequence[str]:
    root = result.old if side == "old" else result.new
    text = _read(Path(root) / file)
    if text is None and side == "old" and result.base:
        text = _from_revision(result, file)
    return (text or "").splitlines()


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return None


def _from_revision(result: VerifyResult, file: str) -> str | None:
    """A file of the old tree that came from a revision and is gone: where the new one is."""
    found = _HASH.search(result.base)
    if found is None:
        return None
    command = ["git", "-C", result.new, "show", f"{found.group()}:./{file}"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=20, check=True)
        return done.stdout.decode("utf-8")
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return None
