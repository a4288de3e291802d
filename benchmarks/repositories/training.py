"""Training scripts, old against migrated: the losses of some steps from the same weights."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.repositories.listed import Repository
from benchmarks.repositories.tree import Trees

WORKER = Path(__file__).resolve().with_name("training_worker.py")

STEPS = 10
TIMEOUT = 1200.0

#: Relative difference of losses that passes, and the multiple of what one ulp in the weights does
#: to the same loss; and what never passes. An optimizer amplifies rounding with each step.
TOLERANCE, FLOORS, MOST = 1e-5, 10.0, 0.05

#: The runs of a script: tree, TensorFlow, and whether weights are moved by one ulp.
RUNS = {
    "old": ("legacy", "tf1", False),
    "floor": ("legacy", "tf1", True),
    "new": ("migrated", "tf2", False),
}

Answer = dict[str, Any]


def run(script: dict[str, Any], repository: Repository, trees: Trees, work: Path) -> Answer:
    """Returns the row of a script: its status, the largest difference, and what failed."""
    answers = {name: _answer(name, script, repository, trees, work) for name in RUNS}
    name = f"{repository.name.partition('/')[2]}/{script['name']}"
    return {"name": name, **compare(answers)}


def compare(answers: dict[str, Answer]) -> Answer:
    """Compares the losses of both sides.

    Returns:
        ``status``; ``variables``, how many of the old side's have a partner; ``steps``; ``losses``
        of both sides; ``relative``, the largest difference over the loss; ``floor``, the same
        between the old side and itself; ``errors`` by run.
    """
    old, floor, new = (answers[name]["losses"] for name in RUNS)
    found = {
        "variables": _matched(answers["old"]["variables"], answers["new"]["variables"]),
        "steps": len(new),
        "losses": {"old": old, "new": new},
        "errors": {name: a["error"] for name, a in answers.items() if a["error"]},
    }
    if found["errors"] or not old:
        return {**found, "status": "failed"}
    found["relative"], found["floor"] = _largest(old, new), _largest(old, floor)
    same = set(answers["old"]["variables"]) == set(answers["new"]["variables"])
    limit = min(max(TOLERANCE, FLOORS * found["floor"]), MOST)
    return {**found, "status": "equal" if same and found["relative"] <= limit else "differs"}


def _matched(old: Sequence[str], new: Sequence[str]) -> str:
    extra = len(set(new) - set(old))
    return f"{len(set(old) & set(new))}/{len(set(old))}" + (f" +{extra}" if extra else "")


def _largest(old: Sequence[Sequence[float]], new: Sequence[Sequence[float]]) -> float:
    """Largest relative difference; infinite where the steps are not the same."""
    if [len(step) for step in old] != [len(step) for step in new]:
        return float("inf")
    pairs = [pair for steps in zip(old, new, strict=True) for pair in zip(*steps, strict=True)]
    found = [abs(a - b) / abs(a) if a else float(b != 0) for a, b in pairs]
    return float("inf") if any(value != value for value in found) else max(found)


def _answer(
    name: str, script: dict[str, Any], repository: Repository, trees: Trees, work: Path
) -> Answer:
    tree, side, moved = RUNS[name]
    folder = work / f"training-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(getattr(trees, tree), folder / "tree")  # scripts leave checkpoints behind
    out = folder / "answer.json"
    request = {
        "side": side,
        "moved": moved,
        "root": str(folder / "tree"),
        "paths": list(repository.paths),
        "absent": list(repository.absent),
        "script": script["script"],
        "arguments": script.get("arguments", []),
        "constants": script.get("constants", {}),
        "data": script.get("data"),
        "steps": script.get("steps", STEPS),
        "seed": 0,
        "out": str(out),
    }
    place = folder / "request.json"
    place.write_text(json.dumps(request))
    try:
        done = subprocess.run(
            [sys.executable, str(WORKER), str(place)],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_ENABLE_ONEDNN_OPTS": "0"},
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        return {"losses": [], "variables": [], "error": f"did not end within {TIMEOUT:.0f} s"}
    if not out.exists():
        error = f"ended with {done.returncode}: {done.stderr[-2000:]}"
        return {"losses": [], "variables": [], "error": error}
    found: Answer = json.loads(out.read_text())
    return found
