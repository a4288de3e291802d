"""Which rules may act: ``--select``, ``--ignore``, and the comments of one file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from slimport.index.modules import Module
from slimport.rewrite.ignore_comments import IgnoreComment, comments_of
from slimport.rewrite.registry import UNKNOWN_API, all_rules

_PREFIX = re.compile(r"SLIM\d{0,3}", re.IGNORECASE)


class UnknownCode(ValueError):
    """Something that is no code, no beginning of a code, and no rule's name."""


@cache
def _names() -> dict[str, str]:
    """The codes of all rules, by name."""
    return {**{rule.name: rule.code for rule in all_rules()}, "no_rule": UNKNOWN_API}


@cache
def _alone() -> frozenset[str]:
    return frozenset(rule.code for rule in all_rules() if rule.alone)


def stands_alone(code: str) -> bool:
    """Whether references of the rule may stay, or go, one by one; see `Rule.alone`."""
    return code in _alone()


def codes_of(text: str) -> frozenset[str]:
    """The codes that ``SLIM101``, ``SLIM1`` or ``conv2d`` stands for.

    Raises:
        UnknownCode: none.
    """
    names = _names()
    wanted = text.strip()
    if wanted.lower() in names:
        return frozenset({names[wanted.lower()]})
    if _PREFIX.fullmatch(wanted):
        found = frozenset(c for c in names.values() if c.startswith(wanted.upper()))
        if found:
            return found
    near = [code for code in names.values() if code == _with_digits(wanted)]
    near = near or difflib.get_close_matches(wanted.lower(), names, n=1)
    near = near or difflib.get_close_matches(wanted.upper(), names.values(), n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise UnknownCode(f"no rule has the code or name {wanted!r}{hint} (`slimport rules` has all)")


def _with_digits(text: str) -> str:
    """``SLIM1O1`` with what was meant for digits."""
    return text[:4].upper() + text[4:].upper().translate(str.maketrans("OIL", "011"))


@dataclass(frozen=True)
class Selection:
    """What the user selected for the whole run.

    Attributes:
        ignored: the codes of rules that must not act.
    """

    ignored: frozenset[str] = frozenset()

    @classmethod
    def of(cls, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> Selection:
        """A selection out of codes, beginnings of codes and names, also several by commas.

        What is both selected and ignored is ignored.

        Raises:
            UnknownCode: something is none of these.
        """
        selected, ignored = _all_of(select), _all_of(ignore)
        if selected is not None:
            return cls((frozenset(_names().values()) - selected) | (ignored or frozenset()))
        return cls(ignored or frozenset())

    @property
    def leaves_networks(self) -> bool:
        """Whether no rule is selected but those that stand alone."""
        return bool(self.ignored) and not set(_names().values()) - self.ignored - _alone()


def _all_of(texts: Iterable[str]) -> frozenset[str] | None:
    """The codes of all, None where there is no text at all."""
    parts = [part for text in texts for part in text.split(",")]
    if not parts:
        return None
    return frozenset(code for part in parts for code in codes_of(part))


class FileSelection:
    """What of one file is ignored, by the run's selection and by the file's own comments."""

    def __init__(self, module: Module, selection: Selection) -> None:
        self.comments: list[IgnoreComment] = comments_of(module)
        self._run = selection
        self._by_line: dict[int, set[str]] = {}
        self._in_file: set[str] = set()
        self._codes: dict[IgnoreComment, dict[str, frozenset[str]]] = {}
        self.errors: list[tuple[int, str]] = []
        for comment in self.comments:
            self._add(comment)

    def __bool__(self) -> bool:
        return bool(self.comments or self._run.ignored)

    def _add(self, comment: IgnoreComment) -> None:
        if comment.error:
            self.errors.append((comment.line, comment.error))
            return
        codes: dict[str, frozenset[str]] = {}
        for text in comment.codes:
            try:
                codes[text] = codes_of(text)
            except UnknownCode as error:
                self.errors.append((comment.line, f"`{comment.text}`: {error}"))
        if comment.is_whole and not comment.codes:
            codes[""] = frozenset(_names().values())
        self._codes[comment] = codes
        every = {code for found in codes.values() for code in found}
        if comment.is_whole:
            self._in_file |= every
        for line in comment.lines:
            self._by_line.setdefault(line, set()).update(every)

    @property
    def is_whole_file(self) -> bool:
        """Whether nothing in the file may change."""
        return any(c.is_whole and not c.codes and not c.error for c in self.comments)

    def ignores(self, code: str, line: int) -> bool:
        """Whether the rule must not act on a reference that is on this line."""
        return (
            code in self._run.ignored
            or code in self._in_file
            or code in self._by_line.get(line, ())
        )

    def unused(
        self, items: Iterable[tuple[str, int]]
    ) -> list[tuple[IgnoreComment, str, frozenset[str]]]:
        """The comments, with each text in them (and its codes) that fits no item.

        Args:
            items: code and line of each reference that was ignored.
        """
        found = list(items)
        return [
            (comment, text, codes)
            for comment, by_text in self._codes.items()
            for text, codes in by_text.items()
            if not any(
                code in codes and (comment.is_whole or line in {comment.line, *comment.lines})
                for code, line in found
            )
        ]
