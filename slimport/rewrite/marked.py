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
        return self._marked(site.api)

    def value(self, site: ValueSite) -> Outcome:
        return self._marked(site.api)

    def _marked(self, api: str) -> Leave:
        reason, advice = self.known(api)
        return Leave(f"{api}: {reason}", advice)

    def known(self, api: str) -> tuple[str, str]:
        """Reason and advice for a canonical name."""
        return self.reason, self.advice

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        return f"{reference.api.name} is not rewritten"
