"""A file of Python 2 as a program of Python 3, with the lines of the file that it came from."""

from __future__ import annotations

import difflib
import importlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from slimport.python2.fixers import NotPython2, fissix, fixed
from slimport.python2.meaning import exact
from slimport.python2.neighbours import explicit
from slimport.python2.raises import unsure

_INDENT = re.compile(r"^[ \t]*(?=\S)")


@dataclass(frozen=True)
class Converted:
    """What became of a file; it is a `Container`, since its lines are not the program's.

    Attributes:
        old: the file's text.
        new: the program's text.
        notes: what was done, in words.
    """

    old: str
    new: str
    notes: tuple[str, ...]

    def with_program(self, code: bytes) -> bytes:
        return code

    def place(self, line: int) -> str:
        return f"line {self.line_in_file(line)}"

    def line_in_file(self, line: int) -> int:
        return self._lines[min(line, len(self._lines)) - 1]

    @cached_property
    def _lines(self) -> list[int]:
        """The line of the file for each of the program: its own, or the last before it."""
        old, new = self.old.split("\n"), self.new.split("\n")
        found: list[int] = []
        matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
        for _, start, end, first, last in matcher.get_opcodes():
            found += [max(1, min(start + i + 1, end)) for i in range(last - first)]
        return found


def can_convert() -> bool:
    """Whether the extra [py2] is installed."""
    return fissix() is not None


def convert(path: Path, text: str) -> Converted:
    """Converts the text of the file `path`.

    Raises:
        NotPython2: it is not Python 2, or cannot be made Python 3.
    """
    done = []
    try:
        text3, fixers = fixed(text)
    except NotPython2 as error:
        if not isinstance(error.__cause__, TabError):
            raise
        text3, fixers = fixed(_with_blanks(text))
        done = ["blanks for tabs"]
    text3, imports = explicit(text3, path)
    text3, divisions = exact(text3, path, unsure(text))
    done += [f"{name} ({count})" for name, count in sorted(fixers.items())]
    done += [f"imports of neighbours ({imports})"] if imports else []
    done += [f"/ of ints to // ({divisions})"] if divisions else []
    return Converted(text, text3, (f"converted from Python 2: {', '.join(done) or 'texts'}",))


def _with_blanks(text: str) -> str:
    """The text with blanks for the tabs at the head of its lines.

    Python 2 takes a tab for the blanks up to the next multiple of eight; Python 3 refuses lines of
    one block of which some have tabs and some have blanks.
    """
    lines = text.split("\n")
    in_strings = set(_lines_in_strings(text))
    for number, line in enumerate(lines, 1):
        found = _INDENT.match(line)
        if found is not None and number not in in_strings:
            lines[number - 1] = found.group().expandtabs(8) + line[found.end() :]
    return "\n".join(lines)


def _lines_in_strings(text: str) -> Iterator[int]:
    """Numbers of the lines that begin inside a string."""
    tokenizer = importlib.import_module("fissix.pgen2.tokenize")
    for kind, _, start, end, _ in tokenizer.generate_tokens(io.StringIO(text).readline):
        if kind == tokenizer.STRING:
            yield from range(start[0] + 1, end[0] + 1)


__all__ = ["Converted", "NotPython2", "can_convert", "convert"]
