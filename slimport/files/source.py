"""Reading a file without loss, as the Python 3 program that it holds."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from slimport.index.walking import walk
from slimport.python2.detect import INSTALL, misread, refused

# A file without any of these bytes cannot refer to slim or TensorFlow, and is never parsed.
_NEEDLES = (b"tensorflow", b"slim", b"scoped_layers")
#: What ends a line of Python; `str.splitlines` knows others.
_LINE_END = re.compile("\r\n|\r|\n")
#: A longer file is data, whatever its name: its trees would take gigabytes.
LARGEST = 5 * 2**20
#: As many operands of one `and`, or parts of one dotted name: flat for `ast`, nested for libcst,
#: whose parser ends the whole process where its stack does.
_NESTED = 1000


class SourceError(Exception):
    """A file that cannot be read as Python 3; the message names the place."""


class NotPython3(SourceError):
    """A file that Python 3 does not parse, or takes for something that Python 2 does not mean.

    Attributes:
        text: the file's text.
        encoding: its PEP 263 encoding.
    """

    def __init__(self, message: str, text: str, encoding: str) -> None:
        super().__init__(message)
        self.text = text
        self.encoding = encoding


class Container(Protocol):
    """A file that holds a program without being one: a notebook."""

    def with_program(self, code: bytes) -> bytes:
        """The whole file, with `code` in the place of the program that was read."""

    def place(self, line: int) -> str:
        """Where a line of the program stands, in words: ``cell 3, line 2``."""

    def line_in_file(self, line: int) -> int:
        """The line of the file itself in which a line of the program stands, from 1."""


@dataclass(frozen=True)
class Source:
    """A program of Python 3, and the file that it was read from.

    Attributes:
        path: where it was read from.
        data: the program's bytes, which are the file's own in most cases.
        encoding: PEP 263 encoding of `data`.
        tree: parsed by `ast`.
        file_data: the file's bytes where they are not `data` (a notebook, Python 2).
        container: what holds the program, if it is not the file itself.
        notes: what reading did to the program, for the report.
    """

    path: Path
    data: bytes
    encoding: str
    tree: ast.Module
    file_data: bytes | None = None
    container: Container | None = None
    notes: tuple[str, ...] = ()

    @property
    def original(self) -> bytes:
        """The file as it is on the disk."""
        return self.data if self.file_data is None else self.file_data

    def with_program(self, code: bytes) -> bytes:
        """The file as it is to be written if its program becomes `code`."""
        return code if self.container is None else self.container.with_program(code)

    @property
    def lines(self) -> list[str]:
        """The file's lines, as `ast` and libcst number them."""
        text = self.data.decode(self.encoding)
        return _LINE_END.split(text) if "\r" in text else text.split("\n")


def concerns_slim(data: bytes) -> bool:
    """Whether a file's bytes name anything that a rule could take."""
    return any(needle in data for needle in _NEEDLES)


def decoded(data: bytes) -> tuple[str, str]:
    """A file's text, and its PEP 263 encoding.

    Raises:
        SyntaxError: the file names no encoding that there is.
        UnicodeDecodeError: it has another one than it names.
        LookupError: as SyntaxError, of some codecs.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding), encoding


def parse(path: Path, data: bytes) -> Source:
    """Parses bytes as the file `path`.

    Raises:
        NotPython3: it does not parse, or Python 2 means something else by it.
        SourceError: undecodable, or too deep for the parser.
    """
    try:
        text, encoding = decoded(data)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise SourceError(f"cannot be decoded: {error}") from error
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise NotPython3(_syntax_message(error, text), text, encoding) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise SourceError(f"cannot be parsed: {error}") from error
    if _is_deep_for_libcst(data, tree):
        raise SourceError("cannot be parsed: too deeply nested")
    seen = misread(tree)
    if seen is not None:
        raise NotPython3(f"{seen}: {INSTALL}", text, encoding)
    return Source(path, data, encoding, tree)


def _is_deep_for_libcst(data: bytes, tree: ast.Module) -> bool:
    words = data.count(b"and") + data.count(b"or")
    if words <= _NESTED and data.count(b".") <= _NESTED:
        return False
    for node in walk(tree):
        if isinstance(node, ast.BoolOp) and len(node.values) > _NESTED:
            return True
        if isinstance(node, ast.alias) and node.name.count(".") > _NESTED:
            return True
    return False


def _syntax_message(error: SyntaxError, text: str) -> str:
    seen = refused(error, text)
    if seen is not None:
        return f"{seen}: {INSTALL}"
    place = f"line {error.lineno}: " if error.lineno else ""
    return f"{place}invalid syntax: {error.msg}"
