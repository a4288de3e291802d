"""A conversion needs little memory above the model, and shows how far it is."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.weights.test_weights_command import values, weights
from tests.weights.tools import save

pytest.importorskip("tensorflow")

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MB = 1_000_000

#: What TensorFlow's and h5py's own structures take, whatever the size of the tensors.
BESIDE = 8 * MB

#: Arguments of `big_models:equal`: half a gigabyte in 25 tensors, and 400 MB in one.
SIZES = {"many": (25, 2240), "one": (1, 10_000)}

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

_WRITE = """
import sys
from pathlib import Path
import numpy as np
import tensorflow as tf
sys.path.insert(0, {root!r})
from tests.weights.tools import save
count, width, folder = {count}, {width}, Path({folder!r})
random = np.random.default_rng(0)
values = {{}}
for number in range(count):
    kernel = random.standard_normal((width, width), np.float32)
    values[f"fc{{number}}/weights"] = kernel
    values[f"fc{{number}}/biases"] = random.standard_normal(width, np.float32)
for version in (1, 2):
    save(folder / f"v{{version}}.ckpt", values, version)
graph = tf.compat.v1.GraphDef()
graph.versions.producer = 27
for name, value in values.items():
    node = graph.node.add(name=name, op="Const")
    node.attr["dtype"].type = tf.float32.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    read = graph.node.add(name=name + "/read", op="Identity", input=[name])
    read.attr["T"].type = tf.float32.as_datatype_enum
(folder / "frozen.pb").write_bytes(graph.SerializeToString())
"""


@pytest.fixture(scope="module", params=SIZES)
def folder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Old weights in three formats; pytest would keep gigabytes of three runs."""
    found = tmp_path_factory.mktemp(request.param)
    count, width = SIZES[request.param]
    script = _WRITE.format(root=str(ROOT), count=count, width=width, folder=str(found))
    subprocess.run([sys.executable, "-c", script], check=True)
    yield found
    shutil.rmtree(found)


def peak(folder: Path, source: str, *arguments: str) -> int:
    """Converts in a process of its own; returns the bytes above the model."""
    count, width = SIZES[folder.name.rstrip("0123456789")]
    report = folder / "report.json"
    model = ["--model", "big_models:equal", "--args", f"count={count}, width={width}"]
    given = [str(report), source, *model, "--path", str(HERE), "--overwrite", *arguments]
    command = [sys.executable, "-m", "benchmarks.old_weights.measured", *given]
    done = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert f"{2 * count} of {2 * count} variables equal, bit by bit" in done.stdout
    found = json.loads(report.read_text())
    # The model has touched its memory: what it takes is not counted as the conversion's.
    assert found["model"] > 4 * count * width * width
    print(f"{folder.name} {source} {arguments}: {found['peak'] / MB:.1f} MB")
    return int(found["peak"])


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def twice_the_largest(folder: Path) -> int:
    """The bound: what is read, and what TensorFlow or h5py makes of it."""
    _, width = SIZES[folder.name.rstrip("0123456789")]
    return 2 * 4 * width * width + BESIDE


@pytest.mark.slow
@linux
@pytest.mark.parametrize("source", ["v2.ckpt", "v1.ckpt", "frozen.pb"])
def test_there_in_bounded_memory(folder: Path, source: str) -> None:
    assert peak(folder, source, "--out", "out.weights.h5") < twice_the_largest(folder)


@pytest.mark.slow
@linux
def test_a_whole_model_and_back_in_bounded_memory(folder: Path) -> None:
    assert peak(folder, "v2.ckpt", "--out", "out.keras") < twice_the_largest(folder)
    assert peak(folder, "out.keras", "--to-checkpoint", "back.ckpt") < twice_the_largest(folder)


def test_a_progress_bar_on_a_terminal(tmp_path: Path) -> None:
    source = save(tmp_path / "model.ckpt", values())
    given = [str(source), "--model", "tiny_models:small", "--path", str(HERE)]
    command = [sys.executable, "-m", "slimport", "weights", *given, "--out", "out.weights.h5"]
    shown = on_a_terminal(command, tmp_path)
    # Bars of what is read and of what is compared, full at their ends.
    size = sum(value.nbytes for value in values().values())
    for doing in ("reading", "comparing"):
        assert re.search(rf"{doing} \S*━\S* +{size}/{size} bytes", shown), shown
    assert "━" not in weights(source, *given[1:], "--out", tmp_path / "silent.weights.h5").output


def on_a_terminal(command: list[str], folder: Path) -> str:
    """Runs a command in a terminal of its own; returns all it showed, without colours."""
    terminal, end = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=end, stdout=end, stderr=end
    )
    os.close(end)
    shown = b""
    with contextlib.suppress(OSError):  # the process has closed its end
        while part := os.read(terminal, 1 << 16):
            shown += part
    os.close(terminal)
    assert process.wait() == 0, shown.decode()
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
