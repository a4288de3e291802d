"""Runs whole scripts, old ones as TensorFlow 1 would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

RUNNER = Path(__file__).with_name("run_legacy_script.py")


def run_script(side: str, *command: Any, **environment: str) -> None:
    """Runs a script and its arguments; `side` is `legacy` or `migrated`."""
    runner = [RUNNER] if side == "legacy" else []
    done = subprocess.run(
        [sys.executable, *map(str, [*runner, *command])],
        capture_output=True,
        text=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
    )
    assert done.returncode == 0, done.stderr[-3000:]
