"""Statements of two texts of one module, and which became which.

Texts are compared statement by statement and in a normal form, so that a formatter changes nothing.
Those that differ are brought together by the words they share: what a rule wrote keeps the names,
numbers and scopes of what it was.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

#: Share of words that a statement must keep to be the same one, changed.
ALIKE = 0.3
#: Pairs of statements of one function that are looked at; beyond, only equal ones are found.
MOST_PAIRS = 400_000

_WORD = re.compile(r"\w+")
_BODIES = ("body", "orelse", "finalbody", "handlers", "cases")


@dataclass(frozen=True)
class Statement:
    """A statement, or the head of a compound one.

    Attributes:
        scope: Dotted name of the function or class that it stands in; empty at module level.
        text: Its normal form.
        first: Its first line.
        last: Its last line.
    """

    scope: str
    text: str
    first: int
    last: int
    words: Counter[str] = field(compare=False, repr=False)

    def __contains__(self, line: int) -> bool:
        return self.first <= line <= self.last


def statements(source: bytes) -> list[Statement]:
    """Returns the statements of a module in their order.

    Raises:
        SyntaxError, ValueError: It does not parse.
    """
    found: list[Statement] = []
    for node in ast.parse(source).body:
        _add(node, "", found)
    return found


def _add(node: ast.stmt, scope: str, found: list[Statement]) -> None:
    blocks = [getattr(node, name, None) or [] for name in _BODIES]
    first = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", []))])
    body = blocks[0]
    last = max(first, body[0].lineno - 1) if body else node.end_lineno or node.lineno
    text = _head(node) if body else ast.unparse(node)
    found.append(Statement(scope, text, first, last, Counter(_WORD.findall(text))))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        scope = f"{scope}.{node.name}" if scope else node.name
    for item in (item for block in blocks for item in block):
        if isinstance(item, ast.stmt):
            _add(item, scope, found)
        else:  # a handler of exceptions, a case of a match
            for inner in item.body:
                _add(inner, scope, found)


def _head(node: ast.stmt) -> str:
    """The normal form of a compound statement without what stands in it."""
    bodies = {name: getattr(node, name) for name in _BODIES if hasattr(node, name)}
    try:
        for name, body in bodies.items():
            short: list[ast.AST] = [ast.Pass()] if name == "body" else []
            setattr(node, name, short if body else body)
        if isinstance(node, ast.Try | ast.Match):
            return type(node).__name__
        return ast.unparse(node)
    finally:
        for name, body in bodies.items():
            setattr(node, name, body)


def at(found: Sequence[Statement], line: int) -> int | None:
    """Returns the place of the innermost statement that holds a line."""
    places = [place for place, statement in enumerate(found) if line in statement]
    return max(places, key=lambda place: found[place].first, default=None)


def partners(old: Sequence[Statement], new: Sequence[Statement]) -> dict[int, int]:
    """Returns for each statement of the new text the one of the old text that it was.

    Functions are brought together by name, and what is left of them in the order of the file.
    Statements without a partner are left out.
    """
    shared = {item.scope for item in old} & {item.scope for item in new}
    found: dict[int, int] = {}
    for scope in sorted(shared):
        lists = [[n for n, item in enumerate(side) if item.scope == scope] for side in (old, new)]
        found.update(_within(old, new, *lists))
    taken = set(found.values())
    rest = (
        [place for place in range(len(old)) if place not in taken],
        [place for place in range(len(new)) if place not in found],
    )
    found.update(_within(old, new, *rest))
    return found


def _within(
    old: Sequence[Statement], new: Sequence[Statement], olds: list[int], news: list[int]
) -> dict[int, int]:
    """Partners among some statements of both sides, in order."""
    were, are = ([old[place].text for place in olds], [new[place].text for place in news])
    found: dict[int, int] = {}
    matcher = difflib.SequenceMatcher(None, were, are, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            found.update(zip(news[c:d], olds[a:b], strict=True))
        elif kind == "replace" and (b - a) * (d - c) <= MOST_PAIRS:
            found.update(_changed(old, new, olds[a:b], news[c:d]))
    return found


def _changed(
    old: Sequence[Statement], new: Sequence[Statement], olds: list[int], news: list[int]
) -> dict[int, int]:
    """Partners that keep the order of both sides and share the most words."""
    alike = [[_alike(old[a], new[b]) for b in news] for a in olds]
    best = [[0.0] * (len(news) + 1) for _ in range(len(olds) + 1)]
    for i in range(len(olds) - 1, -1, -1):
        for j in range(len(news) - 1, -1, -1):
            both = alike[i][j] + best[i + 1][j + 1] if alike[i][j] else 0.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], both)
    found = {}
    i = j = 0
    while i < len(olds) and j < len(news):
        if alike[i][j] and best[i][j] == alike[i][j] + best[i + 1][j + 1]:
            found[news[j]] = olds[i]
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found


def _alike(one: Statement, other: Statement) -> float:
    """Share of words that two statements have in common; 0 where it is too small."""
    total = one.words.total() + other.words.total()
    shared = 2 * (one.words & other.words).total() / total if total else 0.0
    return shared if shared >= ALIKE else 0.0
