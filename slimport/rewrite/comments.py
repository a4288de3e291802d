"""What authors said inside of code that goes: it moves above what takes the place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

import libcst as cst

from slimport.rewrite.nodes import children_of, nodes_of

_Node = TypeVar("_Node", bound=cst.CSTNode)

# Each speaks to a tool about the one line that it ends, and to nobody else.
_PRAGMA = r"""
    noqa (:? \s* [a-z]+\d+ (\s*,?\s* [a-z]+\d+)* )?
  | (pylint|pytype|pyre) : \s* (disable|enable)(-next)? = [\w-]+ (\s*,\s* [\w-]+)*
  | (type|pyright) : \s* ignore ( \[ [^]]* \] )?
  | (isort|fmt|yapf) : \s* \w+
  | nosec (\s+ b\d+)*
  | pragma : \s* no \s+ cover
  | g-[a-z-]+
"""
_PRAGMAS = re.compile(rf"( \# \s* ({_PRAGMA}) \s* )+", re.IGNORECASE | re.VERBOSE)


def is_lint_comment(text: str) -> bool:
    """Whether a comment tells linters of the line that it is on, and says nothing else."""
    return _PRAGMAS.fullmatch(text.strip()) is not None


def comments_in(nodes: Iterable[cst.CSTNode]) -> list[cst.Comment]:
    """The comments in some nodes, in the order of the text."""
    return [comment for node in nodes for comment in nodes_of(node, cst.Comment)]


def lost(old: Iterable[cst.CSTNode], new: Iterable[cst.CSTNode]) -> list[cst.EmptyLine]:
    """The comments of `old` that `new`, which shares nodes with it, has not.

    What a linter was told about lines that are no more goes with them.
    """
    kept = {id(comment) for comment in comments_in(new)}
    gone = [comment for comment in comments_in(old) if id(comment) not in kept]
    return [cst.EmptyLine(comment=c) for c in gone if not is_lint_comment(c.value)]


def above(statement: _Node, lines: Sequence[cst.EmptyLine]) -> _Node:
    """The statement with more lines between those above it and itself."""
    if not lines:
        return statement
    own: Sequence[cst.EmptyLine] | None = getattr(statement, "leading_lines", None)
    if own is None:  # a suite on the line of its colon
        return statement
    return statement.with_changes(leading_lines=[*own, *lines])


def with_lost(old: cst.CSTNode, new: _Node) -> _Node:
    """The new statement below what its author said in the parts that `old` alone has."""
    return above(new, lost([old], [new]))


def with_said(old: cst.CSTNode, new: _Node) -> _Node:
    """The same by the words of the comments, for nodes that a transformer has made anew.

    Of a compound statement that is its head: what is below it was looked at before.
    """
    said = Counter(comment.value for comment in comments_in(_head(new)))
    gone = []
    for comment in comments_in(_head(old)):
        said[comment.value] -= 1
        if said[comment.value] < 0 and not is_lint_comment(comment.value):
            gone.append(cst.EmptyLine(comment=comment))
    return above(new, gone)


_BLOCKS = (
    cst.BaseSuite, cst.If, cst.Else, cst.ExceptHandler, cst.ExceptStarHandler, cst.Finally,
    cst.MatchCase,
)  # fmt: skip


def _head(statement: cst.CSTNode) -> list[cst.CSTNode]:
    """A statement without the blocks below it."""
    found: list[cst.CSTNode] = []
    for child in children_of(statement):
        if isinstance(child, cst.IndentedBlock):
            found.append(child.header)
        elif not isinstance(child, _BLOCKS):
            found.append(child)
    return found
