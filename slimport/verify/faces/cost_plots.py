"""Plots of time and memory, old beside new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slimport.verify.faces.cost_words import Measure, measures
from slimport.verify.faces.figures import BLUE, MUTED, axes_of, svg
from slimport.verify.result import CaseResult

#: What is drawn, with its unit and what one of that unit is.
DRAWN = (("inference", "ms", 1e-3), ("training step", "ms", 1e-3), ("peak memory", "MB", 1e6))
#: Cases drawn.
CASES = 30


def cost_of(cases: Sequence[CaseResult]) -> str:
    """Returns time and memory of the measured cases, a row each; empty if there are none."""
    measured = [case for case in cases if case.cost is not None][:CASES]
    if not measured:
        return ""
    found = [{m.name: m for m in measures(case.cost)} for case in measured if case.cost]
    kinds = [kind for kind in DRAWN if any(m[kind[0]].old is not None for m in found)]
    if not kinds:
        return ""
    figure, axes = axes_of(10.4, 0.95 + 0.3 * len(measured), columns=len(kinds))
    for place, (name, unit, one) in enumerate(kinds):
        column = axes[place] if len(kinds) > 1 else axes
        _column(column, [m[name] for m in found], one)
        column.set_xlabel(f"{name}, {unit}")
        names = [case.name[:34] for case in measured]
        column.set_yticks(range(len(measured)), names if place == 0 else [""] * len(names))
    first = figure.axes[0]
    first.plot([], [], "o", color=MUTED, mfc="none", ms=7, label="old")
    first.plot([], [], "o", color=BLUE, ms=5, label="new")
    first.legend(frameon=False, fontsize=8, ncols=2, loc="lower left", bbox_to_anchor=(-0.02, 1.0))
    return svg(figure, "Time and memory of old and new, by case")


def _column(axes: Any, found: Sequence[Measure], one: float) -> None:
    """Medians joined by a line, all measurements as thin marks, on an axis from zero."""
    for place, measure in enumerate(found):
        if measure.old is None or measure.new is None:
            continue
        axes.plot([measure.old / one, measure.new / one], [place] * 2, color=MUTED, lw=1.2)
        for values, colour, up in ((measure.old_all, MUTED, -0.22), (measure.new_all, BLUE, 0.22)):
            x = [value / one for value in values]
            axes.plot(x, [place + up] * len(x), "|", color=colour, ms=4, alpha=0.6)
        axes.plot([measure.old / one], [place], "o", color=MUTED, mfc="none", ms=7)
        axes.plot([measure.new / one], [place], "o", color=BLUE, ms=5)
    axes.set_xlim(left=0)
    axes.margins(x=0.08)
    axes.set_ylim(len(found) - 0.5, -0.5)
