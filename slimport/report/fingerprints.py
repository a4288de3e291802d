"""A mark for each finding that stays when its line moves, so that servers know what is new."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from slimport.report.findings import Finding
from slimport.report.lines import split_lines
from slimport.report.roots import Roots, full_path


def fingerprints(found: Sequence[Finding], roots: Roots) -> list[str]:
    """A mark for each, none twice.

    It is made of the rule, what is said and the text of the line, and counts what is equal in all
    of these. Numbers inside of messages, which may be lines, do not count.
    """
    seen: Counter[str] = Counter()
    texts: dict[Path, list[bytes]] = {}
    result = []
    for item in found:
        uri = roots.uri(item.file)[0] if item.file is not None else ""
        said = re.sub(r"\d+", "0", item.text)
        parts = (item.kind.value, item.code, item.api, said, uri, _line(item, texts))
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
        seen[digest] += 1
        result.append(f"{digest}:{seen[digest]}")
    return result


def _line(item: Finding, texts: dict[Path, list[bytes]]) -> str:
    """The text of its line; empty where the file cannot be read."""
    if item.file is None or item.position is None:
        return ""
    path = full_path(item.file)
    if path not in texts:
        try:
            texts[path] = split_lines(path.read_bytes())
        except OSError:
            texts[path] = []
    index = item.position.line - 1
    in_file = 0 <= index < len(texts[path])
    return texts[path][index].strip().decode("utf-8", "replace") if in_file else ""
