"""Imports that are really tried, in the interpreter that a scan asks about."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass

from slimport.scan.environment import Environment, own_variables

IMPORT_SECONDS = 180


@dataclass(frozen=True)
class Tried:
    """A statement that was run in the interpreter.

    Attributes:
        error: the last lines of what it said; empty where it worked.
    """

    what: str
    error: str = ""
    log: str = ""


_STATEMENTS = (
    ("import tensorflow", "tensorflow", "import tensorflow"),
    ("import keras", "keras", "import keras"),
    ("import tf_slim", "tf_slim", "import tf_slim"),
    (
        "slim.batch_norm",
        "tf_slim",
        "import tensorflow.compat.v1 as tf, tf_slim; tf.disable_v2_behavior(); "
        "tf_slim.batch_norm(tf.placeholder(tf.float32, [2, 4, 4, 3]))",
    ),
    (
        "Object Detection API",
        "object_detection",
        "from object_detection.builders import model_builder",
    ),
)


def try_imports(environment: Environment) -> list[Tried]:
    """Really imports what is there, each in a process of its own, in an empty folder."""
    return [
        _try(environment.executable, what, code)
        for what, module, code in _STATEMENTS
        if module == "tensorflow" or module in environment.modules
    ]


def _try(executable: str, what: str, code: str) -> Tried:
    added = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    try:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [executable, "-W", "ignore", "-c", code], cwd=folder, capture_output=True,
                check=False, timeout=IMPORT_SECONDS, stdin=subprocess.DEVNULL,
                env=own_variables() | added,
            )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Tried(what, f"not finished after {IMPORT_SECONDS} s")
    except OSError as error:
        return Tried(what, str(error.strerror))
    if done.returncode == 0:
        return Tried(what)
    log = done.stderr.decode("utf-8", "replace")
    return Tried(what, _last_error(log) or f"ended with status {done.returncode}", log)


def _last_error(log: str) -> str:
    """The line of a traceback that names the error."""
    lines = [line for line in log.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]*(?:Error|Exception|Interrupt)\b", line)]
    return (named or lines or [""])[-1].strip()
