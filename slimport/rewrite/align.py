"""Keeps arguments under their parenthesis when the name before it has become shorter or longer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider


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


def realign(tree: cst.Module, aligned: set[int]) -> str:
    """Code of `tree` with the further lines of its calls moved under their parentheses.

    Args:
        tree: the rewritten module.
        aligned: `id` of each call of the tree that `is_aligned` in the old code.
    """
    wrapper = MetadataWrapper(tree, unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)
    lines = tree.code.split("\n")
    fixed = _string_lines(tree, positions)
    calls = []
    for node in positions:
        if isinstance(node, cst.Call) and id(node) in aligned:
            span, function = positions[node], positions[node.func]
            calls.append(_Call(function.end.line, span.end.line, function.end.column + 1))
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


def _string_lines(tree: cst.Module, positions: Mapping[cst.CSTNode, CodeRange]) -> set[int]:
    """Lines that begin inside a string: moving them would change its value."""
    inside: set[int] = set()
    for node, span in positions.items():
        if isinstance(node, cst.SimpleString | cst.FormattedString):
            inside.update(range(span.start.line + 1, span.end.line + 1))
    return inside
