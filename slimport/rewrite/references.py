"""The references of a file that the index has found, and the nodes of its libcst tree for them."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from slimport.index.modules import Module
from slimport.index.program import Function, Program, Reference, Span
from slimport.rewrite.keeping import is_alias
from slimport.rewrite.node_kinds import DENOTING
from slimport.rewrite.positions import Positions


class Misplaced(Exception):
    """libcst and `ast` do not read the same file; nothing may be done to it."""


class References:
    """The references of a file by where they stand; remembers for which of them a node was met.

    Args:
        module: the file.
        program: the index.
        positions: of the nodes of its tree, from which statements may be cut out.
    """

    def __init__(self, module: Module, program: Program, positions: Positions) -> None:
        self.module = module
        self._program = program
        self._positions = positions
        self._by_span: dict[Span, tuple[Reference, Function]] = {
            reference.span: (reference, function)
            for function in program.by_module[module]
            for reference in function.references
        }
        self._met: set[Span] = set()

    def __iter__(self) -> Iterator[Span]:
        return iter(self._by_span)

    def every(self) -> list[Reference]:
        """All of them, met or not."""
        return [reference for reference, _ in self._by_span.values()]

    def span_of(self, node: cst.CSTNode) -> Span | None:
        """Where a node is, None if it has no place of its own."""
        return self._positions.span(node) if node in self._positions else None

    def at(self, node: cst.CSTNode) -> tuple[Reference, Function] | None:
        """The reference that a node is, with the function it is in."""
        span = self.span_of(node)
        found = self._by_span.get(span) if span is not None else None
        if found is not None and span is not None:
            self._met.add(span)
        return found

    def cut_out(self) -> set[str]:
        """The names through which references are kept that are not in the tree."""
        left_out = [s for s in self._by_span.keys() - self._met if not self._has_line(s)]
        kept = [self._by_span[span][0] for span in left_out]
        return {r.base for r in kept if not is_alias(r, self.module, self._program)}

    def check_met(self) -> None:
        """Every reference that `ast` has seen has its node, or is cut out of what libcst reads.

        Raises:
            Misplaced: One has none: it would stay without a mark.
        """
        missing = {s for s in self._by_span.keys() - self._met if self._has_line(s)}
        if missing:  # a block that was replaced as a whole does not ask for what is in it
            kinds = (*DENOTING, cst.Call)
            missing -= {self.span_of(node) for node in self._positions if isinstance(node, kinds)}
        for span in missing:
            name = self._by_span[span][0].api.name
            raise Misplaced(f"line {span[0]}: {name} is not where it seems to be")

    def _has_line(self, span: Span) -> bool:
        return self._positions.has_line(span[0])
