"""Other sources for the cells of a notebook, in its JSON text.

A notebook that is parsed and dumped again is another file: indentation, escapes and the order of
keys are those of the program that saved it last. So only the stretches that hold changed lines are
replaced.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from slimport.notebooks.json_text import SourceText


def lines_of(text: str) -> list[str]:
    """Lines with their ends, as notebooks list them; other separators end none."""
    parts = text.split("\n")
    found = [f"{part}\n" for part in parts[:-1]]
    return [*found, parts[-1]] if parts[-1] else found


def replaced(text: str, changes: Iterator[tuple[SourceText, str]]) -> str:
    """The notebook's text with other sources; what of them stays keeps its very characters."""
    style = _Style(text)
    done, at = [], 0
    for source, new in changes:
        done += [text[at : source.start], _encoded(source, new, text, style)]
        at = source.end
    return "".join([*done, text[at:]])


class _Style:
    """How a notebook's writer escapes characters."""

    def __init__(self, text: str) -> None:
        self._ascii = (
            text.isascii() and re.search(r"\\u(?!00[0-7])[0-9a-fA-F]{4}", text) is not None
        )
        self._upper = re.search(r"\\u00[0-9A-F]*[A-F]", text) is not None
        self._html = re.search(r"\\u00(3[cCeE]|26)", text) is not None

    def encode(self, value: str) -> str:
        encoded = json.dumps(value, ensure_ascii=self._ascii)
        for character in "<>&" if self._html else "":
            code = f"{ord(character):04x}"
            encoded = encoded.replace(character, f"\\u{code.upper() if self._upper else code}")
        return encoded


def _encoded(source: SourceText, new: str, text: str, style: _Style) -> str:
    if not source.is_list:
        return style.encode(new)
    kept: dict[str, str] = {p.value: text[p.start : p.end] for p in source.pieces}
    lines = [kept.get(line) or style.encode(line) for line in lines_of(new)]
    if not lines:
        return "[]"
    opens, between, closes = _separators(source, text)
    return f"{opens}{between.join(lines)}{closes}"


def _separators(source: SourceText, text: str) -> tuple[str, str, str]:
    """What stands before, between and after the strings of a list."""
    pieces = source.pieces
    if not pieces:
        return "[", ", ", "]"
    opens = text[source.start : pieces[0].start]
    closes = text[pieces[-1].end : source.end]
    if len(pieces) > 1:
        return opens, text[pieces[0].end : pieces[1].start], closes
    return opens, f",{opens[1:] or ' '}", closes
