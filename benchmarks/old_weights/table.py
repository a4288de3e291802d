"""The table: one line for each row."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.old_weights.roundtrip import Outcome
from benchmarks.old_weights.rows import ROWS, Row

MB = 1e6
HEADS = (
    "network",
    "written by",
    "as",
    "to",
    "variables",
    "MB",
    "identical after there and back",
    "largest difference on one image, in how many outputs",
    "seconds there, back",
    "MB above the model there, back",
)


def line(outcome: Outcome) -> str:
    """One line of news about a row that ended."""
    if outcome.error:
        return f"FAILED {outcome.name}: {outcome.error}"
    wrong = f" ({'; '.join(outcome.wrong[:3])} ...)" if outcome.wrong else ""
    return (
        f"{outcome.name}: {outcome.identical} of {outcome.variables}{wrong}, "
        f"{_difference(outcome)}, {_seconds(outcome)} s, {_memory(outcome)} MB above the model"
    )


def page(results: Path) -> str:
    """The whole table in Markdown, of all results that are kept."""
    lines = ["| " + " | ".join(HEADS) + " |", "|---|---|---|---|--:|--:|--:|--:|--:|--:|"]
    for row in ROWS:
        kept = results / f"{row.name}.json"
        if kept.exists():
            lines.append(_line(row, Outcome(**json.loads(kept.read_text()))))
    return "\n".join(lines) + "\n"


def _line(row: Row, outcome: Outcome) -> str:
    cells = [f"`{row.network}`", row.writer, _form(row), f"`{row.out}`"]
    if outcome.error:
        return (
            "| "
            + " | ".join([*cells, "", "", f"**{outcome.error.splitlines()[0]}**", "", "", ""])
            + " |"
        )
    identical = f"{outcome.identical} of {outcome.variables}"
    cells += [
        str(outcome.variables),
        f"{outcome.numbers / MB:.1f}",
        identical if not outcome.wrong else f"**{identical}**",
        _difference(outcome),
        _seconds(outcome),
        _memory(outcome),
    ]
    return "| " + " | ".join(cells) + " |"


def _form(row: Row) -> str:
    state = row.optimizer.removesuffix("Optimizer") if row.optimizer else ""
    if state and row.average:
        state += " and averages"
    if row.slots:
        return f"{row.form}; {state} go along"
    if row.shadows:
        return f"{row.form} with {state}; `--ema`"
    return f"{row.form} with {state}" if state else row.form


def _difference(outcome: Outcome) -> str:
    if outcome.is_equal is None:
        return ""
    worst = max(outcome.differences.values(), default=0.0)
    count = len(outcome.differences)
    text = f"{worst:.0e} in {count}" if worst else f"0 in {count}"
    return text if outcome.is_equal else f"**{text}**"


def _seconds(outcome: Outcome) -> str:
    return f"{outcome.there['converting']:.1f}, {outcome.back['converting']:.1f}"


def _memory(outcome: Outcome) -> str:
    return f"{outcome.there['peak'] / MB:.0f}, {outcome.back['peak'] / MB:.0f}"
