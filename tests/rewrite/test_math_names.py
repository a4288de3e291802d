"""tf.math's names of functions that tf has as well, and functions of truth values."""

from __future__ import annotations

import pytest
from slimport.rules import activations, tensor_ops

from tests.rewrite.tools import transform


def become(expression: str) -> str:
    """What becomes of an expression in a function that builds a layer."""
    return transform(
        "import tensorflow as tf\nimport tf_slim as slim\n\n\n"
        f"def net(x, y, n):\n    x = slim.conv2d(x, 4, 1, scope='conv')\n    return {expression}\n"
    ).rpartition("return ")[2].rstrip()  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"),
    {
        "tf.math.reduce_sum(x, [1], keep_dims=True)": "keras.ops.sum(x, [1], keepdims=True)",
        "tf.math.log(x=x, name='log')": "keras.ops.log(x)",
        "tf.math.tanh(x)": "keras.ops.tanh(x)",
        "tf.not_equal(x, y)": "keras.ops.not_equal(x, y)",
        "tf.math.logical_or(x > 0, y)": "keras.ops.logical_or(x > 0, y)",
        "tf.reduce_any(y, axis=1)": "keras.ops.any(y, axis=1)",
    }.items(),
)
def test_names(before: str, after: str) -> None:
    assert become(before) == after


@pytest.mark.parametrize(
    "form",
    [
        "tf.math.reduce_mean(tf.cast(x, tf.int32))",
        "tf.math.reduce_sum(x, tf.rank(x) - 1)",
        "tf.reduce_all(y, keepdims=tf.constant(True))",
        "tf.math.reduce_std(x)",
        "tf.math.softmax(x)",
    ],
)
def test_what_stays(form: str) -> None:
    assert become(form).replace("compat.v1.", "") == form


def test_both_names_are_one_object() -> None:
    import tensorflow as tf

    tables = tensor_ops.TENSOR_OPS.table | activations.ACTIVATIONS.table
    of_math = [api.removeprefix("tf.math.") for api in tables if api.startswith("tf.math.")]
    assert len(of_math) > 30
    for name in of_math:
        one, other = (getattr(module, name) for module in (tf.compat.v1.math, tf.compat.v1))
        assert (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__), name
