"""Which files of a repository load: as they were, and rewritten."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.repositories.listed import Repository
from benchmarks.repositories.tree import Trees

#: The outcomes that `import_worker.py` writes; it is a script of its own and not imported here.
FAILED, RUNS_ON = "failed", "runs on"

#: How files are loaded: the tree, and what `import tensorflow` gives them.
SIDES = {
    "tf1": ("legacy", "tf1"),  # TensorFlow 1's stand-in and tf_slim
    "tf2": ("legacy", "tf2"),  # the files as they were on TensorFlow 2
    "migrated": ("migrated", "tf2"),
}

#: Seconds for one file, and for TensorFlow.
TIMEOUT = 60.0
START = 300.0

Outcomes = dict[str, tuple[str, str]]

WORKER = Path(__file__).resolve().parent / "import_worker.py"


def load_all(repository: Repository, trees: Trees, work: Path) -> dict[str, Any]:
    """Imports every file of the legacy tree in three ways.

    Returns:
        ``files``, how many there are; for each side how many load, or still run when their time is
        up; ``runs_on``, the latter; ``lost``, files that load under TensorFlow 1 and, rewritten,
        do not load under TensorFlow 2, with the error.
    """
    files = sorted(str(path.relative_to(trees.legacy)) for path in trees.legacy.rglob("*.py"))
    return summary({side: _side(side, files, repository, trees, work) for side in SIDES})


def summary(found: Mapping[str, Outcomes]) -> dict[str, Any]:
    """Counts the outcomes of all sides; see `load_all`."""
    before, after = found["tf1"], found["migrated"]
    return {
        "files": len(before),
        **{
            side: sum(outcome != FAILED for outcome, _ in outcomes.values())
            for side, outcomes in found.items()
        },
        "runs_on": [name for name in before if RUNS_ON in (before[name][0], after[name][0])],
        "lost": {
            name: error
            for name, (outcome, error) in after.items()
            if outcome == FAILED and before[name][0] != FAILED
        },
    }


def _side(
    side: str, files: Sequence[str], repository: Repository, trees: Trees, work: Path
) -> Outcomes:
    tree, kind = SIDES[side]
    out = work / f"imports-{side}.json"
    out.unlink(missing_ok=True)
    # A script that works as it loads may leave checkpoints, which its training would find.
    copy = work / f"imports-{side}"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(getattr(trees, tree), copy, symlinks=True)
    request = {
        "side": kind,
        "root": str(copy),
        "paths": list(repository.paths),
        "absent": list(repository.absent),
        "files": list(files),
        "timeout": TIMEOUT,
        "out": str(out),
    }
    place = work / f"imports-{side}-request.json"
    place.write_text(json.dumps(request))
    done = subprocess.run(
        [sys.executable, str(WORKER), str(place)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=START + TIMEOUT * len(files),
    )
    shutil.rmtree(copy)
    if not out.exists():
        raise RuntimeError(f"imports, {side}: ended with {done.returncode}:\n{done.stderr}")
    return {
        name: (outcome, error) for name, (outcome, error) in json.loads(out.read_text()).items()
    }
