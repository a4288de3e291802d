"""Keeps arguments under their parenthesis when the name before it has become shorter or longer."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider


@dataclass(frozen=True)
class _Call:
    start: int
    end: int
    column: int
    old_column: int


def aligned_column(call: cst.Call, original: CodeRange, function: CodeRange) -> int | None:
    """Column of the call's arguments where its further lines stand exactly under the first.

    Args:
        call: a call whose arguments may span lines.
        original: position of the call.
        function: position of its callee.
    """
    column = function.end.column + 1
    if original.start.line == original.end.line or function.end.line != function.start.line:
        return None
    for argument in call.args:
        whitespace = getattr(argument.comma, "whitespace_after", None)
        if isinstance(whitespace, cst.ParenthesizedWhitespace):
            return column
    return None


def realign(tree: cst.Module, columns: dict[int, int]) -> str:
    """Code of `tree` with the further lines of its calls moved under their parentheses.

    Args:
        tree: the rewritten module.
        columns: by `id` of a call of the tree: the column its arguments had in the old code.
    """
    wrapper = MetadataWrapper(tree, unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)
    lines = tree.code.split("\n")
    fixed = _string_lines(tree, positions)
    calls = []
    for node in positions:
        if isinstance(node, cst.Call) and id(node) in columns:
            span, function = positions[node], positions[node.func]
            calls.append(
                _Call(span.start.line, span.end.line, function.end.column + 1, columns[id(node)])
            )
    calls.sort(key=lambda call: (call.start, -call.end))
    shifts = [0] * (len(lines) + 1)
    for call in calls:
        _shift(call, lines, shifts, fixed)
    return "\n".join(_indented(line, shifts[number]) for number, line in enumerate(lines, 1))


def _shift(call: _Call, lines: list[str], shifts: list[int], fixed: set[int]) -> None:
    further = range(call.start + 1, call.end + 1)
    first = lines[call.start] if call.start < len(lines) else ""
    indent = len(first) - len(first.lstrip())
    # Only a true visual indent: the first further line began right under the first argument.
    if indent != call.old_column or fixed.intersection(further):
        return
    delta = (call.column + shifts[call.start]) - (call.old_column + shifts[call.start + 1])
    for number in further:
        shifts[number] += delta


def _indented(line: str, shift: int) -> str:
    if not shift or not line.strip():
        return line
    body = line.lstrip(" ")
    return " " * max(0, len(line) - len(body) + shift) + body


def _string_lines(tree: cst.Module, positions: object) -> set[int]:
    """Lines that begin inside a string: moving them would change its value."""
    inside: set[int] = set()
    for node, span in positions.items():  # type: ignore[attr-defined]
        if isinstance(node, cst.SimpleString | cst.FormattedString):
            inside.update(range(span.start.line + 1, span.end.line + 1))
    return inside
