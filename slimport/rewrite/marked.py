"""What rules share that only mark: the reason, and the way on."""

from __future__ import annotations

from dataclasses import dataclass

from slimport.index.program import Reference
from slimport.rewrite.rule import Leave, Outcome, Rule
from slimport.rewrite.site import CallSite, ValueSite


@dataclass(frozen=True, kw_only=True)
class MarkedRule(Rule):
    """APIs that no rule rewrites yet; each reference is marked."""

    reason: str
    advice: str

    def call(self, site: CallSite) -> Outcome:
        return Leave(f"{site.api}: {self.reason}", self.advice)

    def value(self, site: ValueSite) -> Outcome:
        return Leave(f"{site.api}: {self.reason}", self.advice)

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        return f"{reference.api.name} is not rewritten"
