"""Keeps arguments under their bracket when what stands before it has become shorter or longer."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst
from libcst.metadata import CodeRange

from slimport.rewrite.positions import Positions, code_of

_STRINGS = (cst.SimpleString, cst.FormattedString)


@dataclass(frozen=True)
class _Call:
    start: int
    end: int
    column: int


def alignment(call: cst.Call, whole: CodeRange, function: CodeRange, lines: list[str]) -> int:
    """Under which bracket the further lines of a call's arguments begin, if under one.

    Args:
        call: a call whose arguments may span lines.
        whole: its position.
        function: position of its callee.
        lines: the file's lines.

    Returns:
        1 for the call's own parenthesis, 2 for a bracket that opens inside of it on the same line
        (``stack([a,``), and so on; 0 where the lines begin elsewhere.
    """
    if function.end.line == whole.end.line or isinstance(
        call.whitespace_before_args, cst.ParenthesizedWhitespace
    ):
        return 0
    second = lines[function.end.line]
    indent = len(second) - len(second.lstrip(" "))
    open_ones = _open_brackets(lines[function.end.line - 1], function.end.column)
    return open_ones.index(indent - 1) + 1 if indent - 1 in open_ones else 0


def aligned_calls(positions: Positions, lines: list[str]) -> dict[int, int]:
    """The `alignment` of each call that has one, by its `id`."""
    calls = (cst.ensure_type(node, cst.Call) for node in positions if type(node) is cst.Call)
    found = {
        id(call): alignment(call, positions[call], positions[call.func], lines)
        for call in calls
        if positions.spans_lines(call)
    }
    return {call: depth for call, depth in found.items() if depth}


def _open_brackets(line: str, start: int) -> list[int]:
    """Columns of the brackets that open in a line from `start` on and do not close in it."""
    found: list[int] = []
    quote = ""
    for column, character in enumerate(line[start:], start):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "#":
            break
        elif character in "([{":
            found.append(column)
        elif character in ")]}" and found:
            found.pop()
    return found


def realign(tree: cst.Module, aligned: dict[int, int]) -> str:
    """Code of a tree with the further lines of its calls moved under their brackets.

    Args:
        tree: the rewritten module.
        aligned: the `alignment` in the old code of each call of it that had one, by its `id`.
    """
    if not aligned:
        return code_of(tree)
    calls, callees = [], set[int]()

    def is_wanted(node: cst.CSTNode) -> bool:
        if id(node) in aligned:
            callees.add(id(cst.ensure_type(node, cst.Call).func))
        return id(node) in aligned or id(node) in callees or type(node) in _STRINGS

    positions = Positions(tree, wanted=is_wanted)
    lines = positions.code.split("\n")
    for node in positions:
        if id(node) in aligned:
            last = positions[node].end.line
            function = positions[cst.ensure_type(node, cst.Call).func].end
            open_ones = _open_brackets(lines[function.line - 1], function.column)
            if len(open_ones) >= aligned[id(node)]:
                column = open_ones[aligned[id(node)] - 1] + 1
                calls.append(_Call(function.line, last, column))
    if not calls:
        return positions.code
    fixed = _string_lines(positions)
    calls.sort(key=lambda call: (call.start, -call.end))
    shifts = [0] * (len(lines) + 1)
    for call in calls:
        _shift(call, lines, shifts, fixed)
    return "\n".join(_indented(line, shifts[number]) for number, line in enumerate(lines, 1))


def _shift(call: _Call, lines: list[str], shifts: list[int], fixed: set[int]) -> None:
    further = range(call.start + 1, call.end + 1)
    if not further or fixed.intersection(further):
        return
    second = lines[call.start]
    indent = len(second) - len(second.lstrip(" "))
    delta = (call.column + shifts[call.start]) - (indent + shifts[call.start + 1])
    for number in further:
        shifts[number] += delta


def _indented(line: str, shift: int) -> str:
    if not shift or not line.strip():
        return line
    body = line.lstrip(" ")
    return " " * max(0, len(line) - len(body) + shift) + body


def _string_lines(positions: Positions) -> set[int]:
    """Lines that begin inside a string: moving them would change its value."""
    inside: set[int] = set()
    for node in positions:
        if type(node) in _STRINGS and positions.spans_lines(node):
            span = positions[node]
            inside.update(range(span.start.line + 1, span.end.line + 1))
    return inside
