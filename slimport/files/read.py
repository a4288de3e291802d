"""One file of a tree as a program, or None where nothing of it can concern slimport."""

from __future__ import annotations

import ast
from pathlib import Path

from slimport.files.source import Source, concerns_slim, parse


def read(path: Path, data: bytes) -> Source | None:
    """Reads `data` as the file `path`.

    Every file of a tree can pass a name on to others, so that also those are read which name
    neither slim nor TensorFlow; their syntax errors are nobody's concern here.

    Raises:
        SourceError: a file that concerns slimport cannot be read as Python 3.
    """
    if concerns_slim(data):
        return parse(path, data)
    tree = _quiet_parse(data)
    return None if tree is None else Source(path, data, "utf-8", tree)


def _quiet_parse(data: bytes) -> ast.Module | None:
    try:
        return ast.parse(data.decode("utf-8"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
