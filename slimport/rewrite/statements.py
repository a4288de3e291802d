"""Statements that a rewrite makes, and what of the old ones stays with them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

import libcst as cst

from slimport.index.blocks import PLACES, only_places
from slimport.index.program import Function
from slimport.rewrite.comments import above, lost
from slimport.rewrite.marks import marks_apart
from slimport.rewrite.moved import named

Pair = tuple[ast.stmt, cst.BaseStatement]
BLANK = cst.EmptyLine(indent=False)


def assignment(target: str | cst.BaseExpression, value: cst.BaseExpression) -> cst.Assign:
    """``target = value``"""
    if isinstance(target, str):
        target = cst.Name(target)
    assert isinstance(target, cst.BaseAssignTargetExpression)
    return cst.Assign([cst.AssignTarget(target)], value)


def line(text: str) -> cst.BaseStatement:
    """A statement, from its code."""
    statement = cst.parse_statement(text)
    assert isinstance(statement, cst.SimpleStatementLine)
    return statement


def simple(small: cst.BaseSmallStatement) -> cst.SimpleStatementLine:
    """A small statement on a line of its own."""
    return cst.SimpleStatementLine([small])


def below(opened: cst.BaseExpression, statements: Sequence[cst.BaseStatement]) -> cst.With:
    """``with opened:`` around statements; what stood above the first stands above it.

    But marks, which speak of the statement itself.
    """
    first, *rest = statements
    said, marked = marks_apart(lines_above(first))
    return cst.With(
        [cst.WithItem(opened)],
        cst.IndentedBlock([with_lines_only(first, marked), *rest]),
        leading_lines=said,
    )


def code(node: cst.CSTNode) -> str:
    """The code of a node."""
    return cst.Module([]).code_for_node(node)


def keyword(name: str, value: cst.BaseExpression) -> cst.Arg:
    """``name=value``, as an argument."""
    return named(cst.Arg(value), name)


def call_in(statement: cst.BaseStatement) -> cst.Call:
    """The call that a statement returns, assigns or consists of."""
    assert isinstance(statement, cst.SimpleStatementLine)
    value = getattr(statement.body[0], "value", None)
    assert isinstance(value, cst.Call)
    return value


def arguments(call: cst.Call, positional: Sequence[str]) -> dict[str, cst.BaseExpression]:
    """The values that a call hands over by the names of its parameters."""
    names = iter(positional)
    return {a.keyword.value if a.keyword else next(names): a.value for a in call.args}


def on_one_line(given: Sequence[cst.Arg]) -> list[cst.Arg]:
    """Arguments without the line breaks between them."""
    plain = [a.with_changes(comma=cst.MaybeSentinel.DEFAULT) for a in given]
    return [a.with_changes(whitespace_after_arg=cst.SimpleWhitespace("")) for a in plain]


def carried_to(statement: cst.BaseStatement, lines: Sequence[cst.EmptyLine]) -> cst.BaseStatement:
    """The statement below what is left of those that went: no blank lines are added to its own."""
    above = lines_above(statement)
    if above and above[0].comment is None:
        lines = [kept for kept in lines if kept.comment is not None]
        return with_lines_only(statement, [above[0], *lines, *above[1:]]) if lines else statement
    return with_lines(statement, lines)


def without_statements(block: cst.IndentedBlock, gone: Sequence[bool]) -> cst.IndentedBlock:
    """The block without some of its statements; their comments stay.

    Args:
        block: A block.
        gone: For each statement whether it goes.
    """
    if not any(gone):
        return block
    kept: list[cst.BaseStatement] = []
    carried: list[cst.EmptyLine] = []
    for statement, goes in zip(block.body, gone, strict=True):
        if goes:
            carried += comments_left(statement)
        else:
            kept.append(carried_to(statement, carried))
            carried = []
    return block.with_changes(body=kept or [line("pass")], footer=[*carried, *block.footer])


def flattened(
    pairs: Sequence[Pair], function: Function, places: frozenset[str] = PLACES
) -> tuple[list[Pair], list[cst.EmptyLine]]:
    """The old and the new statements of a block, flattened as `index.blocks.flattened` does it.

    Returns:
        The pairs, and the comments below the last of them.
    """
    return dissolved(pairs, lambda s: isinstance(s, ast.With) and only_places(s, function, places))


def dissolved(
    pairs: Sequence[Pair], goes: Callable[[ast.stmt], bool]
) -> tuple[list[Pair], list[cst.EmptyLine]]:
    """The old and the new statements of a block, those below some `with` in its place.

    Args:
        pairs: The statements.
        goes: Whether one is such a `with`.

    Returns:
        The pairs, and the comments below the last of them.
    """
    found: list[Pair] = []
    left: list[cst.EmptyLine] = []
    for old, new in pairs:
        if not goes(old):
            found.append((old, with_lines(new, left)))
            left = []
            continue
        assert isinstance(old, ast.With)
        assert isinstance(new, cst.With) and isinstance(new.body, cst.IndentedBlock)
        opened = new.with_changes(body=new.body.with_changes(body=[line("pass")], footer=[]))
        above = [*left, *comments_left(opened)]
        first, *rest = new.body.body
        first = with_lines_only(first, [*above, *without_blank(lines_above(first))])
        inside, left = dissolved(list(zip(old.body, [first, *rest], strict=True)), goes)
        found += inside
        left += new.body.footer
    return found, left


def lines_above(statement: cst.BaseStatement) -> Sequence[cst.EmptyLine]:
    """Blank lines and comments above a statement."""
    lines: Sequence[cst.EmptyLine] = getattr(statement, "leading_lines", ())
    return lines


def with_lines(statement: cst.BaseStatement, lines: Sequence[cst.EmptyLine]) -> cst.BaseStatement:
    """The statement with more lines above those that it has."""
    if not lines:
        return statement
    return statement.with_changes(leading_lines=[*lines, *lines_above(statement)])


def with_lines_only(
    statement: cst.BaseStatement, lines: Sequence[cst.EmptyLine]
) -> cst.BaseStatement:
    """The statement with these lines above it, and no others."""
    return statement.with_changes(leading_lines=lines)


def without_blank(lines: Sequence[cst.EmptyLine]) -> Sequence[cst.EmptyLine]:
    """The lines above a statement without a blank one at their start."""
    return lines[1:] if lines and lines[0].comment is None else lines


def apart(statement: cst.BaseStatement) -> cst.BaseStatement:
    """The statement with a blank line above it."""
    lines = lines_above(statement)
    if lines and lines[0].comment is None:
        return statement
    return statement.with_changes(leading_lines=[BLANK, *lines])


def with_value(statement: cst.BaseStatement, value: cst.BaseExpression) -> cst.BaseStatement:
    """The assignment or return with another value."""
    assert isinstance(statement, cst.SimpleStatementLine)
    small = statement.body[0]
    assert isinstance(small, cst.Assign | cst.Return)
    return statement.with_changes(body=[small.with_changes(value=value)])


def with_comments_of(
    old: Sequence[cst.CSTNode], new: Sequence[cst.BaseStatement]
) -> list[cst.BaseStatement]:
    """The new statements, with the comments that only the old ones have above the first.

    Args:
        old: what is replaced.
        new: what replaces it, at least one statement; it shares nodes with the old.
    """
    first, *rest = new
    return [above(first, lost(old, new)), *rest]


def comments_left(statement: cst.BaseStatement) -> list[cst.EmptyLine]:
    """What stays of a statement that goes: the lines above it, and its other comments."""
    return [*lines_above(statement), *lost([with_lines_only(statement, ())], ())]
