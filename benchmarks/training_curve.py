"""The fixture's detector trained by slim's loop and, migrated, by fit: loss curves and evaluation.

    python -m benchmarks.training_curve [--steps N] [--work FOLDER]

Both begin with the same weights and read the same records, in orders and with augmentations of
their own. Each side's eval.py evaluates both runs: the migrated run's checkpoints are read by the
legacy program, too. Writes curve.png and result.json.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import numpy as np

from slimport.rewrite.command import Request
from slimport.rewrite.command import run as rewrite

LEGACY = Path(__file__).parents[1] / "fixtures" / "legacy" / "ssd_inception_v2"
CONFIG = "configs/ssd_inception_v2_shapes_tiny.config"
RUNNER = Path(__file__).parents[1] / "tests" / "verify" / "run_legacy_script.py"
LOSS = re.compile(r"global step (\d+): loss = ([0-9.]+)")
METRIC = re.compile(r"^(\w+): ([0-9.]+)$", re.MULTILINE)
WINDOW = 40


@click.command()
@click.option("--steps", default=600, show_default=True)
@click.option(
    "--work",
    default=Path("training-curve"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
)
def main(steps: int, work: Path) -> None:
    """Trains, evaluates, compares and plots."""
    work = work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    roots = {"legacy": LEGACY, "migrated": work / "migrated"}
    report = rewrite(Request((LEGACY,), roots["migrated"], write=True)).report
    if report.left or report.failed:
        raise click.ClickException(f"{report.left} references left, {report.failed} failed")
    data, start = work / "shapes", work / "start"
    run(roots["migrated"], "datasets/make_shapes.py", f"--out_dir={data}")
    train(roots["legacy"], data, start, 1)
    curves = {
        side: losses(train(root, data, work / side / "run", steps, start))
        for side, root in roots.items()
    }
    metrics = {
        f"{of}'s run, {by} eval.py": evaluated(roots[by], data, work / of / "run", work / of / by)
        for of in roots
        for by in roots
    }
    (work / "result.json").write_text(json.dumps({"losses": curves, "metrics": metrics}, indent=1))
    plot(curves, work / "curve.png")
    for line in summary(curves, metrics):
        click.echo(line)


def run(root: Path, script: str, *arguments: str) -> str:
    """Runs a script of a tree, the legacy one as TensorFlow 1 would, and returns its output."""
    runner = [str(RUNNER)] if root == LEGACY else []
    command = [sys.executable, *runner, str(root / script), *arguments]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=root)
    if done.returncode:
        raise click.ClickException(f"{' '.join(command)}\n{done.stderr[-3000:]}")
    return done.stdout + done.stderr


def train(root: Path, data: Path, folder: Path, steps: int, start: Path | None = None) -> str:
    begin = [] if start is None else [f"--fine_tune_checkpoint={start}"]
    return run(
        root,
        "train.py",
        f"--pipeline_config={root / CONFIG}",
        f"--dataset_dir={data}",
        f"--train_dir={folder}",
        f"--num_steps={steps}",
        "--log_every_n_steps=1",
        *begin,
    )


def losses(output: str) -> dict[int, float]:
    """The loss by step, from the log."""
    return {int(step): float(loss) for step, loss in LOSS.findall(output)}


def evaluated(root: Path, data: Path, checkpoints: Path, folder: Path) -> dict[str, float]:
    output = run(
        root,
        "eval.py",
        f"--pipeline_config={root / CONFIG}",
        f"--dataset_dir={data}",
        f"--checkpoint_dir={checkpoints}",
        f"--eval_dir={folder}",
    )
    return {name: float(value) for name, value in METRIC.findall(output)}


def summary(curves: dict[str, dict[int, float]], metrics: dict[str, dict[str, float]]) -> list[str]:
    lines = ["mean loss of steps    legacy  migrated"]
    old, new = (np.array(list(curve.values())) for curve in curves.values())
    for first in range(0, min(len(old), len(new)), WINDOW):
        part = slice(first, first + WINDOW)
        means = f"{old[part].mean():8.3f}  {new[part].mean():8.3f}"
        lines.append(f"{first + 1:5d} to {first + WINDOW:5d}   {means}")
    for name, values in metrics.items():
        text = ", ".join(f"{key} {value:.4f}" for key, value in values.items())
        lines.append(f"{name}: {text}")
    return lines


def plot(curves: dict[str, dict[int, float]], path: Path) -> None:
    """Draws both curves, smoothed over steps, above what they are made of."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    for (side, curve), colour in zip(curves.items(), ("#1f5fa8", "#d1701f"), strict=True):
        steps, values = np.array(list(curve)), np.array(list(curve.values()))
        axes.plot(steps, values, color=colour, alpha=0.2, linewidth=0.8)
        width = min(WINDOW, len(values))
        kernel = np.ones(width) / width
        smooth = np.convolve(values, kernel, "valid")
        axes.plot(steps[width - 1 :], smooth, color=colour, label=side)
    axes.set(xlabel="step", ylabel="loss", title="SSD Inception v2 on shapes, the same start")
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
