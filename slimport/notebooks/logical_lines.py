"""Where the logical lines of a cell begin: IPython takes a magic nowhere else."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TOKEN = re.compile(r"""\#.*|\"\"\"|'''|["']|[()\[\]{}]|\\.?|[^#"'()\[\]{}\\]+""", re.DOTALL)


def end_of(lines: Sequence[str], first: int) -> int:
    """Index of the line after the logical line of Python that begins at `first`."""
    depth, quote, index = 0, "", first
    while index < len(lines):
        line, at, joined = lines[index], 0, False
        while at < len(line):
            if quote:
                at, quote, joined = _in_string(line, at, quote)
                continue
            found = _TOKEN.match(line, at)
            assert found is not None
            token, at = found.group(), found.end()
            joined = token == "\\"
            if token in ('"""', "'''", '"', "'"):
                quote = token
            elif token in "([{":
                depth += 1
            elif token in ")]}":
                depth -= 1
        index += 1
        if len(quote) == 1 and not joined:
            quote = ""  # a string that ends with its line is no string: the cell will not parse
        if not quote and depth <= 0 and not joined:
            return index
    return index


def _in_string(line: str, at: int, quote: str) -> tuple[int, str, bool]:
    """Where a string goes on, what still closes it, and whether it joins the next line."""
    while at < len(line):
        if line[at] == "\\":
            if at + 1 == len(line):
                return len(line), quote, True
            at += 2
        elif line.startswith(quote, at):
            return at + len(quote), "", False
        else:
            at += 1
    return len(line), quote, False
