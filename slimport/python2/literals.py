r"""Texts that Python 3 spells otherwise: ``ur"..."``, and ``"\u00e9"`` of six characters."""

from __future__ import annotations

import importlib
import io
import re

_LITERAL = re.compile(r"(?P<prefix>[A-Za-z]*)(?P<quote>'''|\"\"\"|'|\")(?P<body>.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:(?P<unicode>[uUN])|.)", re.DOTALL)
_UNICODE_LITERALS = re.compile(r"^from __future__ import .*\bunicode_literals\b", re.MULTILINE)


def respelled(text: str) -> str:
    r"""The text with its literals as Python 3 spells them.

    A text without ``u`` was bytes, in which ``\u``, ``\U``, ``\N`` are no escapes. In ``ur"..."``
    ``\u`` is one, which no literal of Python 3 can say: such a text stays, and nothing parses it.
    """
    tokenizer = importlib.import_module("fissix.pgen2.tokenize")
    plain_is_unicode = _UNICODE_LITERALS.search(text) is not None
    lines = text.split("\n")
    edits = []
    for kind, literal, start, end, _ in tokenizer.generate_tokens(io.StringIO(text).readline):
        if kind == tokenizer.STRING:
            new = _respelled(literal, plain_is_unicode)
            if new != literal:
                edits.append((start, end, new))
    for (row, column), (last, stop), new in reversed(edits):
        head, tail = lines[row - 1][:column], lines[last - 1][stop:]
        lines[row - 1 : last] = f"{head}{new}{tail}".split("\n")
    return "\n".join(lines)


def _respelled(literal: str, plain_is_unicode: bool) -> str:
    found = _LITERAL.fullmatch(literal)
    if found is None:
        return literal
    prefix, body = found["prefix"].lower(), found["body"]
    if prefix == "ur":
        return literal if re.search(r"\\[uU]", body) else literal[1:]
    if prefix in ("u", "b", "r", "br") or plain_is_unicode:
        return literal
    return found["prefix"] + found["quote"] + _ESCAPE.sub(_doubled, body)


def _doubled(escape: re.Match[str]) -> str:
    return rf"\{escape[0]}" if escape["unicode"] else escape[0]
