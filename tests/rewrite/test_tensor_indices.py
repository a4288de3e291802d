"""Functions of indices, blocks and moments: which forms KerasTensors can go through."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import transform


def become(expression: str) -> str:
    """What becomes of an expression in a function that builds a layer."""
    return (
        transform(f"""
        import tensorflow as tf
        import tf_slim as slim


        def net(x, i, n, *rest):
            x = slim.conv2d(x, 4, 1, scope='conv')
            return {expression}
        """)
        .rpartition("return ")[2]
        .rstrip()
    )


@pytest.mark.parametrize(
    ("before", "after"),
    {
        "tf.argmax(x, 3)": "argmax(x, 3)",
        "tf.argmin(input=x, dimension=-1, name='least')": "argmin(x, axis=-1, name='least')",
        "tf.gather(axis=1, params=x, indices=i)": "gather(x, axis=1, indices=i)",
        "tf.one_hot(i, n, 1.0, 0.0, -1)": "one_hot(i, n, 1.0, 0.0, -1)",
        "tf.slice(x, begin=[0, 1], size=[-1, n])": "slice_tensor(x, begin=[0, 1], size=[-1, n])",
        "tf.nn.moments(x=x, axes=[0])": "nn_moments(x, axes=[0])",
        "tf.convert_to_tensor(value=[x, x])": "convert_to_tensor([x, x])",
    }.items(),
)
def test_forms_that_both_versions_have(before: str, after: str) -> None:
    assert become(before) == after


STAY = (
    "tf.argmax(x, 3, tf.int32)",
    "tf.gather(x, i, None, 1)",
    "tf.gather(x, i, validate_indices=True)",
    "tf.gather(x, i, batch_dims=1)",
    "tf.gather(x, i, axis=tf.rank(x) - 1)",
    "tf.one_hot(i, depth=tf.size(x))",
    "tf.one_hot(i, 3, on_value=tf.constant(2.0))",
    "tf.slice(x, [0, 0, 0, 0], tf.shape(x))",
    "tf.nn.moments(x, [0], None)",
    "tf.convert_to_tensor(x, tf.float32, 'x')",
    "tf.convert_to_tensor(x, dtype_hint=tf.float32)",
    "list(map(tf.argmax, rest))",
    "tf.gather(*rest)",
)


@pytest.mark.parametrize("form", STAY)
def test_other_forms_keep_the_function_on_tensorflow(form: str) -> None:
    found = become(form)
    assert found.startswith(("tf.", "list(map(tf.")), found
    assert found.replace("compat.v1.", "") == form


def test_a_function_without_layers_keeps_tensorflow() -> None:
    source = "import tensorflow as tf\n\n\ndef f(x):\n    return tf.gather(tf.log(x), [1])\n"
    assert "return tf.gather(tf.math.log(x), [1])" in transform(source)
