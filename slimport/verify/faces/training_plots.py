"""Plots of a training case: the losses of both sides, and their difference beside rounding."""

from __future__ import annotations

import itertools
from typing import Any

from slimport.verify.faces.figures import BLUE, INK, MUTED, RED, axes_of, drawn, logarithmic, svg
from slimport.verify.faces.growth import LINES, apart
from slimport.verify.result import Curves, ModeResult

MARKERS = dict(zip(LINES, "osD", strict=True))


def steps_of(mode: ModeResult, steps: tuple[int, ...]) -> str:
    """Returns two plots side by side, losses and growth, as SVG; empty where nothing was run."""
    if mode.curves is None or not mode.curves.old or not mode.curves.new:
        return ""
    figure, (left, right) = axes_of(10.4, 2.9, columns=2)
    colour = BLUE if mode.status.is_good else RED
    _losses(left, mode.curves, colour)
    _growth(right, mode, steps, colour)
    return svg(figure, f"Losses and differences by step, {mode.mode}")


def _losses(axes: Any, curves: Curves, colour: str) -> None:
    old, new = curves.old, curves.new
    axes.plot(_steps(old), old, color=MUTED, lw=3.4, alpha=0.6, label="old")
    axes.plot(_steps(new), new, color=colour, lw=1.2, label="new")
    spread = curves.spread
    low = [loss - apart for loss, apart in zip(old, spread, strict=False)]
    high = [loss + apart for loss, apart in zip(old, spread, strict=False)]
    axes.fill_between(_steps(spread), low, high, color=INK, alpha=0.15, lw=0, label="rounding")
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    _legend(axes, 3)


def _growth(axes: Any, mode: ModeResult, steps: tuple[int, ...], colour: str) -> None:
    """The difference of each loss, and of variables after the recorded steps, on log axes."""
    assert mode.curves is not None
    old, new, spread = mode.curves.old, mode.curves.new, mode.curves.spread
    scale = [abs(loss) or 1.0 for loss in old]
    floor = [drawn(apart / size) for apart, size in zip(spread, scale, strict=False)]
    grown = list(itertools.accumulate(floor, max))
    axes.fill_between(_steps(grown), drawn(0.0), grown, color=MUTED, alpha=0.3, lw=0)
    apart_by = [drawn(abs(a - b) / s) for a, b, s in zip(old, new, scale, strict=False)]
    axes.plot(_steps(apart_by), apart_by, color=colour, lw=1.0, label="loss")
    for name, groups in LINES.items():
        found = [point for step in steps if (point := apart(mode, step, groups)) is not None]
        floors = [(point.step, point.floor) for point in found if point.floor is not None]
        style = MARKERS[name]
        if floors:
            x, y = zip(*floors, strict=True)
            axes.plot(x, [drawn(value) for value in y], style, color=MUTED, mfc="none", ms=8)
        if found:
            x = tuple(point.step for point in found)
            heights = [drawn(point.relative) for point in found]
            axes.plot(x, heights, style, color=colour, ms=4.5, label=name)
    axes.plot([], [], "s", color=MUTED, mfc="none", ms=8, label="grey: rounding alone")
    axes.set_xscale("log")
    logarithmic(axes.yaxis)
    axes.set_xlabel("step")
    axes.set_ylabel("relative difference")
    axes.set_xticks(list(steps), [str(step) for step in steps])
    axes.minorticks_off()
    _legend(axes, 5)


def _steps(values: Any) -> range:
    return range(1, len(values) + 1)


def _legend(axes: Any, columns: int) -> None:
    axes.legend(
        frameon=False,
        fontsize=7.5,
        ncols=columns,
        columnspacing=1.2,
        handletextpad=0.5,
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
    )
