"""The statements of a pipeline in one straight line: without devices, name scopes and loops."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import libcst as cst

from slimport.index.pipelines import Pipeline
from slimport.index.walking import walk
from slimport.rewrite.statements import (
    Pair,
    call_in,
    carried_to,
    comments_left,
    flattened,
    line,
    lines_above,
    with_lines_only,
    without_blank,
)


class StraightBlock:
    """The statements of one pipeline.

    Args:
        pipeline: What the index found.

    Attributes:
        joined: What each turn of its loop appended to a list, once the statements are in order.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.joined: cst.BaseExpression | None = None

    def flat(self, pairs: Sequence[Pair]) -> tuple[Sequence[Pair], list[cst.EmptyLine]]:
        """The statements without the devices and name scopes over which the pipeline is spread."""
        result: list[Pair] = []
        left: list[cst.EmptyLine] = []
        for old, statement in pairs:
            pair = (old, carried_to(statement, left))
            left = []
            if self._is_spread(old):
                inner, left = flattened([pair], self._pipeline.function)
                result += inner
            else:
                result.append(pair)
        return result, left

    def _is_spread(self, old: ast.stmt) -> bool:
        """Whether a `with` holds some of a pipeline that stands in several."""
        if not self._pipeline.spread or not isinstance(old, ast.With):
            return False
        parts = self._pipeline.parts
        return any(node in parts for node in walk(old))

    def in_order(self, pairs: Sequence[Pair]) -> list[Pair]:
        """The statements; numbers that stood between those of an example come before it."""
        pairs = self._once(pairs)
        olds = [old for old, _ in pairs]
        first, last = olds.index(self._pipeline.get), olds.index(self._pipeline.batch)
        beside = [pair for pair in pairs[first + 1 : last] if not self._pipeline.maps(pair[0])]
        others = [pair for pair in pairs[first:last] if pair not in beside]
        return [*pairs[:first], *beside, *others, *pairs[last:]]

    def _once(self, pairs: Sequence[Pair]) -> list[Pair]:
        """The statements with those of one reading for a loop over several."""
        join = self._pipeline.join
        if join is None or join.loop is None:
            return list(pairs)
        result: list[Pair] = []
        left: list[cst.EmptyLine] = []
        for old, statement in pairs:
            statement, left = carried_to(statement, left), []
            if old is join.made:
                left = comments_left(statement)
            elif old is join.loop:
                inside, left = self._of_loop(statement)
                result += inside
            else:
                result.append((old, statement))
        return result

    def _of_loop(self, loop: cst.BaseStatement) -> tuple[list[Pair], list[cst.EmptyLine]]:
        """The statements of one reading, and the comments behind the last."""
        join = self._pipeline.join
        assert join is not None and join.loop is not None
        assert isinstance(loop, cst.For) and isinstance(loop.body, cst.IndentedBlock)
        *inside, append = loop.body.body
        self.joined = call_in(append).args[0].value
        opened = loop.with_changes(body=loop.body.with_changes(body=[line("pass")], footer=[]))
        first, *rest = inside
        above = [*comments_left(opened), *without_blank(lines_above(first))]
        body = [with_lines_only(first, above), *rest]
        left = [c for c in comments_left(append) if c.comment is not None]
        return list(zip(join.inside, body, strict=True)), [*left, *loop.body.footer]
