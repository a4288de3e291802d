"""How cost grows: ``python -m benchmarks.models.growth``.

Building and the first call of a network against its depth, rewriting a tree against its files: by
processor time, in processes of their own. Draws docs/images/performance-growth.png.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.models.__main__ import CACHE
from benchmarks.models.measure import OLD, request
from benchmarks.models.rows import Row
from benchmarks.models.trees import ROOT, Trees
from benchmarks.models.turns import started
from benchmarks.rewrite_speed.trees import generate

PICTURE = ROOT / "docs" / "images" / "performance-growth.png"

#: ResNet v1 by its layers. Images are small: what grows is the graph.
DEPTHS = (50, 101, 152, 200)
SIZE = 64
FORMS = {OLD: "slim, TF 1 graph", "functional": "migrated model"}
COLOURS = {OLD: "#1f5fa8", "functional": "#d1701f"}
NETWORKS = (10, 20, 40, 80)


@click.command()
@click.option("--checkout", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--runs", default=3, show_default=True, help="The quickest of as many counts.")
@click.option("--as-they-are", is_flag=True, help="Take the migrated trees of the last run.")
@click.option("--picture-only", is_flag=True, help="Measure nothing: draw what is there already.")
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    default=CACHE / "slimport" / "models",
    show_default=True,
    help="Folder outside the repository for trees and results.",
)
def main(
    checkout: Path | None, runs: int, as_they_are: bool, picture_only: bool, work: Path
) -> None:
    """Measures, prints how far from linear it is, and draws the picture."""
    place = work / "growth.json"
    if not picture_only:
        work.mkdir(parents=True, exist_ok=True)
        trees = Trees(checkout, work, as_they_are)
        told = {"build": by_depth(trees, work, runs), "rewrite": by_files(runs)}
        place.write_text(json.dumps(told, indent=1))
    found = json.loads(place.read_text())
    for name, points in lines(found).items():
        click.echo(f"{name}: {exponent(points):.2f} is the exponent; {points}")
    draw(found, PICTURE)


def by_depth(trees: Trees, work: Path, runs: int) -> dict[str, list[list[float]]]:
    """For each form: layers, and seconds of processors for building and the first call."""
    folder = work / "processes" / "growth"
    folder.mkdir(parents=True, exist_ok=True)
    least: dict[tuple[str, int], float] = {}
    for _ in range(runs):
        for depth in DEPTHS:
            row = Row(f"ResNet v1-{depth}", f"resnet_v1_{depth}", SIZE)
            row = dataclasses.replace(row, batch=1, step_batch=1)
            for form in FORMS:
                with started(form, request(row, trees.of(row), form), folder) as process:
                    taken = [process.ask("build"), process.ask("run", "serve", 1)]
                seconds = sum(answer["processor"] for answer in taken)
                least[form, depth] = min(seconds, least.get((form, depth), seconds))
    return {form: [[depth, least[form, depth]] for depth in DEPTHS] for form in FORMS}


def by_files(runs: int) -> list[list[float]]:
    """Files of a generated tree, and seconds of one processor for rewriting it."""
    least: dict[int, float] = {}
    with contextlib.ExitStack() as stack:
        made = {}
        for networks in NETWORKS:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()), "tree")
            files = len(list(generate(folder, networks).rglob("*.py")))
            made[files] = folder
        for _ in range(runs):
            for files, folder in made.items():
                command = ["-m", "benchmarks.rewrite_speed.work", "slimport", str(folder)]
                told = json.loads(subprocess.check_output([sys.executable, *command]))
                least[files] = min(float(told), least.get(files, float(told)))
    return [[files, seconds] for files, seconds in least.items()]


def lines(found: dict[str, Any]) -> dict[str, list[list[float]]]:
    """Everything that grows, by name."""
    return {**found["build"], "rewrite": found["rewrite"]}


def exponent(points: list[list[float]]) -> float:
    """`b` of the best `a * x ** b`: 1 where it is linear."""
    x, y = np.log(np.asarray(points)).T
    return float(np.polyfit(x, y, 1)[0])


def draw(found: dict[str, Any], path: Path) -> None:
    """Draws both, each with the straight line through its points."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for form, points in found["build"].items():
        _line(left, points, COLOURS[form], FORMS[form])
    left.set(xlabel="layers of ResNet v1", ylabel="seconds of processors")
    left.set_title("build and first call")
    left.set_xticks(DEPTHS)
    left.legend(frameon=False)
    _line(right, found["rewrite"], COLOURS["functional"], "slimport rewrite, one process")
    right.set(xlabel="files of a generated tree", ylabel="seconds of a processor")
    right.set_title("rewrite")
    right.legend(frameon=False)
    for axes in (left, right):
        axes.set(xlim=(0, None), ylim=(0, None))
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=90)
    pyplot.close(figure)


def _line(axes: Any, points: list[list[float]], colour: str, label: str) -> None:
    x, y = np.asarray(points).T
    slope, begin = np.polyfit(x, y, 1)
    axes.plot(x, y, "o", color=colour, label=label)
    axes.plot(x, slope * x + begin, color=colour, lw=1.2, alpha=0.6)


if __name__ == "__main__":
    main()
