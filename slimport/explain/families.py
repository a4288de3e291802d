"""Families of rules, by their codes: headings of the list, the index page and the site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slimport.rewrite.rule import Rule


@dataclass(frozen=True)
class Family:
    """Rules whose codes begin alike.

    Attributes:
        first: number of its first code; the next family's ends it.
    """

    first: int
    title: str


FAMILIES = (
    Family(0, "Scopes and variables"),
    Family(100, "Layers"),
    Family(200, "Regularizers and initializers"),
    Family(220, "Variables, collections and the global step"),
    Family(240, "Training and evaluation on sessions"),
    Family(250, "Moving averages and networks that slim ships"),
    Family(270, "Input pipelines"),
    Family(280, "Training and evaluation with Keras"),
    Family(300, "TensorFlow 1, NumPy and Python 2 names"),
    Family(400, "Checkpoints, summaries, and what is mostly left"),
    Family(900, "Lines of notebooks, and what no rule takes"),
)


def number(rule: Rule) -> int:
    return int(rule.code.removeprefix("SLIM"))


def family_of(rule: Rule) -> Family:
    """The last family that begins at or before the rule's code."""
    return next(family for family in reversed(FAMILIES) if family.first <= number(rule))


def grouped(rules: Sequence[Rule]) -> Iterator[tuple[Family, list[Rule]]]:
    """Each family with its rules; families without any are left out."""
    for family in FAMILIES:
        members = [rule for rule in rules if family_of(rule) is family]
        if members:
            yield family, members
