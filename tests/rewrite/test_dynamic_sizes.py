"""Sizes out of tf.shape: what they may be used for where KerasTensors come."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import transform


def become(body: str) -> str:
    """What becomes of a function that builds a layer."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return transform(
        "import tensorflow as tf\nimport tf_slim as slim\n\n\n"
        "def net(x, y, mine, *rest):\n    x = slim.conv2d(x, 4, 1, scope='conv')\n" + lines
    )


SIZES = {
    "resizing": "return tf.image.resize_bilinear(x, tf.shape(y)[1:3])",
    "resizing by name": "return tf.image.resize_images(images=x, size=tf.shape(y)[1:-1] * 2)",
    "two names": "h, w = tf.shape(y)[1], tf.shape(y)[2]\n"
    "return tf.image.resize_nearest_neighbor(x, (h // 2, w - 1))",
    "a shape": "return tf.reshape(x, tf.shape(y))",
    "a list": "shape = tf.shape(y)\n"
    "return tf.reshape(x, shape=[shape[0], shape[1] * shape[2], -1])",
    "a name of a name": "shape = tf.shape(y)\nn = shape[0]\nsizes = [n, -1]\n"
    "return tf.reshape(x, sizes)",
    "several values": "n = tf.shape(x)[0]\nif rest:\n    n = tf.shape(y)[0]\n"
    "return tf.reshape(x, [n, -1])",
    "a name of itself": "n = tf.shape(y)[0]\nn = n * 2\nreturn tf.reshape(x, [n, -1])",
    "parted and put together": "b, h, w, c = tf.unstack(tf.shape(y))\n"
    "x = tf.reshape(x, tf.stack([b, h * w, c]))\n"
    "return tf.reshape(x, tf.concat([tf.shape(y)[:2], [-1]], axis=0))",
    "converted": "return tf.reshape(x, tf.convert_to_tensor([tf.shape(y)[0], -1], name='s'))",
    "counted": "h, w = tf.unstack(tf.shape(y)[1:3])\n"
    "return x / tf.to_float(h * w) * tf.cast(tf.shape(y)[0], tf.float32)",
    "a function within": "n = tf.shape(y)[0]\n\ndef flat(z):\n    return tf.reshape(z, [n, -1])\n\n"
    "return flat(x)",
}


@pytest.mark.parametrize("body", SIZES.values(), ids=SIZES.keys())
def test_sizes(body: str) -> None:
    text = become(body)
    assert "dynamic_shape(" in text
    assert "tf." not in text, text
    assert transform(text) == text


OTHERWISE = {
    "a tensor of that shape": "return x + tf.zeros(tf.shape(y))",
    "a name of it, too": "shape = tf.shape(y)\nx = tf.reshape(x, shape)\nreturn x + tf.ones(shape)",
    "a function of the program": "return mine(tf.reshape(x, tf.shape(y)), tf.shape(y))",
    "an attribute": "net.size = tf.shape(y)\nreturn tf.reshape(x, net.size)",
    "an answer": "return tf.reshape(x, tf.shape(y)), tf.shape(y)",
    "a quotient": "return tf.reshape(x, [tf.shape(y)[0] / 2, -1])",
    "floats": "return x * tf.cast(tf.shape(y)[1:3], tf.float32)",
    "floats of a name": "shape = tf.shape(y)\nreturn x * tf.to_float(shape * 2)",
    "a size that is cast": "return tf.reshape(x, [tf.cast(tf.shape(y)[0], tf.int32), -1])",
    "stacked tensors": "return x * tf.stack([tf.shape(y)[0], 2])",
    "stacked with a tensor": "n = tf.stack([tf.shape(y)[0], tf.reduce_max(mine)])\n"
    "return tf.reshape(x, n)",
    "stacked with who knows what": "size = tf.shape(y)[0]\nx = tf.reshape(x, [size, -1])\n"
    "return tf.reshape(x, tf.stack([mine, -1]))",
    "an axis in front": "return tf.reshape(x, tf.concat(0, [tf.shape(y)[:1], [-1]]))",
    "an index that is computed": "i = len(rest)\nreturn tf.reshape(x, [tf.shape(y)[i], -1])",
    "another value": "n = tf.shape(x)[0]\nif rest:\n    n = tf.size(y)\n"
    "return tf.reshape(x, [n, -1])",
    "a counter": "n = tf.shape(x)[0]\nn += 1\nreturn tf.reshape(x, [n, -1])",
    "more names than sizes": "n, *others = (tf.shape(y)[0],)\n"
    "return tf.reshape(x, [n, *others, -1])",
    "a parameter": "y = tf.shape(x)\nreturn tf.reshape(x, y)",
    "beside another tensor": "n = tf.shape(y)[0] * tf.size(y)\nreturn tf.reshape(x, [n, -1])",
    "another type": "return tf.reshape(x, tf.shape(y, out_type=tf.int64))",
    "a comparison": "return x if tf.shape(y)[0] > 3 else tf.reshape(x, [-1])",
    "another parameter": "return tf.reshape(tf.shape(y), [2, 2])",
    "a tile": "return tf.tile(x, tf.shape(y))",
    "a loop": "for n in tf.unstack(tf.shape(y)):\n    x = tf.reshape(x, [n, -1])\nreturn x",
}


@pytest.mark.parametrize("body", OTHERWISE.values(), ids=OTHERWISE.keys())
def test_what_may_want_a_tensor_keeps_the_function_on_tensorflow(body: str) -> None:
    text = become(body)
    assert "tf.shape(" in text
    assert "dynamic" not in text and "keras" not in text


PLAIN = {
    "a branch": "y = slim.conv2d(x, 4, 3)\nif x.get_shape()[1] != y.get_shape()[1]:\n"
    "    x = tf.concat([x, y], 3)\nreturn x",
    "after resizing": "y = slim.conv2d(x, 4, 3, stride=2)\n"
    "y = tf.image.resize_bilinear(y, tf.shape(x)[1:3])\nx = tf.concat([x, y], axis=-1)\nreturn x",
    "in a loop": "for _ in range(3):\n    y = slim.conv2d(x, 4, 3)\n    x = tf.concat([x, y], 3)\n"
    "return x",
    "a stack": "x = tf.stack([x, slim.conv2d(x, 4, 1)], 1)\nreturn x",
}


@pytest.mark.parametrize("body", PLAIN.values(), ids=PLAIN.keys())
def test_a_name_that_grows_by_itself_is_no_size(body: str) -> None:
    text = become(body)
    assert "dynamic_concat" not in text and "dynamic_stack" not in text, text
    assert "keras.ops.concatenate(" in text or "keras.ops.stack(" in text
