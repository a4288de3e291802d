"""Lines that keep a margin and fit the terminal."""

from __future__ import annotations

import textwrap

from rich.console import Console
from rich.text import Text


def print_wrapped(
    text: str, console: Console, indent: int = 0, first: str = "", style: str = ""
) -> None:
    """Text that keeps its margin; nothing follows a line's last word, also in a pipe.

    Args:
        text: as it is: it holds no markup.
        indent: the margin.
        first: what its first line begins with; the others stand below what follows it.
        style: of `first`.
    """
    room = max(console.width - indent, 20)
    lines = textwrap.wrap(
        f"{first}{text}", room, subsequent_indent=" " * len(first),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    for number, line in enumerate(lines):
        shown = Text(" " * indent + line)
        if style and not number:
            shown.stylize(style, indent, indent + len(first.rstrip()))
        console.print(shown, soft_wrap=True)
