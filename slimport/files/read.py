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
from slimport.python2.detect import INSTALL


def read(path: Path, data: bytes) -> Source | None:
    """Reads `data` as the file `path`; Python 2 becomes Python 3 with the extra [py2].

    Every file of a tree can pass a name on to others, so that also those are read which name
    neither slim nor TensorFlow; their syntax errors are nobody's concern here.

    Raises:
        SourceError: a file that concerns slimport cannot be read.
    """
    if path.suffix == NOTEBOOK:
        from slimport.notebooks.reading import read_notebook

        return read_notebook(path, data)
    if not concerns_slim(data):
        return _read_quietly(path, data)
    if len(data) > LARGEST:
        raise SourceError(f"larger than {LARGEST // 2**20} MiB")
    try:
        return parse(path, data)
    except NotPython3 as error:
        converted = _from_python2(path, data, error)
        if converted is None:
            raise
        return converted


def _from_python2(path: Path, data: bytes, error: NotPython3) -> Source | None:
    from slimport.python2.convert import NotPython2, can_convert, convert

    if not can_convert():
        return None
    try:
        found = convert(path, error.text)
    except NotPython2 as why:
        if INSTALL not in str(error):
            return None
        seen = str(error).removesuffix(f": {INSTALL}")
        raise SourceError(f"{seen}, which cannot be converted: {why}") from why
    program = parse(path, found.new.encode(error.encoding))
    return Source(
        path, program.data, program.encoding, program.tree, data, found, found.notes
    )  # fmt: skip


def _read_quietly(path: Path, data: bytes) -> Source | None:
    if len(data) > LARGEST:
        return None
    try:
        text, encoding = decoded(data)
        return Source(path, data, encoding, ast.parse(text))
    except (SyntaxError, LookupError, ValueError, RecursionError, MemoryError):
        return None
