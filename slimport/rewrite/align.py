"""Keeps arguments under their parenthesis when the name before it has become shorter or longer."""

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


def is_aligned(call: cst.Call, whole: CodeRange, function: CodeRange, lines: list[str]) -> bool:
    """Whether the further lines of a call's arguments begin right under its first argument.

    Args:
        call: a call whose arguments may span lines.
        whole: its position.
        function: position of its callee.
        lines: the file's lines.
    """
    if function.end.line == whole.end.line or isinstance(
        call.whitespace_before_args, cst.ParenthesizedWhitespace
    ):
        return False
    second = lines[function.end.line]
    return len(second) - len(second.lstrip(" ")) == function.end.column + 1


def aligned_calls(positions: Positions, lines: list[str]) -> set[int]:
    """The `id` of each call that `is_aligned`."""
    calls = (cst.ensure_type(node, cst.Call) for node in positions if type(node) is cst.Call)
    return {
        id(call)
        for call in calls
        if positions.spans_lines(call)
        and is_aligned(call, positions[call], positions[call.func], lines)
    }


def realign(tree: cst.Module, aligned: set[int]) -> str:
    """Code of a tree with the further lines of its calls moved under their parentheses.

    Args:
        tree: the rewritten module.
        aligned: `id` of each call of it that `is_aligned` in the old code.
    """
    if not aligned:
        return code_of(tree)
    calls, callees = [], set[int]()

    def is_wanted(node: cst.CSTNode) -> bool:
        if id(node) in aligned:
            callees.add(id(cst.ensure_type(node, cst.Call).func))
        return id(node) in aligned or id(node) in callees or type(node) in _STRINGS

    positions = Positions(tree, wanted=is_wanted)
    for node in positions:
        if id(node) in aligned:
            span = positions[node]
            function = positions[cst.ensure_type(node, cst.Call).func]
            calls.append(_Call(function.end.line, span.end.line, function.end.column + 1))
    if not calls:
        return positions.code
    lines = positions.code.split("\n")
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
