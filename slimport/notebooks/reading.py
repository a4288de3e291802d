"""Reads a notebook as the program in its code cells."""

from __future__ import annotations

from pathlib import Path

from slimport.files.source import LARGEST, NotPython3, Source, SourceError, concerns_slim, parse
from slimport.notebooks.json_text import NoNotebook
from slimport.notebooks.notebook import Notebook


def read_notebook(path: Path, data: bytes) -> Source | None:
    """Reads `data` as the notebook `path`; None where nothing of it can concern slimport.

    Raises:
        SourceError: a notebook that concerns slimport cannot be read.
    """
    try:
        return _read(path, data)
    except SourceError:
        if concerns_slim(data):
            raise
        return None


def _read(path: Path, data: bytes) -> Source | None:
    try:
        notebook = Notebook(data)
        program = notebook.program.encode()
    except NoNotebook as error:
        raise SourceError(f"cannot be read as a notebook: {error}") from error
    except UnicodeError as error:
        raise SourceError(f"cannot be decoded: {error}") from error
    if not notebook.is_python or not program:
        return None
    if len(program) > LARGEST:
        raise SourceError(f"its code is larger than {LARGEST // 2**20} MiB")
    notes = tuple(notebook.remarks())
    try:
        found = parse(path, program)
    except NotPython3 as error:
        if not concerns_slim(program):
            return None
        return _from_python2(path, data, notebook, error)
    return Source(path, program, found.encoding, found.tree, data, notebook, notes)


def _from_python2(path: Path, data: bytes, notebook: Notebook, error: NotPython3) -> Source:
    from slimport.python2.convert import NotPython2, can_convert, convert

    if not can_convert():
        raise SourceError(notebook.placed(str(error))) from error
    try:
        converted = convert(path, error.text)
    except NotPython2 as why:
        raise SourceError(notebook.placed(f"{error}, and cannot be converted: {why}")) from why
    notebook.converted = converted
    found = parse(path, converted.new.encode())
    notes = (*converted.notes, *notebook.remarks())
    return Source(path, found.data, found.encoding, found.tree, data, notebook, notes)
