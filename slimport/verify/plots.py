"""Plots of the report, as inline SVG that takes its colours from the page."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from typing import Any

from slimport.verify.result import CaseResult, ModeResult, TensorResult

# Colours stand for variables of the page's style sheet: matplotlib cannot know whether the reader
# sees a dark or a light page.
INK, MUTED, BLUE, RED, GREEN = "#010101", "#020202", "#030303", "#040404", "#050505"
_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    BLUE: "var(--blue)",
    RED: "var(--red)",
    GREEN: "var(--green)",
}

#: Differences of zero are drawn here, below everything that float32 can show.
_ZERO = 1e-9


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
    figure, axes = axes_of(10.4, 2.8)
    places = list(range(len(outputs)))
    tolerances = [drawn(t.relative_tolerance) for t in outputs]
    axes.step(places, tolerances, where="mid", color=RED, lw=1.2, ls="--", label="tolerance")
    floors = [(p, t.floor / t.scale) for p, t in enumerate(outputs) if t.floor and t.scale]
    if floors:
        axes.plot(*zip(*floors, strict=True), color=MUTED, lw=1.2, label="noise floor (one ulp)")
    good = [p for p in places if outputs[p].status.is_good]
    bad = [p for p in places if p not in good]
    for chosen, colour, label in (
        (good, BLUE, "difference (none: drawn at 1e-9)"),
        (bad, RED, "out of tolerance"),
    ):
        if chosen:
            heights = [drawn(outputs[p].relative) for p in chosen]
            axes.plot(chosen, heights, "o", color=colour, ms=4.5, label=label)
    _depth_axes(axes, outputs)
    return svg(figure, f"Difference of each output in build order, {mode.mode}")


def _depth_axes(axes: Any, outputs: Sequence[TensorResult]) -> None:
    axes.set_yscale("log")
    axes.set_ylabel("relative to scale")
    step = max(1, math.ceil(len(outputs) / 32))
    axes.set_xticks(range(0, len(outputs), step))
    labels = [t.name.rsplit("/", 1)[-1][:22] for t in outputs[::step]]
    axes.set_xticklabels(labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.margins(x=0.02)
    axes.legend(frameon=False, fontsize=8, ncols=4, loc="lower left", bbox_to_anchor=(0, 1.0))


def drawn(value: float | None) -> float:
    """Keeps a value on a logarithmic axis."""
    if value is None or math.isnan(value):
        return _ZERO
    return min(max(value, _ZERO), 1e6)


def scatter(tensor: TensorResult) -> str:
    """Returns a plot of elements of one tensor, old against new."""
    if tensor.sample is None or not tensor.sample.old:
        return ""
    pairs = [
        pair
        for pair in zip(tensor.sample.old, tensor.sample.new, strict=True)
        if math.isfinite(pair[0]) and math.isfinite(pair[1])
    ]
    if not pairs:
        return ""
    old, new = zip(*pairs, strict=True)
    figure, axes = axes_of(2.7, 2.6)
    low, high = min(old), max(old)
    axes.plot([low, high], [low, high], color=MUTED, lw=1)
    colour = BLUE if tensor.status.is_good else RED
    axes.plot(old, new, "o", color=colour, ms=2.4, alpha=0.7, mew=0)
    axes.set_xlabel("old")
    axes.set_ylabel("new")
    axes.locator_params(nbins=3)
    axes.ticklabel_format(style="sci", scilimits=(-2, 3))
    return svg(figure, f"Old against new values of {tensor.name}")


def overview(cases: Sequence[CaseResult]) -> str:
    """Returns a plot of every tensor's difference over its tolerance, one row per case."""
    rows = [(c, [t for m in c.modes for t in m.tensors if t.max_abs is not None]) for c in cases]
    rows = [(case, tensors) for case, tensors in rows if tensors]
    if not rows:
        return ""
    figure, axes = axes_of(10.4, 0.75 + (0.28 if len(rows) < 30 else 0.17) * len(rows))
    for place, (_, tensors) in enumerate(rows):
        for good, colour in ((True, BLUE), (False, RED)):
            shown = [t for t in tensors if t.status.is_good is good]
            x = [min(max(t.severity, 1e-6), 1e6) for t in shown]
            y = [place + 0.28 * (_spread(i) - 0.5) for i in range(len(shown))]
            axes.plot(x, y, "o", color=colour, ms=2.6, alpha=0.45, mew=0)
    axes.axvline(1.0, color=RED, lw=1.2, ls="--")
    axes.set_xscale("log")
    axes.set_xlabel("difference / tolerance (right of the line fails)")
    axes.set_yticks(range(len(rows)), [case.name for case, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    return svg(figure, "Difference over tolerance of every tensor, by case")


def _spread(number: int) -> float:
    """Spreads points evenly without randomness (golden ratio sequence)."""
    return (number * 0.6180339887) % 1.0


def axes_of(width: float, height: float, columns: int = 1) -> tuple[Any, Any]:
    """Returns a figure without a backend, so that no display is touched, and its axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.patch.set_alpha(0.0)
    found = figure.subplots(1, columns)
    for axes in figure.axes:
        _style(axes)
    return figure, found


def _style(axes: Any) -> None:
    axes.patch.set_alpha(0.0)
    axes.tick_params(colors=MUTED, labelcolor=INK, labelsize=8)
    axes.xaxis.offsetText.set(color=INK, fontsize=7.5)
    axes.yaxis.offsetText.set(color=INK, fontsize=7.5)
    axes.xaxis.label.set(color=INK, fontsize=8.5)
    axes.yaxis.label.set(color=INK, fontsize=8.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(MUTED)
    axes.grid(color=MUTED, alpha=0.2, lw=0.6)
    axes.set_axisbelow(True)


def svg(figure: Any, title: str) -> str:
    """Renders a figure; text stays text, and the size follows the page."""
    import matplotlib as mpl

    out = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": title, "font.size": 8.5}):
        for axes in figure.axes:
            legend = axes.get_legend()
            for text in legend.get_texts() if legend else ():
                text.set_color(INK)
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, variable)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<svg ([^>]*?)height="[^"]*"', r"<svg \1", text, count=1)
    text = re.sub(r'(<svg [^>]*?)width="([\d.]+)pt"', r'\1style="max-width:\2pt"', text, count=1)
    label = title.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
