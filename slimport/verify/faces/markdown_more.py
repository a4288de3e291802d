"""What the Markdown report folds away: cost, notes, inputs, environments, the case file."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from slimport.verify.faces import cost_words, wording
from slimport.verify.faces.cost_words import Measure
from slimport.verify.faces.markdown_text import clipped, code, escaped, fenced, folded, head, row
from slimport.verify.result import CaseResult, VerifyResult

#: Cases listed in each folded part, notes, names behind a note, and characters of a case file.
CASES, NOTES, NAMES, CASE_TEXT = 20, 12, 3, 6_000
#: What is measured and shown.
SHOWN = ("parameters", "inference", "training step", "peak memory")


def more(result: VerifyResult) -> list[str]:
    """Returns the folded parts, those that have something to say."""
    return [*_cost(result), *_notes(result), *_environment(result), *_case_text(result)]


def _cost(result: VerifyResult) -> list[str]:
    measured = [
        (case, {m.name: m for m in cost_words.measures(case.cost)})
        for case in result.cases
        if case.cost is not None
    ]
    if not measured:
        return []
    lines = head(("case", *(f">{name}" for name in SHOWN)))
    for case, found in measured[:CASES]:
        lines.append(row((code(case.name), *(_words(found[name]) for name in SHOWN))))
    if len(measured) > CASES:
        lines.append(row((f"and {len(measured) - CASES} more", "", "", "", "")))
    return folded(f"Cost{_cost_line([found for _, found in measured])}", lines)


def _words(measure: Measure) -> str:
    times = measure.times
    return measure.words + (f" (×{times:.2f})" if times and measure.unit else "")


def _cost_line(found: list[Mapping[str, Measure]]) -> str:
    """The median of each ratio over the cases, for who does not open the table."""
    words = []
    for name in SHOWN[1:]:
        ratios = [m[name].times for m in found]
        known = [ratio for ratio in ratios if ratio is not None]
        if known:
            words.append(f"{name} ×{statistics.median(known):.2f}")
    return f" of the new side: {', '.join(words)}" if words else ""


def _notes(result: VerifyResult) -> list[str]:
    """Each note once, with the cases that it is about."""
    found: dict[str, list[CaseResult]] = {}
    for case in result.cases:
        for note in wording.notes_of(case):
            found.setdefault(note, []).append(case)
    if not found:
        return []
    lines = []
    for note, cases in list(found.items())[:NOTES]:
        names = ", ".join(code(case.name) for case in cases[:NAMES])
        others = f" and {len(cases) - NAMES} more" if len(cases) > NAMES else ""
        lines.append(f"- {escaped(clipped(note, 400))} ({names}{others})")
    if len(found) > NOTES:
        lines.append(f"- and {len(found) - NOTES} more notes")
    return folded(wording.plural(len(found), "note"), lines)


def _environment(result: VerifyResult) -> list[str]:
    names = list(dict.fromkeys(name for side in result.environments.values() for name in side))
    lines = head(("", "old", "new"))
    base = code(wording.short_base(result)) if result.base else code(result.old)
    lines.append(row(("tree", base, code(result.new))))
    for name in names:
        cells = (result.environments.get(side, {}).get(name, "–") for side in ("old", "new"))
        lines.append(row((escaped(name), *(escaped(clipped(cell)) for cell in cells))))
    lines += ["", f"{wording.seeds(result)}; {result.seconds:.0f} s", ""]
    for case in result.cases[:CASES]:
        lines.append(f"- {code(case.name)}: {escaped(clipped(_inputs(case, result), 200))}")
    if len(result.cases) > CASES:
        lines.append(f"- and {len(result.cases) - CASES} more")
    return folded("Environments, seeds and inputs", lines)


def _inputs(case: CaseResult, result: VerifyResult) -> str:
    """What a case was given, and how many variables were matched."""
    parts = case.inputs or [f"{case.steps[-1]} steps" if case.steps else "no inputs"]
    if case.seed != result.seed:
        parts = [*parts, f"seed {case.seed}"]
    if case.matched_variables:
        parts = [*parts, f"{case.matched_variables} variables matched by name"]
    return ", ".join(parts)


def _case_text(result: VerifyResult) -> list[str]:
    if not result.case_text:
        return []
    text = result.case_text
    if len(text) > CASE_TEXT:
        text = text[:CASE_TEXT] + "\n# ... cut here"
    return folded(
        "The case file that was made, as none was given", fenced(text.splitlines(), "toml")
    )
