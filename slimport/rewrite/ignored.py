"""What of a file's references is ignored, and whether its rewriting has kept to that."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from slimport.index.program import Reference
from slimport.report.model import LeftAlone, Rewritten
from slimport.rewrite.registry import acting_rule, rule_for
from slimport.rewrite.selection import FileSelection

WOULD_CHANGE = "would be rewritten"
_KINDS: tuple[frozenset[str], ...] = (frozenset(), frozenset({"fit"}), frozenset({"keras"}))


def ignored_entry(item: Rewritten | LeftAlone) -> LeftAlone:
    """What the report says of a reference that a rule was kept from."""
    if isinstance(item, LeftAlone):
        return item
    place = (item.column, item.end_line, item.end_column)
    return LeftAlone(item.line, item.api, item.code, WOULD_CHANGE, "", *place)


def not_asked(references: Iterable[Reference]) -> list[LeftAlone]:
    """References that went with something larger, once for each rule that takes their API."""
    found = []
    for reference in references:
        line, column, end, last = reference.span
        api = reference.api.name
        rules = (rule_for(api), *(acting_rule(api, kinds) for kinds in _KINDS))
        for code in sorted({rule.code for rule in rules if rule is not None}):
            found.append(LeftAlone(line, api, code, WOULD_CHANGE, "", column + 1, end, last + 1))
    return found


def acted_against(
    selection: FileSelection,
    rewritten: Collection[Rewritten],
    unasked: Collection[LeftAlone],
) -> list[LeftAlone]:
    """What was ignored, and would have been rewritten all the same.

    Args:
        rewritten: the entries of everything that changed, but for what stands alone.
        unasked: what `not_asked` has found.
    """
    found = [ignored_entry(i) for i in rewritten if selection.ignores(i.code, i.line)]
    return found + [item for item in unasked if selection.ignores(item.code, item.line)]
