"""What the transformer asks of the class of a node, worked out once for each class."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import libcst as cst

#: What may be a reference.
DENOTING = (cst.Name, cst.Attribute, cst.Subscript)
_STATEMENTS = (cst.BaseStatement, cst.SimpleStatementLine)
# What else is looked at when it is left.
_LEFT = (cst.Call, cst.Comparison, cst.Module, cst.IndentedBlock)
# What is between the tokens.
_BETWEEN = (
    cst.BaseParenthesizableWhitespace, cst.Comma, cst.Dot, cst.AssignEqual, cst.LeftParen,
    cst.RightParen, cst.EmptyLine, cst.TrailingWhitespace, cst.Newline, cst.Comment,
)  # fmt: skip
# Nodes whose position is all that they are; decorators are outside of their function's.
_WITHIN_THEIR_TOKENS = (
    cst.BaseExpression,
    cst.Arg,
    cst.BaseSmallStatement,
    cst.SimpleStatementLine,
)


@dataclass(frozen=True)
class Kind:
    """What matters of a class of nodes; to ask for it at each node would take most of the time.

    Attributes:
        is_value: it may be a reference.
        is_between: it is between the tokens, or one of those that say nothing.
        is_left_alone: nothing is done where it is left.
        is_within_its_tokens: all of it is between its first token and its last.
    """

    is_call: bool
    is_value: bool
    is_comparison: bool
    is_statement: bool
    is_between: bool
    is_left_alone: bool
    is_within_its_tokens: bool


@cache
def kind_of(node: type[cst.CSTNode]) -> Kind:
    """What matters of a class of nodes."""
    return Kind(
        is_call=issubclass(node, cst.Call),
        is_value=issubclass(node, DENOTING),
        is_comparison=issubclass(node, cst.Comparison),
        is_statement=issubclass(node, _STATEMENTS),
        is_between=issubclass(node, _BETWEEN),
        is_left_alone=not issubclass(node, (*DENOTING, *_STATEMENTS, *_LEFT)),
        is_within_its_tokens=issubclass(node, _WITHIN_THEIR_TOKENS),
    )
