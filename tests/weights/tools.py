"""Makes files of old weights, and finds an interpreter with TensorFlow 1.15."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slimport.weights.stored import Stored


@functools.cache
def tensorflow_1() -> str:
    """An interpreter with TensorFlow 1.15: OLD_PYTHON, or a CPython 3.7; the test skips without."""
    homes = sorted(Path.home().glob(".pyenv/versions/3.7*/bin/python"))
    probe = "import importlib.util as u, sys; sys.exit(u.find_spec('tensorflow_core') is None)"
    for python in filter(None, [os.environ.get("OLD_PYTHON"), shutil.which("python3.7"), *homes]):
        if subprocess.run([python, "-c", probe], capture_output=True, check=False).returncode == 0:
            return str(python)
    pytest.skip("no interpreter with TensorFlow 1.15")


def run_tensorflow_1(script: Path, *arguments: Path) -> str:
    """Runs a script there, and returns what it prints."""
    # TensorFlow 2 leaves this to its children, and TensorFlow 1.15 then begins in eager mode.
    environment = {k: v for k, v in os.environ.items() if k != "TF2_BEHAVIOR"}
    command = [tensorflow_1(), str(script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def stored(**shapes: Any) -> dict[str, Stored]:
    """Variables by name, as `a__b`: their shapes, or a dtype of scalars."""
    found = {}
    for name, given in shapes.items():
        shape, dtype = ((), given) if isinstance(given, str) else (tuple(given), "float32")
        found[name.replace("__", "/")] = Stored(name.replace("__", "/"), shape, dtype)
    return found


def some_values() -> dict[str, np.ndarray[Any, Any]]:
    """Values of all dtypes that variables of networks have, by name."""
    random = np.random.default_rng(0)
    return {
        "net/conv/weights": random.normal(size=(3, 3, 3, 4)).astype("float32"),
        "net/conv/biases": random.normal(size=4).astype("float32"),
        "net/half": random.normal(size=5).astype("float16"),
        "net/double": random.normal(size=(2, 1)),
        "net/ones": np.ones(1000, "float32"),
        "net/empty": np.zeros((0, 3), "float32"),
        "net/names": np.array([b"a", b"", b"\xff\0"], object),
        "net/mask": np.array([True, False]),
        "global_step": np.array(7, "int64"),
    }


def save(
    prefix: Path, values: Mapping[str, Any], version: int = 2, parts: int = 1, devices: int = 1
) -> Path:
    """Writes a checkpoint as a program of TF 1 does."""
    import tensorflow as tf

    tf1 = tf.compat.v1
    config = tf1.ConfigProto(device_count={"CPU": devices})
    with tf.Graph().as_default(), tf1.Session(config=config) as session:
        with tf1.variable_scope("", partitioner=_partitioner(tf1, parts)):
            for number, (name, value) in enumerate(values.items()):
                with tf.device(f"/cpu:{number % devices}"):
                    _variable(tf1, name, value)
        session.run(tf1.global_variables_initializer())
        saver = tf1.train.Saver(write_version=version, sharded=devices > 1)
        saver.save(session, str(prefix), write_meta_graph=False)
    return prefix


def _partitioner(tf1: Any, parts: int) -> Any:
    if parts == 1:
        return None
    return lambda shape, dtype: [min(parts, n) if i == 0 else 1 for i, n in enumerate(shape)]


def _variable(tf1: Any, name: str, value: Any, **more: Any) -> Any:
    import tensorflow as tf

    def initial(shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        start = partition_info.var_offset if partition_info else [0] * value.ndim
        sizes = [int(size) for size in shape]
        return value[tuple(slice(b, b + n) for b, n in zip(start, sizes, strict=True))]

    dtype = tf.as_dtype("string" if value.dtype == object else value.dtype)
    return tf1.get_variable(name, value.shape, dtype, initializer=initial, **more)


def network(tf1: Any, values: Mapping[str, Any], resource: bool) -> Any:
    """Builds a graph that reads each variable in another way; returns input and output."""
    import tensorflow as tf

    with tf1.variable_scope("", use_resource=resource):
        read = {name: _variable(tf1, name, value) for name, value in values.items()}
    image = tf1.placeholder(tf.float32, [None, 4, 4, 3], name="image")
    conv = tf.nn.conv2d(image, read["net/conv/weights"], 1, "SAME") + read["net/conv/biases"]
    table = tf.gather(read["net/ones"], tf.cast(read["global_step"], tf.int32))
    half = tf.cast(tf.reduce_sum(read["net/half"]), tf.float32)
    double = tf.cast(tf.reduce_sum(read["net/double"]), tf.float32)
    empty = tf.reduce_sum(read["net/empty"]) + tf.reduce_sum(tf.constant([1.5, 2.5]))
    flag = tf.cast(read["net/mask"][0], tf.float32)
    return image, tf.identity(tf.reduce_sum(conv) + table + half + double + empty + flag, "out")


def export(folder: Path, resource: bool) -> dict[str, np.ndarray[Any, Any]]:
    """Writes `frozen.pb`, `graph.pb`, and SavedModels with variables and with constants."""
    import tensorflow as tf

    tf1 = tf.compat.v1
    values = {name: value for name, value in some_values().items() if name != "net/names"}
    with tf.Graph().as_default() as graph, tf1.Session() as session:
        image, out = network(tf1, values, resource)
        session.run(tf1.global_variables_initializer())
        tf1.saved_model.simple_save(session, str(folder / "saved"), {"i": image}, {"o": out})
        definition = graph.as_graph_def()
        frozen = tf1.graph_util.convert_variables_to_constants(session, definition, ["out"])
    (folder / "graph.pb").write_bytes(definition.SerializeToString())
    (folder / "frozen.pb").write_bytes(frozen.SerializeToString())
    with tf.Graph().as_default() as graph, tf1.Session() as session:
        tf.graph_util.import_graph_def(frozen, name="")
        ends = [graph.get_tensor_by_name(name) for name in ("image:0", "out:0")]
        saved = str(folder / "saved_constants")
        tf1.saved_model.simple_save(session, saved, {"i": ends[0]}, {"o": ends[1]})
    return values
