"""What a divergence says of the two trees, line by line, for every face of the report."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from slimport.verify.result import Divergence, ModeResult, Site, VerifyResult

_CODE = re.compile(r"SLIM\d{3}")


@dataclass(frozen=True)
class Line:
    """One thing that a divergence says.

    Attributes:
        label: What it is.
        side: Tree of the site, ``old`` or ``new``; empty where there is none.
        site: A place.
        text: Words, where it is no place.
    """

    label: str
    side: str = ""
    site: Site | None = None
    text: str = ""

    def __str__(self) -> str:
        if self.site is None:
            return self.text
        inside = f"  in {self.site.function}" if self.site.function else ""
        return f"{self.site}  {self.site.text}{inside}".rstrip()


@dataclass(frozen=True)
class Rule:
    """A rule as a report names it."""

    code: str
    name: str
    summary: str


def lines_of(found: Divergence) -> list[Line]:
    """Returns what is known of a divergence: where, written from what by whom, and why."""
    lines: list[Line] = []
    if found.new:
        lines.append(Line("differs from here", "new", found.new[0]))
    elif found.operation:
        lines.append(Line("differs from here", text=found.operation))
    if found.old:
        lines.append(Line("legacy line", "old", found.old[0]))
    if found.rules:
        lines.append(Line("written by", text=", ".join(map(rule_in_words, found.rules))))
    lines += [Line("defaults set at", "new", site) for site in found.defaults]
    lines += [Line("called from", "new", site) for site in found.new[1:]]
    if found.why:
        lines.append(Line("why", text=found.why))
    return lines


@dataclass
class Told:
    """Lines from which something differs and that a report has told of, with who was the first.

    Attributes:
        failed: Likewise what kept sides from running: the side and the traceback.
    """

    first: dict[tuple[Site, str], str] = field(default_factory=dict)
    failed: dict[tuple[str, str], str] = field(default_factory=dict)

    def before(self, found: Divergence, name: str) -> str:
        """Returns who differed from the same line before, for the same reason; else notes it."""
        if not found.new:
            return ""
        first = self.first.setdefault((found.new[0], found.why), name)
        return "" if first == name else first


def rule_in_words(code: str) -> str:
    """Returns a rule's code with its name, and what is said behind the code."""
    rules = rules_of([code])
    return code.replace(rules[0].code, f"{rules[0].code} {rules[0].name}") if rules else code


def rules_of(codes: Iterable[str]) -> list[Rule]:
    """Returns the rules that these texts name, each once, ordered by code."""
    named = {found for code in codes for found in _CODE.findall(code)}
    return [_rules()[code] for code in sorted(named) if code in _rules()]


@cache
def _rules() -> dict[str, Rule]:
    # Loads libcst, so that only a report that names a rule does it.
    from slimport.rewrite.registry import all_rules

    return {rule.code: Rule(rule.code, rule.name, rule.summary) for rule in all_rules()}


def rules_in(result: VerifyResult) -> list[Rule]:
    """Returns every rule that a run's divergences name."""
    return rules_of(
        code for mode in modes_that_part(result) for d in mode.divergences for code in d.rules
    )


def modes_that_part(result: VerifyResult) -> list[ModeResult]:
    """Returns the modes whose divergence has a place."""
    return [mode for case in result.cases for mode in case.modes if mode.divergences]
