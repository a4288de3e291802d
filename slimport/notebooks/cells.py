"""One code cell as lines of Python: what is IPython's becomes a call, with a sign to know it by."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from slimport.notebooks import magics
from slimport.notebooks.cell_files import written_by
from slimport.notebooks.logical_lines import end_of
from slimport.python2.detect import refused

_ABOUT = re.compile(r"\b(tf_slim|tensorflow\.contrib|tf\.contrib|slim(?=\.[a-z]\w*\())\b")


@dataclass(frozen=True)
class Masked:
    """What stands in the program for lines that are IPython's.

    Attributes:
        sign: the string at the end of its line, once in the whole program.
        code: the line of the program, without indentation and sign.
        text: what is in the cell, without indentation.
        prefix: see `magics.Call`.
        whole: it stands for the whole cell.
        head: it is the line above a cell of Python, before which nothing may stand.
    """

    sign: str
    code: str
    text: str
    prefix: str = ""
    whole: bool = False
    head: bool = False

    @property
    def line(self) -> str:
        """One statement, as in the cell; an import has no place for the sign, and gets a second."""
        if self.code.endswith(")"):
            return f"{self.code[:-1]}, sign={self.sign!r})"
        return f"{self.code}; {self.sign!r}"

    def code_of(self, line: str) -> str | None:
        """The code of its line, as far as that is still its own; None for other lines."""
        for mark, end in ((f", sign={self.sign!r})", ")"), (f"; {self.sign!r}", "")):
            if line.endswith(mark):
                return line.removesuffix(mark) + end
        return None


@dataclass
class MaskedCell:
    """The lines of the program that a cell becomes.

    Attributes:
        lines: of the program.
        places: the line of the cell, from 1, that each of them begins at.
        why_not: why the cell is no Python, where it is none.
    """

    lines: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    masked: list[Masked] = field(default_factory=list)
    why_not: str = ""

    def add(self, line: str, place: int) -> None:
        self.lines.append(line)
        self.places.append(place)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def mask(text: str, names: Collection[str], sign: Callable[[], str]) -> MaskedCell:
    """Makes a cell a part of the program.

    Args:
        text: the cell's source.
        names: what the program binds.
        sign: gives the next sign.
    """
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%") and not magics.is_python_cell(lines[first]):
        return _whole(text, names, sign(), first + 1)
    cell = MaskedCell()
    index = 0
    while index < len(lines):
        if index == first and lines[index].startswith("%%"):
            call = magics.head_call(lines[index], names)
            _add(cell, Masked(sign(), call.code, lines[index], head=True), "", index + 1)
            index += 1
            continue
        end, call_found = _ipython(lines, index, names)
        if call_found is not None:
            indent = lines[index][: len(lines[index]) - len(lines[index].lstrip())]
            original = "\n".join(lines[index:end])[len(indent) :]
            masked = Masked(sign(), call_found.code, original, call_found.prefix)
            _add(cell, masked, indent, index + 1)
        else:
            end = end_of(lines, index)
            for number in range(index, end):
                cell.add(lines[number], number + 1)
        index = end
    problem = _problem(cell.text)
    if problem is None:
        return cell
    whole = _whole(text, names, sign(), 1)
    line, whole.why_not = problem
    whole.why_not = f"line {cell.places[min(line, len(cell.places)) - 1]}: {whole.why_not}"
    return whole


def _ipython(
    lines: list[str], index: int, names: Collection[str]
) -> tuple[int, magics.Call | None]:
    """The end of a line that is IPython's, and its call; no call where it is Python's."""
    line = lines[index].strip()
    if not line or line[0] == "#" or not re.search(r"^[%!?]|=\s*[%!]|\?{1,2}\s*;?$", line):
        return index, None
    end = index + 1
    while end < len(lines) and lines[end - 1].rstrip("\r").endswith("\\"):
        end += 1
    return end, magics.line_call("\n".join(lines[index:end]).strip(), names)


def _add(cell: MaskedCell, masked: Masked, indent: str, place: int) -> None:
    cell.masked.append(masked)
    cell.add(indent + masked.line, place)


def _whole(text: str, names: Collection[str], sign: str, place: int) -> MaskedCell:
    found = _ABOUT.search(text) if written_by(text) is None else None
    call = magics.cell_call(text, names, found[0] if found else "")
    cell = MaskedCell()
    _add(cell, Masked(sign, call.code, text, whole=True), "", place)
    return cell


def _problem(text: str) -> tuple[int, str] | None:
    """The line at which a cell stops being Python, and why; Python 2 is dealt with elsewhere."""
    try:
        ast.parse(text)
    except SyntaxError as error:
        if refused(error, text) is not None:
            return None
        return error.lineno or 1, error.msg
    except (ValueError, RecursionError, MemoryError) as error:
        return 1, str(error)
    return None
