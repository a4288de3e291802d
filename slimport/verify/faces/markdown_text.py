"""Markdown as GitHub and GitLab read it: escapes, code, rows of tables, folded parts."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

#: Longest name or line that is shown in full.
CLIP = 120


def escaped(text: str) -> str:
    """Returns text that stands for itself, in a table, too."""
    text = re.sub(r"([\\`*_\[\]|~@#])", r"\\\1", text.replace("\n", " "))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str) -> str:
    """Returns text as code in a line, whatever it holds."""
    text = clipped(text.replace("\n", " ")).replace("|", "\\|")
    ticks = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or not text else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def html_code(text: str) -> str:
    """Returns text as code inside of HTML."""
    return f"<code>{html.escape(clipped(text))}</code>"


def clipped(text: str, length: int = CLIP) -> str:
    """Returns a text, its end replaced where it is too long."""
    return text if len(text) <= length else text[: length - 1] + "…"


def row(cells: Iterable[str]) -> str:
    """Returns a row of a table."""
    return f"| {' | '.join(cells)} |"


def head(titles: Sequence[str]) -> list[str]:
    """Returns the head of a table; titles that begin with > are of numbers."""
    rules = ("--:" if title.startswith(">") else "---" for title in titles)
    return [row(title.lstrip(">") for title in titles), f"|{'|'.join(rules)}|"]


def fenced(lines: Iterable[str], language: str = "") -> list[str]:
    """Returns a block of code that nothing within it can end."""
    shown = [clipped(line, 200) for line in lines]
    ticks = max((len(found) for line in shown for found in re.findall("`+", line)), default=0)
    fence = "`" * max(3, ticks + 1)
    return [fence + language, *shown, fence]


def folded(title: str, lines: Iterable[str]) -> list[str]:
    """Returns a part that a click opens; the title is HTML."""
    return [f"<details><summary>{title}</summary>", "", *lines, "", "</details>"]
