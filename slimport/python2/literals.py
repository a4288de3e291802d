r"""Texts that Python 3 spells otherwise: ``ur"..."``, and ``"\u00e9"`` of six characters."""

from __future__ import annotations
import __future__

import importlib
import io
import re

_LITERAL = re.compile(r"(?P<prefix>[A-Za-z]*)(?P<quote>'''|\"\"\"|'|\")(?P<body>.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:(?P<unicode>[uUN])|.)", re.DOTALL)


def respelled(text: str) -> str:
    r"""The text with its literals as Python 3 spells them.

    A text without ``u`` was bytes, in which ``\u``, ``\U``, ``\N`` are no escapes. In ``ur"..."``
    ``\u`` is one (so in ``r"..."`` under unicode_literals), which no literal of Python 3 can say:
    such a text is left as something that nothing parses.
    """
    tokenizer = importlib.import_module("fissix.pgen2.tokenize")
    tokens = list(tokenizer.generate_tokens(io.StringIO(text).readline))
    plain_is_unicode = _imports_unicode_literals([token[1] for token in tokens])
    lines = text.split("\n")
    edits = []
    for kind, literal, start, end, _ in tokens:
        if kind == tokenizer.STRING:
            new = _respelled(literal, plain_is_unicode)
            if new != literal:
                edits.append((start, end, new))
    for (row, column), (last, stop), new in reversed(edits):
        head, tail = lines[row - 1][:column], lines[last - 1][stop:]
        lines[row - 1 : last] = f"{head}{new}{tail}".split("\n")
    return "\n".join(lines)


def _imports_unicode_literals(words: list[str]) -> bool:
    """The import may go over several lines, in parentheses."""
    if "unicode_literals" not in words:
        return False
    place = words.index("unicode_literals")
    heads = [i for i in range(place) if words[i : i + 3] == ["from", "__future__", "import"]]
    allowed = {"(", ",", "\n", "\r\n", *__future__.all_feature_names}
    return bool(heads) and all(
        word in allowed or word.startswith("#") for word in words[heads[-1] + 3 : place]
    )


def _respelled(literal: str, plain_is_unicode: bool) -> str:
    found = _LITERAL.fullmatch(literal)
    if found is None:
        return literal
    prefix, body = found["prefix"].lower(), found["body"]
    if prefix == "r" and plain_is_unicode:
        return f"u{literal}" if re.search(r"\\[uU]", body) else literal
    if prefix == "ur":
        return literal if re.search(r"\\[uU]", body) else literal[1:]
    if prefix in ("u", "b", "r", "br") or plain_is_unicode:
        return literal
    return found["prefix"] + found["quote"] + _ESCAPE.sub(_doubled, body)


def _doubled(escape: re.Match[str]) -> str:
    return rf"\{escape[0]}" if escape["unicode"] else escape[0]
