"""Lines of a program back into the cell that they came from: IPython's as they were."""

from __future__ import annotations

import ast
import re

from slimport.files.source import SourceError
from slimport.notebooks.cells import Masked, MaskedCell
from slimport.notebooks.installs import only_installs_slim
from slimport.notebooks.json_text import CodeCell


def unmasked(segment: str, cell: CodeCell, masks: MaskedCell) -> str | None:
    """A cell's text with the lines of IPython; None where it stays as it was."""
    lines = segment.split("\n")
    found = {}
    for masked in masks.masked:
        places = [i for i, line in enumerate(lines) if masked.code_of(line) is not None]
        if not places and masked.sign not in segment and _may_go(masked):
            continue
        if len(places) != 1 or segment.count(masked.sign) != 1:
            raise SourceError(f"{_words(masked, cell)} would be lost; not written")
        found[places[0]] = masked
    if list(found) != sorted(found):
        raise SourceError(f"lines of cell {cell.number} would change their order; not written")
    result: list[str] = []
    for index, line in enumerate(lines):
        if index not in found:
            result.append(line)
            continue
        masked = found[index]
        text = _line(line, masked, cell)
        if masked.whole:
            return None
        if masked.head:
            above = [empty for empty in result if not empty.strip()]
            result = [*above, text, *(kept for kept in result if kept.strip())]
        else:
            result.append(text)
    return "\n".join(_edges(result, cell))


def _line(line: str, masked: Masked, cell: CodeCell) -> str:
    """A line of the cell for one of the program."""
    indent = line[: len(line) - len(line.lstrip())]
    code = masked.code_of(line[len(indent) :])
    assert code is not None
    if code == masked.code:
        return indent + masked.text
    command = _command(code) if masked.prefix else None
    if command is None:
        raise SourceError(f"{_words(masked, cell)} names what would change; not written")
    return f"{indent}{masked.prefix}{command}"


def _may_go(masked: Masked) -> bool:
    """Whether a line is one that installs tf_slim and nothing else."""
    command = _command(masked.code) if masked.prefix else None
    return command is not None and only_installs_slim(command)


def _command(code: str) -> str | None:
    """The command of a call that IPython would make, None where it is another call."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return None
    match tree.body:
        case [
            ast.Expr(
                ast.Call(
                    ast.Attribute(ast.Call(ast.Name("get_ipython"), [], []), "system"),
                    [ast.Constant(str(command)), *_],
                )
            )
        ]:
            return command
        case [
            ast.Expr(
                ast.Call(
                    ast.Attribute(ast.Call(ast.Name("get_ipython"), [], []), "run_line_magic"),
                    [ast.Constant(str(name)), ast.Constant(str(command))],
                )
            )
        ]:
            return f"{name} {command}"
    return None


def _words(masked: Masked, cell: CodeCell) -> str:
    first = masked.text.partition("\n")[0]
    return f"cell {cell.number}: the line {first!r}"


def _edges(lines: list[str], cell: CodeCell) -> list[str]:
    """Without the blank lines at either end that the old cell did not have."""
    old = cell.source.text.split("\n")
    return _trimmed(_trimmed(lines, old)[::-1], old[::-1])[::-1]


def _trimmed(lines: list[str], old: list[str]) -> list[str]:
    """Without blank lines at the beginning, beyond those that were there."""
    count, allowed = _blank(lines), _blank(old)
    return lines[max(0, count - allowed) :]


def _blank(lines: list[str]) -> int:
    return next((i for i, line in enumerate(lines) if line.strip()), len(lines))


def in_style_of(old: str, new: str) -> str:
    """With the line ends of the cell, if all its lines end alike."""
    if "\r\n" in old and not re.search(r"(?<!\r)\n", old):
        return re.sub(r"\r?\n", "\r\n", new)
    return new
