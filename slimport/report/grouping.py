"""What is left, by its reason: four hundred lines are a handful of things to do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from slimport.report.findings import Finding


@dataclass(frozen=True)
class Group:
    """References that are left for one reason.

    Attributes:
        text: the reason, with ``…`` for the name of the API.
        by_api: the references to each API, the most frequent one first.
    """

    code: str
    text: str
    advice: str
    by_api: list[tuple[str, list[Finding]]]

    @property
    def count(self) -> int:
        return sum(len(items) for _, items in self.by_api)

    @property
    def names_differ(self) -> bool:
        """Whether the names of the APIs say something beside the reason."""
        return "…" in self.text and len(self.by_api) > 1

    @property
    def said(self) -> str:
        """The reason, with the name of the API where there is but one."""
        return self.text if len(self.by_api) > 1 else self.text.replace("…", self.by_api[0][0])

    @property
    def items(self) -> list[Finding]:
        return [item for _, items in self.by_api for item in items]

    def first(self, count: int) -> Group:
        """The group with no more than so many of its references."""
        shown: list[tuple[str, list[Finding]]] = []
        for api, items in self.by_api:
            if count > 0:
                shown.append((api, items[:count]))
            count -= len(items)
        return Group(self.code, self.text, self.advice, shown)


def groups(found: Iterable[Finding]) -> list[Group]:
    """The references by rule and reason, the most frequent reason first."""
    apart = defaultdict[tuple[str, str, str], dict[str, list[Finding]]](dict)
    for item in found:
        reason = item.text.replace(item.api, "…") if item.api else item.text
        apart[item.code, reason, item.advice].setdefault(item.api, []).append(item)
    result = [
        Group(code, reason, advice, sorted(by_api.items(), key=lambda pair: -len(pair[1])))
        for (code, reason, advice), by_api in apart.items()
    ]
    return sorted(result, key=lambda group: -group.count)
