"""Moving code: statements out of a `with`, values out of its header."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

import libcst as cst

from slimport.rewrite.comments import lost, with_lost
from slimport.rewrite.nodes import nodes_of
from slimport.rewrite.plain import Step


def without_items(
    node: cst.With, gone: Sequence[bool], definitions: Sequence[cst.BaseStatement] = ()
) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
    """The statement without some of its items; without any left, its body takes its place.

    Args:
        node: a `with` statement.
        gone: for each item whether it goes.
        definitions: functions to define before the statements of its body.
    """
    if not any(gone):
        return node
    if definitions:
        node = node.with_changes(body=_with_definitions(node.body, definitions))
    items = [item for item, goes in zip(node.items, gone, strict=True) if not goes]
    if items:
        last = items[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return with_lost(node, node.with_changes(items=[*items[:-1], last]))
    body = _statements(node.body)
    said = [*node.leading_lines, *lost([_header(node)], body)]
    lines = getattr(body[0], "leading_lines", ())
    body[0] = body[0].with_changes(leading_lines=[*said, *lines])
    if isinstance(node.body, cst.IndentedBlock) and node.body.footer:
        body[-1] = _with_footer(body[-1], node.body.footer)
    return cst.FlattenSentinel(body)


def _header(node: cst.With) -> cst.With:
    """A `with` without its statements and the lines above it; the comment on its line stays."""
    suite = node.body
    if isinstance(suite, cst.IndentedBlock):
        return node.with_changes(body=suite.with_changes(body=(), footer=()), leading_lines=())
    return node.with_changes(body=cst.IndentedBlock(()), leading_lines=())


def _with_definitions(
    suite: cst.BaseSuite, definitions: Sequence[cst.BaseStatement]
) -> cst.IndentedBlock:
    body = _statements(suite)
    blank = cst.EmptyLine(indent=False)
    apart = [
        d.with_changes(leading_lines=[blank, *getattr(d, "leading_lines", ())]) for d in definitions
    ]
    body[0] = body[0].with_changes(leading_lines=[blank, *getattr(body[0], "leading_lines", ())])
    block = suite if isinstance(suite, cst.IndentedBlock) else cst.IndentedBlock(())
    return block.with_changes(body=[*apart, *body])


def _statements(suite: cst.BaseSuite) -> list[cst.BaseStatement]:
    if isinstance(suite, cst.IndentedBlock):
        return list(suite.body)
    assert isinstance(suite, cst.SimpleStatementSuite)
    return [cst.SimpleStatementLine(suite.body, trailing_whitespace=suite.trailing_whitespace)]


def _with_footer(
    statement: cst.BaseStatement, footer: Sequence[cst.EmptyLine]
) -> cst.BaseStatement:
    """Comments after the last statement of the block stay after it."""
    block = getattr(statement, "body", None)
    if isinstance(block, cst.IndentedBlock):
        return statement.with_changes(body=block.with_changes(footer=[*block.footer, *footer]))
    # A simple statement has no place for lines below it: they go above, with it.
    lines = [line for line in footer if line.comment is not None]
    above = getattr(statement, "leading_lines", ())
    return statement.with_changes(leading_lines=[*above, *lines])


def unchained(
    line: cst.SimpleStatementLine,
    chains: Mapping[int, tuple[cst.BaseExpression, Sequence[Step]]],
    may_bind: Collection[str],
) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
    """``x = c(b(a(x)))`` as a statement for each layer, where the value is such a chain.

    Args:
        line: any statement; others than a plain assignment or return of a chain stay.
        chains: by `id` of a nested call: the first layer's call and the steps after it.
        may_bind: names that a return may bind anew: the function's own, which nobody else reads.
    """
    small = line.body[0]
    if len(line.body) != 1 or not isinstance(small, cst.Assign | cst.Return):
        return line
    if small.value is None or id(small.value) not in chains:
        return line
    first, steps = chains[id(small.value)]
    name = _carrier(small, first)
    if name is None or (isinstance(small, cst.Return) and name.value not in may_bind):
        return line
    if any(_reads(step(cst.Ellipsis()), name.value) for step in steps):
        return line
    values = [first, *(step(name) for step in steps)]
    bodies: list[cst.BaseSmallStatement] = [
        cst.Assign([cst.AssignTarget(name)], value) for value in values[:-1]
    ]
    bodies.append(small.with_changes(value=values[-1]))
    head = line.with_changes(body=[bodies[0]])
    return cst.FlattenSentinel([head, *(cst.SimpleStatementLine([body]) for body in bodies[1:])])


def local_names(function: cst.FunctionDef) -> set[str]:
    """Names that a function binds: its parameters, and what it assigns."""
    targets = (target.target for target in nodes_of(function.body, cst.AssignTarget))
    outer = [item for node in nodes_of(function.body, cst.Global) for item in node.names]
    outer += [item for node in nodes_of(function.body, cst.Nonlocal) for item in node.names]
    names = {item.name.value for item in outer}
    bound = {parameter.name.value for parameter in nodes_of(function.params, cst.Param)}
    return (bound | {t.value for t in targets if isinstance(t, cst.Name)}) - names


def _reads(node: cst.CSTNode, name: str) -> bool:
    """Whether what is applied to the first layer needs what the name stood for before."""
    return any(found.value == name for found in nodes_of(node, cst.Name))


def _carrier(small: cst.Assign | cst.Return, first: cst.BaseExpression) -> cst.Name | None:
    """The name that may hold what is between the layers: the target, or the returned input."""
    if isinstance(small, cst.Assign):
        target = small.targets[0].target
        return target if len(small.targets) == 1 and isinstance(target, cst.Name) else None
    inputs = first.args[0].value if isinstance(first, cst.Call) and first.args else None
    return inputs if isinstance(inputs, cst.Name) else None


def on_one_line(value: cst.BaseExpression) -> cst.BaseExpression:
    """An expression without line breaks, to stand elsewhere; one that holds comments stays."""
    if "#" in cst.Module([]).code_for_node(value):
        return value
    joined = value.visit(_Joiner())
    assert isinstance(joined, cst.BaseExpression)
    return joined


class _Joiner(cst.CSTTransformer):
    """Line breaks become one space, or nothing next to a bracket."""

    def leave_ParenthesizedWhitespace(
        self,
        original_node: cst.ParenthesizedWhitespace,
        updated_node: cst.ParenthesizedWhitespace,
    ) -> cst.BaseParenthesizableWhitespace:
        return cst.SimpleWhitespace(" ")

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        arguments = list(updated_node.args)
        if arguments:
            arguments[-1] = arguments[-1].with_changes(
                whitespace_after_arg=cst.SimpleWhitespace(""), comma=cst.MaybeSentinel.DEFAULT
            )
        return updated_node.with_changes(
            args=arguments, whitespace_before_args=cst.SimpleWhitespace("")
        )

    def _opening(self, _: cst.CSTNode, node: cst.CSTNode) -> cst.CSTNode:
        return node.with_changes(whitespace_after=cst.SimpleWhitespace(""))

    def _closing(self, _: cst.CSTNode, node: cst.CSTNode) -> cst.CSTNode:
        return node.with_changes(whitespace_before=cst.SimpleWhitespace(""))

    leave_LeftParen = leave_LeftSquareBracket = leave_LeftCurlyBrace = cast(Any, _opening)
    leave_RightParen = leave_RightSquareBracket = leave_RightCurlyBrace = cast(Any, _closing)
