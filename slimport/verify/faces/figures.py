"""Figures of the report: inline SVG that takes its colours from the page."""

from __future__ import annotations

import io
import math
import re
from typing import Any

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

_DIGITS = re.compile(r"(\.\d\d)\d+")

#: Differences of zero are drawn here, below everything that float32 can show.
_ZERO = 1e-9


def drawn(value: float | None) -> float:
    """Keeps a value on a logarithmic axis."""
    if value is None or math.isnan(value):
        return _ZERO
    return min(max(value, _ZERO), 1e6)


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


def logarithmic(axis: Any) -> None:
    """Makes an axis logarithmic, its ticks as numbers are written elsewhere: 1e-5."""
    from matplotlib.ticker import LogLocator, NullLocator

    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_major_locator(LogLocator(numticks=9))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(lambda value, _: f"1e{round(math.log10(value))}")


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
    # A hundredth of a point is more than a screen shows.
    text = re.sub(r'"[^"]*"', lambda found: _DIGITS.sub(r"\1", found.group()), text)
    label = title.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
