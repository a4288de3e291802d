"""Which arguments keras.ops takes as tensors: what rules/tensor_ops.py rests on.

TensorFlow takes a tensor for every one of these. keras.ops must do so on KerasTensors, in eager
code, in a function and in a TF 1 graph, and give the static shape that TensorFlow gives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from slimport.rules import activations, tensor_ops

SHAPE = (2, 4, 1, 3)
Call = Callable[[Any, Any], Any]
# API and parameter, the call, its argument, and the static shape that it gives.
ARGUMENTS: dict[tuple[str, str], tuple[Call, Any, tuple[int, ...]]] = {
    ("tf.concat", "axis"): (lambda x, a: keras.ops.concatenate([x, x], axis=a), 3, (2, 4, 1, 6)),
    ("tf.stack", "axis"): (lambda x, a: keras.ops.stack([x, x], axis=a), 1, (2, 2, 4, 1, 3)),
    ("tf.reshape", "shape"): (keras.ops.reshape, [2, 12], (2, 12)),
    ("tf.squeeze", "axis"): (keras.ops.squeeze, 2, (2, 4, 3)),
    ("tf.expand_dims", "axis"): (keras.ops.expand_dims, 1, (2, 1, 4, 1, 3)),
    ("tf.transpose", "perm"): (keras.ops.transpose, [0, 2, 1, 3], (2, 1, 4, 3)),
    ("tf.tile", "multiples"): (keras.ops.tile, [1, 2, 1, 1], (2, 8, 1, 3)),
    ("tf.pad", "paddings"): (keras.ops.pad, [[0, 0], [1, 2], [0, 0], [0, 0]], (2, 7, 1, 3)),
    ("tf.pad", "constant_values"): (
        lambda x, a: keras.ops.pad(x, [[0, 0], [1, 2], [0, 0], [0, 0]], constant_values=a),
        2.0,
        (2, 7, 1, 3),
    ),
    ("tf.clip_by_value", "clip_value_min"): (lambda x, a: keras.ops.clip(x, a, 1.0), 0.5, SHAPE),
    ("tf.clip_by_value", "clip_value_max"): (lambda x, a: keras.ops.clip(x, 0.0, a), 0.5, SHAPE),
    ("tf.pow", "y"): (keras.ops.power, 2.0, SHAPE),
    ("tf.maximum", "y"): (keras.ops.maximum, 0.5, SHAPE),
    ("tf.nn.softmax", "axis"): (keras.ops.softmax, 1, SHAPE),
    ("tf.nn.log_softmax", "axis"): (keras.ops.log_softmax, 1, SHAPE),
    ("tf.nn.leaky_relu", "alpha"): (keras.ops.leaky_relu, 0.25, SHAPE),
    **{
        (f"tf.reduce_{name}", "axis"): (getattr(keras.ops, name), 1, (2, 1, 3))
        for name in ("mean", "sum", "max", "min", "prod", "any", "all")
    },
    **{
        (f"tf.reduce_{name}", "keepdims"): (
            lambda x, a, name=name: getattr(keras.ops, name)(x, 1, keepdims=a),
            True,
            (2, 1, 1, 3),
        )
        for name in ("mean", "sum", "max", "min", "prod", "any", "all")
    },
}  # fmt: skip


def static_shapes(call: Call, given: Callable[[], Any]) -> list[Any]:
    """The static shape in each place where code runs, or the error's name."""
    zeros = np.zeros(SHAPE, "float32")

    def in_graph() -> Any:
        with tf.Graph().as_default():
            return call(tf.compat.v1.placeholder("float32", SHAPE), given()).shape

    places: list[Callable[[], Any]] = [
        lambda: call(keras.Input(SHAPE[1:], SHAPE[0]), given()).shape,
        lambda: call(tf.constant(zeros), given()).shape,
        lambda: tf.function(lambda x: call(x, given())).get_concrete_function(zeros).output_shapes,
        in_graph,
    ]
    found = []
    for place in places:
        try:
            found.append(tuple(place()))
        except Exception as error:
            found.append(type(error).__name__)
    return found


def guarded(api: str, parameter: str, *fields: str) -> bool:
    rules = (tensor_ops.TENSOR_OPS, activations.ACTIVATIONS)
    return any(parameter in getattr(r, f).get(api, "").split() for r in rules for f in fields)


@pytest.mark.parametrize(("api", "parameter"), ARGUMENTS)
def test_tensors(api: str, parameter: str) -> None:
    call, value, shape = ARGUMENTS[api, parameter]
    assert static_shapes(call, lambda: value) == [shape] * 4
    takes = static_shapes(call, lambda: tf.constant(value)) == [shape] * 4
    assert guarded(api, parameter, "no_tensors", "only_python", "number_lists", "sizes") == (
        not takes
    )


@pytest.mark.parametrize(("api", "parameter"), ARGUMENTS)
def test_arrays(api: str, parameter: str) -> None:
    call, value, shape = ARGUMENTS[api, parameter]
    takes = static_shapes(call, lambda: np.array(value)) == [shape] * 4
    assert takes or guarded(api, parameter, "only_python")
