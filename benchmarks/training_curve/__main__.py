"""The fixture's detector trained by slim's loop and, migrated, by fit: losses and detections.

    python -m benchmarks.training_curve [--starts N] [--steps N] [--work FOLDER]

Each start is a seed's: the legacy program's weights after one step. Both sides train from it on
the same records, in orders and with augmentations of their own. Both sides' programs read the last
checkpoint of every run. One more run of the legacy program begins one ulp beside the first start.
Writes result.json, curves.png and report.md. A finished run is not repeated, nor is the migration:
after a change of slimport take another folder.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from benchmarks.training_curve import comparison, picture, precision, report
from benchmarks.training_curve.programs import LEGACY, Failed
from benchmarks.training_curve.runs import Bench, Run, detected, evaluated, make_data, trained
from slimport.rewrite.command import Request
from slimport.rewrite.command import run as rewrite

THRESHOLDS = (0.5, 0.75)


@click.command()
@click.option("--starts", default=3, show_default=True, type=click.IntRange(2, 10))
@click.option("--steps", default=600, show_default=True, type=click.IntRange(1))
@click.option("--images", default=400, show_default=True, help="Held back, for detections.")
@click.option(
    "--work",
    default=Path("training-curve"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
)
def main(starts: int, steps: int, images: int, work: Path) -> None:
    """Trains what is not trained yet, evaluates, compares and plots."""
    bench = Bench(work.resolve(), steps)
    bench.work.mkdir(parents=True, exist_ok=True)
    try:
        prepare(bench, images)
        runs = [Run(bench, side, seed) for seed in range(1, starts + 1) for side in bench.trees]
        runs.insert(1, Run(bench, "legacy", 1, moved=True))
        for run in runs:
            click.echo(f"{run.name}: {'trained' if trained(run) else 'was trained'}")
        measured = measure(runs)
    except Failed as failure:
        raise click.ClickException(str(failure)) from failure
    (bench.work / "result.json").write_text(json.dumps(measured, indent=1))
    found = comparison.compare(measured)
    picture.draw(found, bench.work / "curves.png")
    (bench.work / "report.md").write_text(report.markdown(found, "curves.png"))
    click.echo(report.markdown(found, "curves.png"))


def prepare(bench: Bench, images: int) -> None:
    """The migrated tree and the data, both once."""
    if not bench.trees["migrated"].exists():
        done = rewrite(Request((LEGACY,), bench.trees["migrated"], write=True)).report
        if done.left or done.failed:
            raise Failed(f"{done.left} references left, {done.failed} failed")
    make_data(bench, images)


def measure(runs: list[Run]) -> list[dict[str, object]]:
    """What is known of each run, as plain data; `by` is whose program read its checkpoint."""
    sides = list(runs[0].bench.trees)
    files = {by: detected(runs, by) for by in sides}
    return [
        {
            "side": run.side,
            "seed": run.seed,
            "moved": run.moved,
            "losses": run.losses(),
            "precision": {
                by: precision.at_thresholds(files[by][run.name], THRESHOLDS) for by in sides
            },
            "eval": {by: evaluated(run, by) for by in sides},
        }
        for run in runs
    ]


if __name__ == "__main__":
    main()
