"""Scripts with sessions run on TensorFlow 2 after the rewrite, and train to the same numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slimport.rewrite.command import Request
from slimport.rewrite.command import run as rewrite
from tests.verify.scripts import run_script

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


def facts(folder: Path, side: str, script: Path) -> dict[str, Any]:
    """Runs a script; weights come from a checkpoint that the first side to run has saved."""
    out = folder / f"{side}.json"
    run_script(side, script, "--checkpoint", folder / "model", "--facts", out)
    found: dict[str, Any] = json.loads(out.read_text())
    return found


@pytest.mark.parametrize(
    "script",
    [pytest.param(s, marks=[pytest.mark.slow] if s == "train_at_once" else []) for s in SCRIPTS],
)
def test_ten_steps_from_the_same_weights(script: str, migrated: Path, tmp_path: Path) -> None:
    old = facts(tmp_path, "legacy", LEGACY / f"{script}.py")
    assert (tmp_path / "model.index").exists()
    new = facts(tmp_path, "migrated", migrated / f"{script}.py")
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
