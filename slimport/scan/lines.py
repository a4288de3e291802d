"""Lines that keep a margin and fit the terminal."""

from __future__ import annotations

import textwrap

from rich.console import Console
from rich.text import Text


def print_wrapped(
    text: str, console: Console, indent: int = 0, first: str = "", style: str = "", word: str = ""
) -> None:
    """Text that keeps its margin; nothing follows a line's last word, also in a pipe.

    Args:
        text: as it is: it holds no markup.
        indent: the margin.
        first: what its first line begins with; the others stand below what follows it, or right
            of the margin where that would leave them no room.
        style: of `word`.
        word: a part of `first`; all of it unless given.
    """
    room = max(console.width - indent, 20)
    hang = len(first) if len(first) <= room // 2 else 2
    lines = textwrap.wrap(
        f"{first}{text}", room, subsequent_indent=" " * hang,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    for number, line in enumerate(lines):
        shown = Text(" " * indent + line)
        if style and not number:
            start = indent + (first.rindex(word) if word else 0)
            shown.stylize(style, start, start + len(word or first.rstrip()))
        console.print(shown, soft_wrap=True)
