"""Runs of the detector's programs, each in a folder of its own; what is finished is kept."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

from benchmarks.training_curve import programs
from benchmarks.training_curve.programs import Failed

LOSS = re.compile(r"global step (\d+): loss = ([0-9.]+)")
METRIC = re.compile(r"^(\w+): ([0-9.]+)$", re.MULTILINE)
LAST = re.compile(r'^model_checkpoint_path: "(?:.*/)?(model\.ckpt-(\d+))"', re.MULTILINE)
# A start has seen its seed's first batch, which must not come first again.
ORDER = 100


@dataclasses.dataclass(frozen=True)
class Bench:
    """The two trees, the data both read, and the folder everything lies in."""

    work: Path
    steps: int

    @property
    def trees(self) -> dict[str, Path]:
        return {"legacy": programs.LEGACY, "migrated": self.work / "migrated"}

    @property
    def data(self) -> Path:
        return self.work / "shapes"


@dataclasses.dataclass(frozen=True)
class Run:
    """A training: whose train.py, and from which start: that of the seed, or one ulp beside it."""

    bench: Bench
    side: str
    seed: int
    moved: bool = False

    @property
    def name(self) -> str:
        return f"seed-{self.seed}-{self.side}" + ("-one-ulp" if self.moved else "")

    @property
    def folder(self) -> Path:
        return self.bench.work / "runs" / self.name

    @property
    def log(self) -> Path:
        return self.folder / "train.log"

    @property
    def checkpoint(self) -> Path:
        return last_checkpoint(self.folder / "train", self.bench.steps)

    def losses(self) -> list[float]:
        """The loss of each step, as the log prints it; empty before the run is finished."""
        text = self.log.read_text("utf-8") if self.log.exists() else ""
        by_step = {int(step): float(loss) for step, loss in LOSS.findall(text)}
        if sorted(by_step) != list(range(1, self.bench.steps + 1)):
            return []
        return [by_step[step] for step in sorted(by_step)]


def last_checkpoint(folder: Path, steps: int) -> Path:
    """The checkpoint a run ended with; both sides' programs would take it for the latest."""
    found = LAST.search((folder / "checkpoint").read_text("utf-8"))
    if found is None or int(found[2]) != steps:
        raise Failed(f"{folder} does not end with a checkpoint of step {steps}")
    return folder / found[1]


def make_data(bench: Bench, images: int) -> None:
    """The records, once."""
    if not (bench.data / "labels.txt").exists():
        programs.make_shapes(bench.trees["migrated"], bench.data, images)


def config(bench: Bench, seed: int) -> Path:
    """The fixture's pipeline config with a seed, of first weights and of the order of batches."""
    path = bench.work / "starts" / f"seed-{seed}.config"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = programs.CONFIG.read_text("utf-8")
    path.write_text(text.replace("train_config {", f"train_config {{\n  seed: {seed}", 1))
    return path


def start(bench: Bench, seed: int, moved: bool = False) -> Path:
    """Where training begins: the legacy program's weights after one step, or those one ulp off."""
    folder = bench.work / "starts" / f"seed-{seed}"
    if not (folder / "finished").exists():
        shutil.rmtree(folder, ignore_errors=True)
        programs.train(programs.LEGACY, config(bench, seed), bench.data, folder, 1)
        (folder / "finished").touch()
    first = last_checkpoint(folder, 1)
    if not moved:
        return first
    programs.move_by_one_ulp(first, folder / "one-ulp")
    return folder / "one-ulp"


def trained(run: Run) -> bool:
    """Trains unless a finished log is there; whether it had to."""
    if run.losses():
        return False
    bench = run.bench
    shutil.rmtree(run.folder, ignore_errors=True)
    run.folder.mkdir(parents=True)
    begin = f"--fine_tune_checkpoint={start(bench, run.seed, run.moved)}"
    tree, settings = bench.trees[run.side], config(bench, ORDER + run.seed)
    log = programs.train(tree, settings, bench.data, run.folder / "train", bench.steps, begin)
    run.log.write_text(log, "utf-8")
    if not run.losses():
        raise Failed(f"{run.log}: not a finite loss for each of {bench.steps} steps")
    return True


def evaluated(run: Run, by: str) -> dict[str, float]:
    """What a side's eval.py prints of a run's last checkpoint."""
    log = run.folder / f"eval-by-{by}.log"
    if not log.exists():
        tree, folder = run.bench.trees[by], run.folder / f"eval-by-{by}"
        log.write_text(programs.evaluate(tree, run.bench.data, run.checkpoint, folder), "utf-8")
    return {name: float(value) for name, value in METRIC.findall(log.read_text("utf-8"))}


def detected(runs: list[Run], by: str) -> dict[str, Path]:
    """Files of what a side's infer.py finds with each run's last checkpoint, by the run's name."""
    bench = runs[0].bench
    files = {run.name: run.folder / f"detections-by-{by}.npz" for run in runs}
    missing = {run.checkpoint: files[run.name] for run in runs if not files[run.name].exists()}
    if missing:
        programs.detect(bench.trees[by], bench.data, missing)
    return files
