"""Scripts with sessions run on TensorFlow 2 after the rewrite, and train to the same numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slimport.rewrite.command import Request
from slimport.rewrite.command import run as rewrite

pytest.importorskip("tf_slim")

LEGACY = Path(__file__).parents[2] / "fixtures" / "legacy" / "session_scripts"
SCRIPTS = ("train_towers", "train_queue", "train_at_once", "finetune", "train_loop")


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts after one command that leaves nothing."""
    folder = tmp_path_factory.mktemp("scripts") / "migrated"
    report = rewrite(Request((LEGACY,), folder, write=True)).report
    assert not report.left and not report.failed
    return folder


def facts(folder: Path, *command: str) -> dict[str, Any]:
    """Runs a script; weights come from a checkpoint that the first side to run has saved."""
    # One thread a kernel: sums in an order of their own, as on a busy machine, differ by more.
    environment = {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_NUM_INTRAOP_THREADS": "1",
    }
    out = folder / f"{len(list(folder.iterdir()))}.json"
    arguments = ["--checkpoint", str(folder / "model"), "--facts", str(out)]
    done = subprocess.run(
        [sys.executable, *command, *arguments], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(out.read_text())
    return found


@pytest.mark.parametrize(
    "script",
    [pytest.param(s, marks=[pytest.mark.slow] if s == "train_at_once" else []) for s in SCRIPTS],
)
def test_ten_steps_from_the_same_weights(script: str, migrated: Path, tmp_path: Path) -> None:
    runner = str(Path(__file__).with_name("run_legacy_script.py"))
    old = facts(tmp_path, runner, str(LEGACY / f"{script}.py"))
    assert (tmp_path / "model.index").exists()
    new = facts(tmp_path, str(migrated / f"{script}.py"))
    assert list(new) == list(old)
    for name, value in old.items():
        if name in ("trained", "evaluated"):
            assert np.allclose(new[name], value, rtol=1e-5, atol=1e-5 * np.abs(value).max()), name
        elif name == "after":
            assert list(new[name]) == list(value)
            assert np.allclose([*new[name].values()], [*value.values()], rtol=1e-4), name
        else:
            assert new[name] == value, name
    assert old["trained"][-1] != old["trained"][0]
