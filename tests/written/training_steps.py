"""Steps of an optimizer with given gradients: TensorFlow 1's in a graph, and Keras'."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from old_side import v1

Values = dict[str, np.ndarray]

SHAPE = (5, 4)
STEPS = 100
SHOWN = (1, 3, 100)
_RNG = np.random.default_rng(3)
START = _RNG.normal(size=SHAPE).astype("float32")
# Dense gradients whose size changes; sparse ones that lack row 4, and have some row twice or more.
DENSE = [(_RNG.normal(size=SHAPE) * (1 + i % 3)).astype("float32") for i in range(STEPS)]
VALUES = [_RNG.normal(size=(3, 4)).astype("float32") for _ in range(STEPS)]
ROWS = [_RNG.integers(0, 3 + i % 2, 3) for i in range(STEPS)]


def gradients(sparse: bool) -> list[tuple[np.ndarray, ...]]:
    """What each step is fed: a gradient, or the rows and the places of a sparse one."""
    return list(zip(VALUES, ROWS, strict=True)) if sparse else [(g,) for g in DENSE]


def old_steps(
    optimizer: Callable[[Any], Any],
    sparse: bool = False,
    dtype: str = "float32",
    around: Callable[..., Any] | None = None,
) -> dict[int, Values]:
    """All variables of a TF 1 graph after the steps `SHOWN`, by name.

    Args:
        optimizer: Makes the optimizer, given the global step.
        sparse: Whether gradients are sparse.
        dtype: Of the variable; `"float64"` shows how much the other rounds.
        around: Makes the operation of a step from the optimizer, gradients and global step.
    """
    found = {}
    with tf.Graph().as_default(), v1.Session() as session:
        variable = v1.get_variable("v", initializer=START.astype(dtype), use_resource=True)
        step = v1.train.get_or_create_global_step()
        fed = [v1.placeholder(dtype, [3, 4] if sparse else SHAPE)]
        if sparse:
            fed.append(v1.placeholder("int64", [3]))
        gradient = tf.IndexedSlices(*fed, tf.constant(SHAPE)) if sparse else fed[0]
        apply = around or (lambda optimizer, pairs, step: optimizer.apply_gradients(pairs, step))
        train = apply(optimizer(step), [(gradient, variable)], step)
        variables = {v.op.name: v for v in v1.global_variables()}
        session.run(v1.global_variables_initializer())
        for number, values in enumerate(gradients(sparse), 1):
            session.run(train, dict(zip(fed, values, strict=True)))
            if number in SHOWN:
                found[number] = session.run(variables)
    return found


def new_steps(optimizer: Any, sparse: bool = False) -> dict[int, Values]:
    """The variable `v` and the optimizer's own, by the last part of their names."""
    variable = keras.Variable(START, name="v")

    @tf.function
    def train(*fed: Any) -> None:
        gradient = tf.IndexedSlices(*fed, tf.constant(SHAPE)) if sparse else fed[0]
        optimizer.apply_gradients([(gradient, variable)])

    found = {}
    for number, values in enumerate(gradients(sparse), 1):
        train(*map(tf.constant, values))
        if number in SHOWN:
            own = {v.name: v.numpy() for v in optimizer.variables}
            found[number] = {"v": variable.numpy(), **own}
    return found


def apart(a: np.ndarray, b: np.ndarray, start: np.ndarray | float = 0.0) -> float:
    """The greatest difference, relative to how far `b` has moved from `start`."""
    return float(np.abs(a - b).max() / np.abs(b - start).max())
