"""``raise E, v``: what is raised hangs on what ``v`` is, unless that is a text."""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterator

_TEXTS = frozenset({"repr", "str", "unicode"})


def unsure(text: str) -> frozenset[int]:
    """Which of the file's `raise` statements, from 0, have a value that may be anything.

    A tuple gives the arguments, an exception is raised itself, None is no argument.

    Args:
        text: Python 2.
    """
    return frozenset(number for number, words in enumerate(_raises(text)) if _is_unsure(words))


def _raises(text: str) -> Iterator[list[str]]:
    """What stands behind each `raise`, without line breaks; texts are a quote each."""
    tokenizer = importlib.import_module("fissix.pgen2.tokenize")
    words: list[str] | None = None
    for kind, word, *_ in tokenizer.generate_tokens(io.StringIO(text).readline):
        if words is not None and (kind == tokenizer.NEWLINE or word == ";"):
            yield words
            words = None
        elif kind == tokenizer.NAME and word == "raise":
            words = []
        elif words is not None and kind not in (tokenizer.NL, tokenizer.COMMENT):
            words.append("'" if kind == tokenizer.STRING else word)
    if words is not None:  # no line end after the last statement
        yield words


def _is_unsure(words: list[str]) -> bool:
    depth = 0
    for place, word in enumerate(words):
        depth += (word in ("(", "[", "{")) - (word in (")", "]", "}"))
        if word == "," and not depth:
            value = words[place + 1 :]
            while value and value[0] == "(":
                value = value[1:]
            return not (value[:1] == ["'"] or (value[:1] and value[0] in _TEXTS))
    return False
