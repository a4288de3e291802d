"""Why code that could become a Keras model stays on sessions."""

from __future__ import annotations

import ast


class Stays(Exception):
    """Why a loop or an evaluation stays on its session.

    Attributes:
        line: Where the reason is, as far as that is known.
        what: What stays.
    """

    what = "the loop"

    def __init__(self, reason: str, node: ast.AST | None = None) -> None:
        super().__init__(reason)
        self.line: int = getattr(node, "lineno", 1)
