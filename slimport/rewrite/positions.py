"""Where the nodes of a libcst tree stand: what PositionProvider tells, at the cost of its text.

One pass of code generation notes for each node its first and last token. Lines and columns are
worked out for the few nodes that somebody asks about.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any

import libcst as cst
from libcst._nodes.internal import CodegenState
from libcst.metadata import CodePosition, CodeRange

_LINE_END = re.compile(r"\r\n|\r|\n")
# line, column, end line, end column; lines from 1, columns in characters from 0
_Span = tuple[int, int, int, int]


class _Writer(CodegenState):
    """Code generation; also the context that it hands out for a hundred thousand nodes."""

    def __init__(self, module: cst.Module) -> None:
        super().__init__(module.default_indent, module.default_newline)

    def record_syntactic_position(
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,
        end_node: cst.CSTNode | None = None,
    ) -> Any:
        return self

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


def code_of(tree: cst.Module) -> str:
    """`cst.Module.code` in half the time."""
    writer = _Writer(tree)
    tree._codegen(writer)
    return "".join(writer.tokens)


class _Recorder(_Writer):
    """Notes the tokens of each node, or of those that are wanted.

    Attributes:
        nodes: these nodes by `id`; to find them by libcst's own hash takes a call of Python each.
        ranges: of each its first token, and the one after its last.
    """

    def __init__(self, module: cst.Module, wanted: Callable[[cst.CSTNode], bool] | None) -> None:
        super().__init__(module)
        self.nodes: dict[int, cst.CSTNode] = {}
        self.ranges: dict[int, tuple[int, int]] = {}
        self._wanted = wanted
        self._others = _Writer(module)
        self._open: list[tuple[cst.CSTNode, int, cst.CSTNode | None, cst.CSTNode | None]] = []

    def record_syntactic_position(
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,
        end_node: cst.CSTNode | None = None,
    ) -> Any:
        if self._wanted is not None and not self._wanted(node):
            return self._others
        self._open.append((node, len(self.tokens), start_node, end_node))
        return self

    def __exit__(self, *_: object) -> None:
        node, start, start_node, end_node = self._open.pop()
        end = len(self.tokens)
        if start_node is not None and id(start_node) in self.ranges:
            start = self.ranges[id(start_node)][0]
        if end_node is not None and id(end_node) in self.ranges:
            end = self.ranges[id(end_node)][1]  # a parenthesis has none: it is what came last
        self.ranges[id(node)] = start, end
        self.nodes[id(node)] = node


class Positions(Mapping[cst.CSTNode, CodeRange]):
    """Positions of a tree's nodes, and its text.

    Args:
        tree: a module.
        lines: the number that each line of it has for others; its own where this is None.
        replaced: such numbers of lines that others read as something else.
        wanted: which nodes are to have one, asked of each before those in it; None is all.
    """

    def __init__(
        self,
        tree: cst.Module,
        lines: Sequence[int] | None = None,
        replaced: Collection[int] = (),
        wanted: Callable[[cst.CSTNode], bool] | None = None,
    ) -> None:
        recorder = _Recorder(tree, wanted)
        tree._codegen(recorder)
        self.code = "".join(recorder.tokens)
        self._nodes, self._ranges = recorder.nodes, recorder.ranges
        self._tokens = recorder.tokens
        self._offsets = list(accumulate(map(len, recorder.tokens), initial=0))
        self._starts = [0, *(end.end() for end in _LINE_END.finditer(self.code))]
        self._numbers = lines
        self._known = None if lines is None else frozenset(lines).difference(replaced)

    def __getitem__(self, node: cst.CSTNode) -> CodeRange:
        line, column, end_line, end_column = self.span(node)
        return CodeRange(CodePosition(line, column), CodePosition(end_line, end_column))

    def __iter__(self) -> Iterator[cst.CSTNode]:
        return iter(self._nodes.values())

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, node: object) -> bool:
        return id(node) in self._ranges

    def span(self, node: cst.CSTNode) -> _Span:
        """Its first and last place.

        Raises:
            KeyError: it has none: a comma, a comment, a node that is not of this tree.
        """
        first, last = self._ranges[id(node)]
        return (*self._place(first), *self._place(last))

    @cached_property
    def _comments(self) -> list[int]:
        """The tokens that are comments; of code that is only moved nobody asks for them."""
        return [i for i, token in enumerate(self._tokens) if token[:1] == "#"]

    def has_line(self, number: int) -> bool:
        """Whether the tree holds the line that has this number for others, as they read it."""
        return self._known is None or number in self._known

    def spans_lines(self, node: cst.CSTNode) -> bool:
        """Whether it ends on another line than it begins."""
        tokens = self._ranges[id(node)]
        first, last = (self._offsets[min(t, len(self._offsets) - 1)] for t in tokens)
        return bisect_right(self._starts, first) != bisect_right(self._starts, last)

    def has_comment(self, node: cst.CSTNode, before: object = None) -> bool:
        """Whether some comment is inside of a node, before a part of it where that is given."""
        first, last = self._ranges[id(node)]
        if id(before) in self._ranges:
            last = self._ranges[id(before)][0]
        position = bisect_left(self._comments, first)
        return position < len(self._comments) and self._comments[position] < last

    def tokens_at(self, places: Iterable[tuple[int, int]]) -> list[int]:
        """The tokens at these lines and columns, in order; places without any are left out."""
        own = range(1, len(self._starts) + 1) if self._numbers is None else self._numbers
        index = {number: position for position, number in enumerate(own)}
        offsets = {self._starts[index[line]] + col for line, col in places if line in index}
        return sorted({bisect_right(self._offsets, offset) - 1 for offset in offsets})

    def holds(self, node: cst.CSTNode, tokens: Sequence[int]) -> bool:
        """Whether some of these tokens, which are in order, are the node's."""
        first, last = self._ranges[id(node)]
        position = bisect_left(tokens, first)
        return position < len(tokens) and tokens[position] < last

    def _place(self, token: int) -> tuple[int, int]:
        offset = self._offsets[min(token, len(self._offsets) - 1)]
        line = bisect_right(self._starts, offset)
        number = line if self._numbers is None else self._numbers[line - 1]
        return number, offset - self._starts[line - 1]
