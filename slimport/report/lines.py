"""Where a line of a file is after the file was rewritten."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from functools import cached_property

#: What `slimport.rewrite.python2.remarks` says of several lines.
_NAMED = re.compile(r"(?<=Look at line )\d+|(?<=Look at lines )[\d, ]*\d")
_LINE_END = re.compile(rb"\r\n|\r|\n")
#: Beyond these many lines difflib may pass over frequent ones, or it takes minutes.
_MANY = 5_000


def renumbered(text: str, new: Callable[[int], int]) -> str:
    """A remark with other numbers for the lines that it names."""
    return _NAMED.sub(
        lambda named: re.sub(r"\d+", lambda line: str(new(int(line[0]))), named[0]), text
    )


def split_lines(data: bytes) -> list[bytes]:
    """Lines as `ast` and libcst number them: a form feed ends none."""
    return _LINE_END.split(data)


class LineMap:
    """Old line numbers to new ones, from 1; compared only when somebody asks."""

    def __init__(self, old: bytes, new: bytes) -> None:
        self._old = old
        self._new = new

    def new(self, line: int) -> int:
        """The line that `line` became; where it was replaced, the one in its place."""
        start, first, last = self._block(line - 1)
        return min(first + (line - 1 - start), max(first, last - 1)) + 1

    def _block(self, index: int) -> tuple[int, int, int]:
        for _, start, end, first, last in self._blocks:
            if start <= index < end:
                return start, first, last
        return index, index, index + 1  # beyond the end: nothing is known of it

    @cached_property
    def _blocks(self) -> list[tuple[str, int, int, int, int]]:
        old, new = split_lines(self._old), split_lines(self._new)
        same = _equal_at_start(old, new)
        matcher = SequenceMatcher(None, old[same:], new[same:], autojunk=len(old) > _MANY)
        rest = [
            (kind, start + same, end + same, first + same, last + same)
            for kind, start, end, first, last in matcher.get_opcodes()
        ]
        return [("equal", 0, same, 0, same), *rest]


def _equal_at_start(old: Sequence[bytes], new: Sequence[bytes]) -> int:
    pairs = enumerate(zip(old, new, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(old), len(new)))
