"""``# TODO(slimport): SLIMnnn reason`` above the line of what was left."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import libcst as cst

PREFIX = "# TODO(slimport): "
_WIDTH = 96


def mark(code: str, reason: str) -> str:
    """Text of a mark; `reason` on one line."""
    return f"{PREFIX}{code} {' '.join(reason.split())}"


def add_marks(lines: Sequence[cst.EmptyLine], texts: Sequence[str]) -> list[cst.EmptyLine]:
    """Leading lines of a statement with the marks added, each once however often this runs."""
    kept = list(lines)
    present = "\n".join(line.comment.value for line in kept if line.comment is not None)
    joined = _joined(present)
    for text in dict.fromkeys(texts):
        if " ".join(text.split()) not in joined:
            kept.extend(_comment_lines(text))
    return kept


def _comment_lines(text: str) -> list[cst.EmptyLine]:
    return [cst.EmptyLine(comment=cst.Comment(line)) for line in comments(text)]


def comments(text: str, width: int = _WIDTH) -> list[str]:
    """A mark as the lines of a comment."""
    wrapped = textwrap.wrap(text.removeprefix("# "), width, break_long_words=False)
    first, rest = wrapped[0], wrapped[1:]
    return [f"# {line}" for line in (first, *(f"  {line}" for line in rest))]


def _joined(comments: str) -> str:
    """Comment lines as one text, so that a wrapped mark is recognised."""
    return " ".join(
        ("# " if line.startswith(PREFIX) else "") + " ".join(line.lstrip("#").split())
        for line in comments.splitlines()
    )
