"""``# TODO(slimport): SLIMnnn reason`` above the line of what was left."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import libcst as cst

PREFIX = "# TODO(slimport): "
_WIDTH = 96
_LEAST = 60  # in deep blocks


def mark(code: str, reason: str) -> str:
    """Text of a mark; `reason` on one line."""
    return f"{PREFIX}{code} {' '.join(reason.split())}"


@dataclass(frozen=True)
class Accepted:
    """The text of a mark that nobody wants any more, thanks to a ``# slimport: ignore[...]``."""

    text: str


def add_marks(
    lines: Sequence[cst.EmptyLine],
    found: Sequence[str | Accepted],
    above: Sequence[cst.EmptyLine] = (),
    indent: int = 0,
) -> list[cst.EmptyLine]:
    """Leading lines of a statement with the marks added, each once however often this runs.

    Args:
        lines: what leads the statement.
        found: what is to be marked there.
        above: what leads the file, if the statement is its first: libcst takes comments for the
            file's own there, those of an earlier run, too.
        indent: how far the statement is from the margin, in columns.
    """
    texts = _missing(above, [text for text in found if isinstance(text, str)])
    accepted = {item.text for item in found if isinstance(item, Accepted)} - set(texts)
    kept = _without(lines, accepted) if accepted else list(lines)
    if _missing(kept, texts):
        kept = _without(kept, texts)  # all in the order of the references
    for text in _missing(kept, texts):
        kept.extend(_comment_lines(text, indent))
    return kept


def indent_of(path: Sequence[cst.CSTNode]) -> int:
    """How far a statement is from the margin, by what it stands in, the file first."""
    file = path[0]
    default = file.default_indent if isinstance(file, cst.Module) else ""
    blocks = [node for node in path if isinstance(node, cst.IndentedBlock)]
    indents = [default if block.indent is None else block.indent for block in blocks]
    return len("".join(indents).expandtabs())


def speak_of(lines: Sequence[cst.EmptyLine], name: str) -> bool:
    """Whether a mark among the lines begins with a symbol's name."""
    marked = _joined("\n".join(map(_text, marks_apart(lines)[1])))
    return any(text.partition(" ")[2].startswith(f"{name} ") for text in marked.split(PREFIX))


def marks_apart(
    lines: Sequence[cst.EmptyLine],
) -> tuple[list[cst.EmptyLine], list[cst.EmptyLine]]:
    """The lines above a statement without its marks, and the marks."""
    others: list[cst.EmptyLine] = []
    found: list[cst.EmptyLine] = []
    in_mark = False
    for line in lines:
        in_mark = _text(line).startswith(PREFIX) or (in_mark and _text(line).startswith("#   "))
        (found if in_mark else others).append(line)
    return others, found


def _missing(lines: Sequence[cst.EmptyLine], texts: Sequence[str]) -> list[str]:
    """The texts that are not among the comments."""
    joined = _joined("\n".join(filter(None, map(_text, lines))))
    return [text for text in dict.fromkeys(texts) if " ".join(text.split()) not in joined]


def _without(lines: Sequence[cst.EmptyLine], texts: Collection[str]) -> list[cst.EmptyLine]:
    """The lines without these marks, wrapped or not."""
    kept: list[cst.EmptyLine] = []
    rest = list(lines)
    while rest:
        size = 1
        if _text(rest[0]).startswith(PREFIX):
            while size < len(rest) and _text(rest[size]).startswith("#   "):
                size += 1
        whole = _joined("\n".join(map(_text, rest[:size])))
        if not any(" ".join(text.split()) == whole for text in texts):
            kept += rest[:size]
        rest = rest[size:]
    return kept


def _text(line: cst.EmptyLine) -> str:
    return line.comment.value if line.comment is not None else ""


def _comment_lines(text: str, indent: int) -> list[cst.EmptyLine]:
    lines = comments(text, max(_WIDTH - indent, _LEAST))
    return [cst.EmptyLine(comment=cst.Comment(line)) for line in lines]


def comments(text: str, width: int = _WIDTH) -> list[str]:
    """A mark as the lines of a comment."""
    whole = text.removeprefix("# ")  # a word that breaks at its hyphen is not found again
    wrapped = textwrap.wrap(whole, width, break_long_words=False, break_on_hyphens=False)
    first, rest = wrapped[0], wrapped[1:]
    return [f"# {line}" for line in (first, *(f"  {line}" for line in rest))]


def _joined(comments: str) -> str:
    """Comment lines as one text, so that a wrapped mark is recognised."""
    return " ".join(
        ("# " if line.startswith(PREFIX) else "") + " ".join(line.lstrip("#").split())
        for line in comments.splitlines()
    )
