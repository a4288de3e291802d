"""Shapes, axes and paddings: Python's numbers go to keras.ops, what may be a tensor does not."""

import pytest

from tests.rewrite.tools import output, rewrite_program

PROGRAM = """
import numpy as np
import tensorflow as tf
import tf_slim as slim
from elsewhere import known

PAIRS = [[0, 0], [1, 1], [1, 1], [0, 0]]
LATER = tf.constant(PAIRS)


def order():
    return tf.stack([0, 3, 1, 2])


def sides(size):
    return tf.constant([[0, 0], [size, size], [size, size], [0, 0]])


def around(size):
    return [[0, 0], [size, size], [size, size], [0, 0]]


def net(images, size=1, paddings=None, places=(1, 2)):
    images = slim.conv2d(images, 4, 1, scope='conv')
    half = size // 2
    ends = tf.constant([1, 2])
    pairs = [[0, 0], [half, size - half], [half, size - half], [0, 0]]
    {statement}
    return tf.sigmoid(images)


def main(images):
    return net(images) + slim.conv2d(images, 4, 1, scope=order.__name__)
"""
PYTHON = [
    "tf.pad(images, PAIRS)",
    "tf.pad(images, pairs, mode='REFLECT')",
    "tf.pad(images, [[0, 0]] + [[size, half]] * 2 + [[0, 0]])",
    "tf.pad(images, np.array(PAIRS), constant_values=tf.constant(1.0))",
    "tf.pad(images, paddings=[[0, 0], [half] * 2, [len(places)] * 2, [0, 0]])",
    "tf.reshape(images, [-1, images.get_shape()[1] * size])",
    "tf.reshape(images, [-1, int(np.prod(images.get_shape().as_list()[1:]))])",
    "tf.reshape(images, known(size))",
    "tf.reduce_mean(images, places, keep_dims=True)",
    "tf.reduce_sum(tf.cast(images, tf.int32), 1)",
    "tf.reduce_mean(tf.cast(images, tf.float32) / 2)",
    "tf.transpose(images, [0, 3, 1, 2])",
    "tf.tile(images, [1, size, size, 1])",
    "tf.concat([images, images], ends[1])",
    "tf.clip_by_value(images, tf.constant(0.0), 1.0)",
    "tf.nn.softmax(images, axis=size)",
    "tf.split(images, 2, -1)[0]",
    "tf.split(images, [size, -1], axis=3)[1]",
    "tf.add_n(tf.unstack(images, axis=3))",
    "tf.matmul(images, images, name='product')",
    "tf.matmul(images, images, False, True)",
    "tf.matmul(a=images, b=images, adjoint_a=size > 1)",
    "tf.nn.max_pool(images, [1, size, size, 1], [1, 1, 1, 1], 'SAME')",
    "tf.compat.v2.nn.avg_pool2d(input=images, ksize=2, strides=2, padding='SAME')",
    "tf.image.resize_images(images, [size, 8], 1, True)",
    "tf.image.resize_bilinear(images, known(size))",
]
TENSORS = [
    "tf.pad(images, LATER)",
    "tf.pad(images, sides(2))",
    "tf.pad(images, around(2))",
    "tf.pad(images, paddings)",
    "tf.pad(images, known)",
    "tf.pad(images, known(size), 'REFLECT')",
    "tf.pad(images, [[0, 0], [ends[0], 1], ends, [0, 0]])",
    "tf.pad(images, PAIRS if size else LATER)",
    "tf.pad(images, PAIRS, 'REFLECT', constant_values=0)",
    "tf.reshape(images, tf.constant([-1, 4]))",
    "tf.reshape(images, tf.concat([[-1], ends], 0))",
    "tf.transpose(images, order())",
    "tf.transpose(images, np.array([0, 3, 1, 2]))",
    "tf.tile(images, [1, ends[0], 1, 1])",
    "tf.expand_dims(images, ends[0])",
    "tf.squeeze(images, axis=[ends[0]])",
    "tf.reduce_mean(images, axis=tf.range(1, 3))",
    "tf.reduce_max(images, reduction_indices=ends)",
    "tf.reduce_mean(tf.cast(images, tf.int32), 1)",
    "tf.reduce_mean(input_tensor=tf.to_int32(images))",
    "tf.reduce_sum(tf.cast(images, tf.uint8))",
    "tf.stack([images, images], axis=ends[0])",
    "tf.nn.softmax(images, axis=ends[0])",
    "tf.nn.leaky_relu(images, tf.constant(0.5))",
    "tf.split(images, ends, 3)[0]",
    "tf.split(3, 2, images)[0]",
    "tf.unstack(images, ends[0])[0]",
    "tf.matmul(images, images, a_is_sparse=True)",
    "tf.nn.avg_pool(images, ends, 1, 'SAME')",
    "tf.nn.max_pool(images, 2, 2, [[0, 0], [1, 1], [1, 1], [0, 0]])",
    "tf.compat.v2.nn.erosion2d(images, ends, 1, 'SAME', 'NHWC', 1)",
    "tf.image.resize_images(images, size, half)",
    "tf.image.resize_images(images, [3, 3], size)",
    "tf.image.resize_images(images, [3, 3], preserve_aspect_ratio=True)",
    "tf.image.resize_bilinear(images, tf.constant([8, 8]))",
]


def rewritten(statement):
    result = rewrite_program({"net.py": PROGRAM.format(statement=f"images = {statement}")})
    assert not result.report.failed  # which holds that a second pass changes nothing
    return output(result, "net.py").partition("def net(")[2]


@pytest.mark.parametrize("statement", PYTHON)
def test_numbers(statement):
    text = rewritten(statement)
    assert "keras.ops.sigmoid(images)" in text
    assert f"{statement.partition('(')[0]}(" not in text


@pytest.mark.parametrize("statement", TENSORS)
def test_tensors(statement):
    text = rewritten(statement)
    assert "tf.sigmoid(images)" in text
    assert "keras.ops" not in text


TYPES = {
    "tf.cast(images, tf.half)": 'keras.ops.cast(images, "float16")',
    "tf.cast(images, dtype=(tf.compat.v1.float64))": 'keras.ops.cast(images, dtype=("float64"))',
    "tf.zeros_like(images, tf.bool)": 'keras.ops.zeros_like(images, "bool")',
    "tf.argmax(images, 1, output_type=tf.int32)": 'argmax(images, 1, output_type="int32")',
    "tf.cast(images, images.dtype)": "keras.ops.cast(images, images.dtype)",
    "tf.cast(images, np.float32)": "keras.ops.cast(images, np.float32)",
}


@pytest.mark.parametrize(("statement", "after"), TYPES.items())
def test_types_need_no_tensorflow(statement, after):
    assert f"images = {after}\n" in rewritten(statement)


def test_matrices_that_are_turned_are_multiplied_by_the_written_module():
    assert " matmul(images, images, False, True)\n" in rewritten(
        "tf.matmul(images, images, False, True)"
    )
    assert "= keras.ops.matmul(images, images)\n" in rewritten(
        "tf.matmul(images, images, name='m')"
    )


OWN_ACTIVATION = """
import tensorflow as tf
import tf_slim as slim


def hard_swish(x):
    with tf.name_scope('hard_swish'):
        return x * tf.nn.relu6(x + 3.0) / 6.0


def noisy(x):
    return tf.nn.relu(x) + tf.random_normal([])


def scaled(x):
    return tf.reduce_mean(x)


LAYERS = [hard_swish, noisy, scaled]


def net(images, index):
    return slim.conv2d(images, 4, 1, activation_fn=LAYERS[index], scope='conv')
"""


def test_an_activation_of_ones_own_that_is_passed_on():
    text = output(rewrite_program({"net.py": OWN_ACTIVATION}), "net.py")
    assert "return x * keras.ops.relu6(x + 3.0) / 6.0" in text
    assert "    with name_scope('hard_swish'):" in text
    assert "return tf.nn.relu(x) + tf.random.normal([])" in text
    assert "return tf.reduce_mean(x)" in text


ASKED = [
    "assert images.shape == [2, 4, 4, 4]",
    "assert [2, 4, 4, 4] == images.shape",
    "assert images.shape[1:] == [4, 4, 4]",
    "if images.dtype is tf.float32: size = 2",
    "if images.dtype == np.float32: size = 2",
    "if images.dtype in (np.float32, np.float64): size = 2",
    "size = images.dtype.size",
    "size = {tf.float32: 4}[images.dtype]",
]
NOT_ASKED = [
    "assert images.shape == (2, 4, 4, 4)",
    "assert images.get_shape().as_list() == [2, 4, 4, 4]",
    "if images.dtype == tf.float32: size = 2",
    "if images.dtype != tf.float32: images = tf.cast(images, 'float32')",
    "images += tf.zeros_like(images, dtype=images.dtype)",
]


def changed(statement):
    result = rewrite_program({"net.py": PROGRAM.replace("{statement}", statement)})
    assert not result.report.failed
    return output(result, "net.py").partition("def net(")[2]


@pytest.mark.parametrize("statement", ASKED)
def test_what_only_tensorflows_shapes_and_types_know(statement):
    text = changed(statement)
    assert statement in text and "tf.sigmoid(images)" in text


@pytest.mark.parametrize("statement", NOT_ASKED)
def test_what_tuples_and_strings_know_as_well(statement):
    assert "keras.ops.sigmoid(images)" in changed(statement)
