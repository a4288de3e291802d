"""The detector's own programs, run on a tree as its user would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEGACY = ROOT / "fixtures" / "legacy" / "ssd_inception_v2"
CONFIG = LEGACY / "configs" / "ssd_inception_v2_shapes_tiny.config"
RUNNER = ROOT / "tests" / "verify" / "run_legacy_script.py"
HERE = Path(__file__).parent


class Failed(Exception):
    """A program ended with an error, or not where it should."""


def script(tree: Path, path: Path, *arguments: str) -> str:
    """Runs a script on a tree, the legacy one as TensorFlow 1 would; returns what it printed."""
    runner = [str(RUNNER)] if tree == LEGACY else []
    command = [sys.executable, *runner, str(path), *arguments]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["PYTHONPATH"] = str(tree)
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tree)
    if done.returncode:
        raise Failed(f"{' '.join(command)}\n{done.stderr[-3000:]}")
    return done.stdout + done.stderr


def make_shapes(tree: Path, data: Path, images: int) -> None:
    """The records, `images` of them held back."""
    path = tree / "datasets" / "make_shapes.py"
    script(tree, path, f"--out_dir={data}", f"--num_val={images}")


def train(tree: Path, config: Path, data: Path, folder: Path, steps: int, *more: str) -> str:
    """Trains into a folder; returns the log."""
    return script(
        tree,
        tree / "train.py",
        f"--pipeline_config={config}",
        f"--dataset_dir={data}",
        f"--train_dir={folder}",
        f"--num_steps={steps}",
        "--log_every_n_steps=1",
        *more,
    )


def evaluate(tree: Path, data: Path, checkpoint: Path, folder: Path) -> str:
    """What eval.py prints of a checkpoint."""
    return script(
        tree,
        tree / "eval.py",
        f"--pipeline_config={CONFIG}",
        f"--dataset_dir={data}",
        f"--checkpoint_dir={checkpoint}",
        f"--eval_dir={folder}",
    )


def detect(tree: Path, data: Path, files: dict[Path, Path]) -> None:
    """Writes what infer.py's detector finds in the images held back, by checkpoint."""
    pairs = [f"{checkpoint}={path}" for checkpoint, path in files.items()]
    records = data / "shapes_val.tfrecord"
    script(tree, HERE / "detections.py", str(CONFIG), str(records), *pairs)


def move_by_one_ulp(checkpoint: Path, copy: Path) -> None:
    script(ROOT, HERE / "one_ulp.py", str(checkpoint), str(copy))
