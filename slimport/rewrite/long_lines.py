"""Calls and lists that are long: an element a line, in the hanging style of Black."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

# What is left of a line for the code of a nested call.
_WIDTH = 76


def is_short(node: cst.CSTNode) -> bool:
    """Whether the code of a node fits on a line."""
    return len(cst.Module([]).code_for_node(node)) <= _WIDTH


def one_a_line(call: cst.Call, columns: int) -> cst.Call:
    """The call, an argument a line.

    Args:
        call: a call with arguments.
        columns: of these lines, beside the statement's own; the closing bracket has 4 less.
    """
    inner, outer = _new_line(columns), _new_line(columns - 4)
    commas = [cst.Comma(whitespace_after=inner)] * (len(call.args) - 1)
    commas.append(cst.Comma(whitespace_after=outer))
    arguments = [a.with_changes(comma=c) for a, c in zip(call.args, commas, strict=True)]
    return call.with_changes(args=arguments, whitespace_before_args=inner)


def on_lines(call: cst.Call, columns: int = 4) -> cst.Call:
    """The call, an argument a line where it would be long; see `one_a_line`."""
    return call if is_short(call) else one_a_line(call, columns)


def list_of(elements: Sequence[cst.BaseExpression]) -> cst.List:
    """A list within a call of `one_a_line`, an element a line where it would be long."""
    line = cst.List([cst.Element(element) for element in elements])
    if is_short(line):
        return line
    inner, outer = _new_line(8), _new_line(4)
    commas = [cst.Comma(whitespace_after=inner)] * (len(elements) - 1)
    commas.append(cst.Comma(whitespace_after=outer))
    return cst.List(
        [cst.Element(e, comma=comma) for e, comma in zip(elements, commas, strict=True)],
        lbracket=cst.LeftSquareBracket(whitespace_after=inner),
    )


def _new_line(columns: int) -> cst.ParenthesizedWhitespace:
    return cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace(" " * columns))
