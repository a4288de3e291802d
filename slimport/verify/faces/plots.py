"""Plots of tensors: difference by depth, old against new, differences, and all cases at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from slimport.verify.faces.figures import BLUE, INK, MUTED, RED, axes_of, drawn, logarithmic, svg
from slimport.verify.result import CaseResult, ModeResult, TensorResult

#: Cases in the overview, and tensors of each; the worst are shown.
CASES, POINTS = 40, 150


def error_by_depth(mode: ModeResult) -> str:
    """Returns a plot of every output's difference, tolerance and noise floor in build order.

    Args:
        mode: One mode; outputs without a number are left out.

    Returns:
        SVG text, empty where there is nothing to draw.
    """
    outputs = [t for t in mode.of("output") if t.relative is not None and t.dtype[:5] == "float"]
    if len(outputs) < 2:
        return ""
    figure, axes = axes_of(10.4, 2.9)
    places = range(len(outputs))
    tolerances = [drawn(t.relative_tolerance) for t in outputs]
    axes.step(places, tolerances, where="mid", color=RED, lw=1.2, ls="--", label="tolerance")
    floors = [(p, drawn(t.floor / t.scale)) for p, t in enumerate(outputs) if t.floor and t.scale]
    if floors:
        x, y = zip(*floors, strict=True)
        axes.fill_between(x, drawn(0.0), y, color=MUTED, alpha=0.22, lw=0)
        axes.plot(x, y, color=MUTED, lw=1.2, label="noise floor")
    good = [p for p in places if outputs[p].status.is_good]
    bad = [p for p in places if not outputs[p].status.is_good]
    for chosen, marker, colour, label in (
        (good, "o", BLUE, "difference (none: drawn at 1e-9)"),
        (bad, "X", RED, "out of tolerance"),
    ):
        if chosen:
            heights = [drawn(outputs[p].relative) for p in chosen]
            axes.plot(chosen, heights, marker, color=colour, ms=4.5, mew=0, label=label)
    if bad:
        axes.axvline(bad[0], color=RED, lw=0.9, alpha=0.6)
    _depth_axes(axes, outputs)
    return svg(figure, f"Difference of each output in build order, {mode.mode}")


def _depth_axes(axes: Any, outputs: Sequence[TensorResult]) -> None:
    logarithmic(axes.yaxis)
    axes.set_ylabel("relative to scale")
    step = max(1, math.ceil(len(outputs) / 32))
    axes.set_xticks(range(0, len(outputs), step))
    labels = [t.name.rsplit("/", 1)[-1][:22] for t in outputs[::step]]
    axes.set_xticklabels(labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.margins(x=0.02)
    axes.legend(frameon=False, fontsize=8, ncols=4, loc="lower left", bbox_to_anchor=(0, 1.0))


def scatter(tensor: TensorResult) -> str:
    """Returns two plots of one tensor's elements: old against new, and how they differ."""
    pairs = _finite_pairs(tensor)
    if not pairs:
        return ""
    old, new = zip(*pairs, strict=True)
    colour = BLUE if tensor.status.is_good else RED
    figure, (left, right) = axes_of(5.2, 2.5, columns=2)
    low, high = min(old), max(old)
    left.plot([low, high], [low, high], color=MUTED, lw=1)
    left.plot(old, new, "o", color=colour, ms=2.4, alpha=0.7, mew=0)
    left.set_xlabel("old")
    left.set_ylabel("new")
    left.locator_params(nbins=3)
    left.ticklabel_format(style="sci", scilimits=(-2, 3))
    _histogram(right, tensor, [b - a for a, b in pairs], colour)
    return svg(figure, f"Old against new values of {tensor.name}, and their differences")


def _finite_pairs(tensor: TensorResult) -> list[tuple[float, float]]:
    if tensor.sample is None:
        return []
    pairs = zip(tensor.sample.old, tensor.sample.new, strict=True)
    return [pair for pair in pairs if all(map(math.isfinite, pair))]


def _histogram(axes: Any, tensor: TensorResult, apart: Sequence[float], colour: str) -> None:
    """Differences relative to the scale, with the tolerance where it is in sight."""
    scale = tensor.scale or 1.0
    values = [value / scale for value in apart]
    width = max(map(abs, values)) or 1e-9
    axes.hist(values, bins=31, range=(-width, width), color=colour, alpha=0.75)
    axes.set_yscale("symlog", linthresh=1)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0f}")
    allowed = tensor.relative_tolerance
    if allowed and allowed < 3 * width:
        for side in (-allowed, allowed):
            axes.axvline(side, color=INK, lw=1.1, ls="--")
    axes.set_xlabel("(new - old) / scale")
    axes.set_ylabel("elements shown")
    axes.locator_params(axis="x", nbins=3)
    axes.ticklabel_format(axis="x", style="sci", scilimits=(-2, 3))
    axes.minorticks_off()


def overview(cases: Sequence[CaseResult]) -> str:
    """Returns a plot of every tensor's difference over its tolerance, one row per case."""
    rows = [(c, [t for m in c.modes for t in m.tensors if t.max_abs is not None]) for c in cases]
    rows = [(case, _some(tensors)) for case, tensors in rows if tensors]
    if len(rows) > CASES:
        rows = sorted(rows, key=lambda row: -row[1][0].severity)[:CASES]
    if not rows:
        return ""
    figure, axes = axes_of(10.4, 0.75 + (0.28 if len(rows) < 30 else 0.2) * len(rows))
    for place, (_, tensors) in enumerate(rows):
        for good, colour, marker in ((True, BLUE, "o"), (False, RED, "X")):
            shown = [t for t in tensors if t.status.is_good is good]
            x = [min(max(t.severity, 1e-6), 1e6) for t in shown]
            y = [place + 0.28 * (_spread(i) - 0.5) for i in range(len(shown))]
            axes.plot(x, y, marker, color=colour, ms=3 if good else 4, alpha=0.5, mew=0)
    axes.axvline(1.0, color=RED, lw=1.2, ls="--")
    logarithmic(axes.xaxis)
    axes.set_xlabel("difference / tolerance (right of the line fails; none: drawn at 1e-6)")
    axes.set_yticks(range(len(rows)), [case.name[:40] for case, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    return svg(figure, "Difference over tolerance of every tensor, by case")


def _some(tensors: Sequence[TensorResult]) -> list[TensorResult]:
    """The worst tensors of a case, and of the others so many as there is room for."""
    ordered = sorted(tensors, key=lambda tensor: -tensor.severity)
    worst, others = ordered[: POINTS // 2], ordered[POINTS // 2 :]
    return worst + others[:: max(1, math.ceil(2 * len(others) / POINTS))]


def _spread(number: int) -> float:
    """Spreads points evenly without randomness (golden ratio sequence)."""
    return (number * 0.6180339887) % 1.0
