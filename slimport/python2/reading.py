"""Reads a file of Python 2 as the program of Python 3 that it becomes."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path, PurePath

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
from slimport.python2.detect import INSTALL, misread, refused

#: What `misread` looks for, as bytes: most files need not be walked.
_MAY_BE = re.compile(rb"\bprint[ \t]*(?:>>|[;#\r\n]|\Z)|\bexcept[ \t][^:\n]*,")
#: As many names as a note has room for.
_NAMED = 20


def from_python2(path: Path, data: bytes, error: NotPython3) -> Source | None:
    """What becomes of a file that is no Python 3; None where nothing shows that it is Python 2.

    Raises:
        SourceError: it is Python 2, and cannot be converted.
    """
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


# Files that name neither slim nor TensorFlow -----------------------------------------------------


def stays(path: PurePath, data: bytes, source: Source | None) -> bool:
    """Whether such a file is Python 2, and was not converted.

    Args:
        path: the file.
        data: its bytes.
        source: what was read of it, None where it does not parse.
    """
    if path.suffix == NOTEBOOK or len(data) > LARGEST or concerns_slim(data):
        return False
    if source is not None:
        may_be = source.container is None and _MAY_BE.search(data) is not None
        return may_be and misread(source.tree) is not None
    try:
        text, _ = decoded(data)
    except (SyntaxError, LookupError, UnicodeDecodeError):
        return False
    try:
        ast.parse(text)
    except SyntaxError as error:
        return refused(error, text) is not None
    except (ValueError, RecursionError, MemoryError):
        pass
    return False


def converted(path: Path, data: bytes) -> Source | None:
    """Such a file as Python 3; None where that cannot be done, which is no error of the run."""
    try:
        return parse(path, data)
    except NotPython3 as error:
        try:
            return from_python2(path, data, error)
        except SourceError:
            return None
    except SourceError:
        return None


def note(paths: Sequence[PurePath], all_asked: bool) -> str:
    """What the report says of files that stay Python 2.

    Args:
        paths: the files.
        all_asked: whether also those were to be converted in which nothing is rewritten.
    """
    names = ", ".join(map(str, paths[:_NAMED]))
    names += f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    count = "1 file" if len(paths) == 1 else f"{len(paths)} files"
    why = (
        "which cannot be converted"
        if all_asked
        else "since nothing there is rewritten; --python2 converts all files"
    )
    return f"Python 2 stays in {count}, {why}: {names}"
