"""The picture: losses of all runs, and beside them what they detect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.training_curve.comparison import LAST, Comparison, Measure

COLOURS = {"legacy": "#1f5fa8", "migrated": "#d1701f"}
LABELS = {"legacy": "legacy, slim's loop", "migrated": "migrated, fit"}


def draw(found: Comparison, path: Path) -> None:
    import matplotlib
    import PIL.Image

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(
        1, 2, figsize=(11, 4.8), width_ratios=(2, 1), layout="constrained"
    )
    draw_losses(found, left)
    draw_precision([measure for measure in found.measures if "mAP" in measure.name], right)
    for axes in (left, right):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=100)
    pyplot.close(figure)
    with PIL.Image.open(path) as image:  # a palette: a quarter of the size
        small = image.convert("RGB").quantize(64, dither=PIL.Image.Dither.NONE)
    small.save(path, optimize=True)


def draw_losses(found: Comparison, axes: Any) -> None:
    """Each start thin, their mean thick, the band between the least and the greatest."""
    for side, curves in found.curves.items():
        smooth = np.array([smoothed(curve) for curve in curves])
        steps = np.arange(smooth.shape[1]) + curves.shape[1] - smooth.shape[1] + 1
        colour = COLOURS[side]
        axes.fill_between(steps, smooth.min(0), smooth.max(0), color=colour, alpha=0.12, lw=0)
        axes.plot(steps, smooth.T, color=colour, lw=0.8, alpha=0.6)
        axes.plot(steps, smooth.mean(0), color=colour, lw=2.6, label=f"{LABELS[side]}: mean")
    axes.plot(
        steps,
        smoothed(found.moved),
        color="#333333",
        lw=1.1,
        ls=(0, (4, 2)),
        label=f"legacy, one ulp beside start {found.seeds[0]}",
    )
    axes.set(
        xlabel="step",
        ylabel=f"loss, mean of {min(LAST, len(found.moved))} steps",
        title=f"{len(found.seeds)} starts, each trained by both sides",
    )
    axes.legend(frameon=False)


def smoothed(curve: np.ndarray) -> np.ndarray:
    width = min(LAST, len(curve))
    return np.convolve(curve, np.ones(width) / width, "valid")


def draw_precision(measures: list[Measure], axes: Any) -> None:
    """A point for each run, lines between runs of one start, a bar at the mean."""
    places, names = [], []
    for index, measure in enumerate(measures):
        both = {"legacy": measure.legacy, "migrated": measure.migrated}
        xs = {"legacy": 3.0 * index, "migrated": 3.0 * index + 1}
        for pair in zip(*both.values(), strict=True):
            axes.plot(list(xs.values()), pair, color="#999999", lw=0.8, zorder=1)
        for side, values in both.items():
            axes.scatter([xs[side]] * len(values), values, color=COLOURS[side], s=34, zorder=3)
            bar = [xs[side] - 0.3, xs[side] + 0.3]
            axes.plot(bar, [values.mean()] * 2, color=COLOURS[side], lw=2.6, zorder=2)
        axes.scatter(
            xs["legacy"] - 0.25,
            measure.moved,
            marker="D",
            s=30,
            fc="white",
            ec="#333333",
            zorder=4,
            label=None if index else "one ulp beside",
        )
        places += xs.values()
        names += xs
    axes.set_xticks(places, names, fontsize=8.5)
    for index, measure in enumerate(measures):
        axes.text(3 * index + 0.5, 1.0, measure.name, ha="center", va="top", transform=over(axes))
    axes.legend(frameon=False, loc="lower left", handletextpad=0.2)
    axes.set(xlim=(-0.8, 3 * len(measures) - 1.2), ylim=(0, 1.1), title="Held-back images")


def over(axes: Any) -> Any:
    """x in data, y in the height of the axes."""
    return axes.get_xaxis_transform()
