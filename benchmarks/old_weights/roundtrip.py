"""One row: the old code writes, `slimport weights` goes there and back, everything is compared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.old_weights.rows import FROZEN, NETWORKS, OLD, SAVED_MODEL, V1, Row
from benchmarks.old_weights.trees import ROOT, Tree, cleared

WRITER = ROOT / "tests" / "weights" / "write_old.py"
TIMEOUT = 1200
SHADOW = "/ExponentialMovingAverage"


class StepError(Exception):
    """A step ended with another status than 0; the message has what it said."""


@dataclass
class Outcome:
    """What a row came to.

    Attributes:
        name: The row's.
        variables: The number of variables that were to come back.
        numbers: The bytes of them.
        identical: How many did.
        wrong: What did not, or what nobody asked for.
        differences: Largest difference of each output that was compared, relative to its maximum.
        is_equal: What `--verify` said.
        there: What `measured` said of the way there.
        back: And of the way back.
        seconds: Of each step.
        error: What ended the row before its end.
    """

    name: str
    variables: int = 0
    numbers: int = 0
    identical: int = 0
    wrong: list[str] = field(default_factory=list)
    differences: dict[str, float] = field(default_factory=dict)
    is_equal: bool | None = None
    there: dict[str, float] = field(default_factory=dict)
    back: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class Written:
    """What the old code wrote.

    Attributes:
        source: What is converted.
        checkpoint: The checkpoint, which holds the values in any case.
        names: The variables of the network, without those of its training.
        outputs: Tensors of the old graph by the names of outputs.
    """

    source: Path
    checkpoint: Path
    names: Sequence[str]
    outputs: Mapping[str, str]


def there_and_back(row: Row, tree: Tree, work: Path, old_python: str | None) -> Outcome:
    """Runs a row in a folder of its own.

    Args:
        row: The row.
        tree: The tree that its network is in.
        work: The folder.
        old_python: The interpreter of TensorFlow 1.15.
    """
    outcome = Outcome(row.name)
    folder = cleared(work)
    try:
        written = _timed(outcome, "writing", write, row, tree, folder, old_python)
        keras_file = folder / ("model" + row.out)
        arguments = _there(row, tree, written)
        given = [written.source, *arguments, "--out", keras_file]
        outcome.there = _timed(outcome, "there", weights, folder / "there", given)
        _take_check(outcome, folder / "there" / "said.json")
        back = folder / "back" / "model.ckpt"
        given = [keras_file, *_model(row, tree), "--to-checkpoint", back]
        if row.slots:
            given += ["--slots", "--like", written.checkpoint]
        outcome.back = _timed(outcome, "back", weights, folder / "back", given)
        compare(outcome, *_values(row, written, back))
    except (StepError, subprocess.TimeoutExpired) as error:
        outcome.error = str(error)
    return outcome


def _timed(outcome: Outcome, step: str, function: Any, *arguments: Any) -> Any:
    started = time.monotonic()
    try:
        return function(*arguments)
    finally:
        outcome.seconds[step] = time.monotonic() - started


def write(row: Row, tree: Tree, folder: Path, old_python: str | None) -> Written:
    """Lets the old code write."""
    network = NETWORKS[row.network]
    exported = row.form in (FROZEN, SAVED_MODEL)
    source = (
        folder / "old" / {FROZEN: "frozen.pb", SAVED_MODEL: "saved"}.get(row.form, "model.ckpt")
    )
    source.parent.mkdir()
    request = {
        "root": str(tree.legacy),
        "paths": [str(path) for path in tree.old_paths],
        "entry": network.entry,
        "args": dict(network.args),
        "arg_scope": network.arg_scope,
        "shape": network.shape,
        "out": str(folder / "old" / "model.ckpt"),
        "optimizer": row.optimizer,
        "average": row.average,
        "version": 1 if row.form == V1 else 2,
        "inference": exported,
        "frozen": str(source) if row.form == FROZEN else None,
        "saved_model": str(source) if row.form == SAVED_MODEL else None,
    }
    asked = folder / "request.json"
    asked.write_text(json.dumps(request, indent=1))
    python = old_python if row.writer == OLD else sys.executable
    said = _run([python, WRITER, asked])
    found = json.loads(said.splitlines()[-1])
    return Written(source, Path(request["out"]), found["variables"], found["outputs"])


def _run(command: Sequence[Any]) -> str:
    # TensorFlow 2 leaves TF2_BEHAVIOR to its children, and 1.15 would begin in eager mode.
    environment = {k: v for k, v in os.environ.items() if k != "TF2_BEHAVIOR"}
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    given = [str(part) for part in command]
    done = subprocess.run(
        given, capture_output=True, text=True, timeout=TIMEOUT, env=environment, cwd=ROOT
    )
    if done.returncode:
        text = (done.stdout[-3000:] + done.stderr[-3000:]).strip()
        raise StepError(f"{' '.join(given[1:3])} ended with {done.returncode}:\n{text}")
    return done.stdout


def weights(folder: Path, arguments: Sequence[Any]) -> dict[str, float]:
    """Runs `slimport weights`, measured."""
    folder.mkdir()
    report = folder / "measured.json"
    command = [sys.executable, "-m", "benchmarks.old_weights.measured", report, *arguments]
    said = _run([*command, "--json", folder / "said.json"])
    (folder / "said.txt").write_text(said)
    found: dict[str, float] = json.loads(report.read_text())
    return found


def _model(row: Row, tree: Tree) -> list[Any]:
    """What says which model it is."""
    network = NETWORKS[row.network]
    found: list[Any] = [part for path in tree.paths for part in ("--path", path)]
    if row.slots:
        return [*found, "--model", "training:compiled", "--args", f"optimizer={row.optimizer!r}"]
    args = ", ".join(f"{name}={value!r}" for name, value in network.args.items())
    size = ",".join(map(str, network.size))
    found += ["--model", network.entry, "--args", args, "--input", f"None,{size},3"]
    if network.arg_scope:
        found += ["--arg-scope", network.arg_scope]
    return found


def _there(row: Row, tree: Tree, written: Written) -> list[Any]:
    found = _model(row, tree)
    if row.slots:
        return [*found, "--slots"]  # numbers of the same network are another row's
    found += ["--verify", "--range", *map(str, NETWORKS[row.network].limits)]
    if row.form in (FROZEN, SAVED_MODEL):
        pairs = [f"{output}={tensor}" for output, tensor in written.outputs.items()]
        found += [part for pair in pairs for part in ("--old-output", pair)]
    else:
        found += ["--old", tree.legacy]
        found += [part for path in tree.old_paths for part in ("--old-path", path)]
    return [*found, "--ema"] if row.shadows else found


def _take_check(outcome: Outcome, said: Path) -> None:
    check = json.loads(said.read_text()).get("check")
    if check is not None:
        outcome.is_equal = check["status"] == "equal"
        outcome.differences = {
            tensor["name"]: tensor["max_abs"] / (tensor["scale"] or 1.0)
            for tensor in check["tensors"]
            if tensor["group"] == "output" and tensor["max_abs"] is not None
        }


def _values(row: Row, written: Written, back: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was to come back, and what did, by TensorFlow's own reader."""
    old, new = _read(written.checkpoint), _read(back)
    if row.slots:
        return old, new
    taken = {name: name + SHADOW if row.shadows else name for name in written.names}
    return {name: old.get(taken[name], old.get(name)) for name in taken}, new


def _read(prefix: Path) -> dict[str, Any]:
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(prefix))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def compare(outcome: Outcome, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Notes which variables came back bit for bit, which did not, and which are too much."""
    outcome.variables = len(old)
    outcome.numbers = sum(value.nbytes for value in old.values())
    for name in sorted(old.keys() | new.keys()):
        if name not in new or name not in old:
            outcome.wrong.append(f"{name} is {'not there' if name in old else 'too much'}")
        elif not _same(np.asarray(old[name]), np.asarray(new[name])):
            outcome.wrong.append(f"{name} is another")
        else:
            outcome.identical += 1


def _same(one: Any, other: Any) -> bool:
    return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
