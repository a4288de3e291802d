"""One file of a tree as a program, or None where nothing of it can concern slimport."""

from __future__ import annotations

import ast
from pathlib import Path

from slimport.files.discover import NOTEBOOK
from slimport.files.source import (
    LARGEST,
    NotPython3,
    Source,
    SourceError,
    concerns_slim,
    decoded,
    parse,
)
from slimport.python2.reading import converted, from_python2, stays


def read(path: Path, data: bytes, all_python2: bool = False) -> Source | None:
    """Reads `data` as the file `path`; Python 2 becomes Python 3 with the extra [py2].

    Every file of a tree can pass a name on to others, so that also those are read which name
    neither slim nor TensorFlow; their syntax errors are nobody's concern here.

    Args:
        path: where the file is.
        data: its bytes.
        all_python2: whether those of Python 2 are converted, too.

    Raises:
        SourceError: a file that concerns slimport cannot be read.
    """
    if path.suffix == NOTEBOOK:
        from slimport.notebooks.reading import read_notebook

        return read_notebook(path, data)
    if not concerns_slim(data):
        found = _read_quietly(path, data)
        if all_python2 and stays(path, data, found):
            return converted(path, data) or found
        return found
    if len(data) > LARGEST:
        raise SourceError(f"larger than {LARGEST // 2**20} MiB")
    try:
        return parse(path, data)
    except NotPython3 as error:
        program = from_python2(path, data, error)
        if program is None:
            raise
        return program


def _read_quietly(path: Path, data: bytes) -> Source | None:
    if len(data) > LARGEST:
        return None
    try:
        text, encoding = decoded(data)
        return Source(path, data, encoding, ast.parse(text))
    except (SyntaxError, LookupError, ValueError, RecursionError, MemoryError):
        return None
