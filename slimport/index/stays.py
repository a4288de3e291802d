"""Why code that could become a Keras model stays on sessions."""

from __future__ import annotations

import ast


class Stays(Exception):
    """Why a loop or an evaluation stays on its session.

    Attributes:
        line: Where the reason is; None where no single line is.
        what: What stays.
    """

    what = "the loop"

    def __init__(self, reason: str, node: ast.AST | None = None) -> None:
        super().__init__(reason)
        self.line: int | None = getattr(node, "lineno", None)

    @property
    def with_line(self) -> str:
        """The reason and its line, as reports have them."""
        return f"{self} (line {self.line})" if self.line is not None else str(self)
