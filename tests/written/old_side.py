"""Runs TF-Slim on this TensorFlow, in a TF 1 graph: the side that the layers are compared with."""

from __future__ import annotations

import importlib
import os
import sys
import zlib
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np
import tensorflow as tf

for _part in ("", ".base", ".convolutional", ".core", ".normalization", ".pooling"):
    sys.modules[f"tf_keras.legacy_tf_layers{_part}"] = importlib.import_module(
        f"tf_keras.src.legacy_tf_layers{_part}"
    )
ops: Any = importlib.import_module("tensorflow.python.framework.ops")
ops.Tensor = tf.Tensor  # TF-Slim looks for it where it was in TF 1
array_ops: Any = importlib.import_module("tensorflow.python.ops.array_ops")
array_ops.stack, array_ops.unstack = tf.stack, tf.unstack  # likewise
slim: Any = importlib.import_module("tf_slim")

v1 = tf.compat.v1
__all__ = ["Old", "placeholder_for", "random_value", "run_old", "slim", "v1"]


def random_value(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """A non-trivial value for a variable, the same for the same name: float32."""
    rng = np.random.default_rng(abs(hash_of(name)))
    if name.endswith(("moving_variance", "gamma", "temperature")):
        return rng.uniform(0.5, 1.5, shape).astype("float32")
    fan_in = max(1, int(np.prod(shape[:-1]))) if len(shape) > 1 else 4
    return (rng.normal(size=shape) / np.sqrt(fan_in)).astype("float32")


def hash_of(name: str) -> int:
    """A hash that is the same in every process."""
    return zlib.crc32(name.encode())


class Old:
    """What the old side gave: outputs, variables before and after one training step, losses."""

    def __init__(self, outputs: Any, after: dict[str, np.ndarray], loss: float, v: dict[str, Any]):
        self.outputs, self.after, self.loss, self.variables = outputs, after, loss, v


def placeholder_for(x: np.ndarray, static: bool = False) -> Any:
    """A placeholder of the shape of `x`, with an open batch size unless `static`."""
    return v1.placeholder(x.dtype, x.shape if static else [None, *x.shape[1:]])


def run_old(build: Callable[..., Any], *inputs: np.ndarray, static: bool = False) -> Old:
    """Builds with slim in a fresh graph, sets random values by name, runs outputs and updates."""
    with tf.Graph().as_default(), v1.Session() as session:
        placeholders = [placeholder_for(x, static) for x in inputs]
        outputs = build(*placeholders)
        variables = {v.op.name: v for v in v1.global_variables()}
        # All in one run: each run of something new costs as much as the graph is large.
        session.run(
            [variable.initializer for variable in variables.values()],
            {
                variable.initializer.inputs[1]: random_value(name, tuple(variable.shape))
                for name, variable in variables.items()
            },
        )
        feed = dict(zip(placeholders, inputs, strict=True))
        losses = v1.losses.get_regularization_losses()
        loss = float(session.run(tf.add_n(losses))) if losses else 0.0
        names = {k: tuple(v.shape) for k, v in variables.items()}
        updates = v1.get_collection("update_ops")
        values, _ = session.run([outputs, updates], feed)
        after = session.run(variables)
    return Old(values, after, loss, names)
