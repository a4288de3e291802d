"""What one file shows of a value: may it be a float, a tensor; is it a list of numbers?"""

from __future__ import annotations

import ast

import pytest

from slimport.index.names import ScopeBuilder
from slimport.index.values import (
    is_list_of_numbers,
    may_be_float,
    may_be_integers,
    may_be_tensor,
)

# The last expression is asked about, in a function with the parameters x, depth, scale=0.5, size=3.
HEAD = """
import math
import numpy as np
import tensorflow as tf
import tensorflow as tensors
import tf_slim as slim
from tensorflow import constant
from scoped_layers import split
from keras import ops
import keras
from elsewhere import known

RATIO = 0.5
WIDTHS = [16, 32]
HALVES = [8.0, 16]
PAIRS = [[0, 0], [1, 1]]


def half(n):
    return n / 2


def amounts(n):
    return tf.constant([[n, n]])


whole = lambda n: int(n * 0.5)


def net(x, depth, scale=0.5, size=3):
"""


def asked(question, code):
    tree = ast.parse(HEAD + "".join(f"    {line}\n" for line in code.split("; ")))
    builder = ScopeBuilder(tree)
    last = tree.body[-1].body[-1].value
    return question(last, builder.scope_of[last])


FLOATS = [
    "depth / 2", "16.0", "-2.0", "[3.0, 3]", "(depth / 2, 3)", "32 * 0.5", "depth // 2.0",
    "depth * scale", "32 * RATIO", "half(depth)", "float(depth)", "np.ceil(3)", "math.sqrt(9)",
    "max(depth / 2, 8)", "depth if size else depth / 2", "HALVES[0]", "depth or 8.0",
    "n = depth / 2; n", "n = 3; n /= 2; n", "n = depth; n *= 0.5; n", "a, n = 3, depth / 2; n",
    "n = a = 16.0; n",
]  # fmt: skip
NOT_FLOATS = [
    "16", "depth", "size", "depth // 2", "int(depth / 2)", "int(np.ceil(3 / 2))", "whole(depth)",
    "math.ceil(depth / 2)", "len(HALVES)", "round(depth / 2)", "WIDTHS[0]", "[3, 3]",
    "depth * size", "x.get_shape()[3]", "known", "known(depth / 2)", "n = int(depth / 2); n",
    "a, n = 0.5, 3; n",
    "n = 3; n //= 2; n", "n = n + 1; n", "nowhere",
]  # fmt: skip


@pytest.mark.parametrize("code", FLOATS)
def test_may_be_a_float(code):
    assert asked(may_be_float, code)


@pytest.mark.parametrize("code", NOT_FLOATS)
def test_no_float_is_seen(code):
    assert not asked(may_be_float, code)


TENSORS = [
    "tf.constant([1, 2])", "tensors.constant(1)", "constant(1)", "[tf.constant(1), 2]",
    "tf.shape(x)[1]", "n = tf.stack([1, 2]); n", "n = tf.range(2); n[0] + 1", "amounts(3)",
    "tf.compat.v1.to_int32(x)", "ops.stack([1])", "keras.ops.shape(x)", "-tf.constant(1)",
    "[tf.constant(p) for p in WIDTHS]", "max(tf.rank(x), 3)", "[*tf.unstack(x)]",
    "split(tf.shape(x), 2)[0]", "first, _ = split(x, 2); first",
]  # fmt: skip
NO_TENSORS = [
    "[1, 2]", "depth", "x.get_shape().as_list()", "x.shape[1]", "PAIRS", "[[0, 0], [size, size]]",
    "np.array([1])", "slim.utils.last_dimension(x)", "tf.contrib.layers.utils.last_dimension(x)",
    "tf.flags.FLAGS.size", "tf.Variable(3)", "known(3)", "range(3)", "list(range(3))",
    "tf.get_variable('n', [])",
    "keras.layers.Dense(3)", "half(3)",
]  # fmt: skip


@pytest.mark.parametrize("code", TENSORS)
def test_may_be_a_tensor(code):
    assert asked(may_be_tensor, code)
    assert not asked(is_list_of_numbers, code)


@pytest.mark.parametrize("code", NO_TENSORS)
def test_no_tensor_is_seen(code):
    assert not asked(may_be_tensor, code)


def test_an_array_counts_where_it_must():
    assert asked(lambda node, scope: may_be_tensor(node, scope, or_array=True), "np.array([1])")


LISTS = [
    "[[0, 0], [1, 1]]", "((0, 0), (size, size))", "PAIRS", "p = [[0, 0]]; p", "PAIRS + [[0, 0]]",
    "[[0, 0]] + [[1, 1]] * 2", "2 * [[1, 1]]", "[[p, p] for p in WIDTHS]", "list(PAIRS)",
    "np.array(PAIRS)", "p = depth // 2; [[0, 0], [p, depth - p]]",
    "PAIRS if size else [[2, 2]]",
]  # fmt: skip
UNKNOWN = [
    "x", "depth", "known", "known(3)", "amounts(1)", "tf.constant(PAIRS)", "[[0, 0], amounts(1)]",
    "p = tf.constant(PAIRS); p", "PAIRS if size else tf.constant(PAIRS)", "PAIRS + [tf.shape(x)]",
    "self.pairs", "PAIRS + known", "p = PAIRS; p += known; p",
]  # fmt: skip


@pytest.mark.parametrize("code", LISTS)
def test_a_list_of_numbers(code):
    assert asked(is_list_of_numbers, code)


@pytest.mark.parametrize("code", UNKNOWN)
def test_no_list_of_numbers_is_seen(code):
    assert not asked(is_list_of_numbers, code)


INTEGERS = [
    "tf.cast(x, tf.int32)", "tf.cast(x, dtype='int64')", "tf.to_int32(x)", "tf.argmax(x, 1)",
    "n = tf.cast(x, np.uint8); n", "tf.concat([tf.to_int64(x), x], 0)", "-tf.cast(x, tf.int8)",
    "tf.cast(x, tf.int32) * 2", "tf.image.decode_jpeg(x)", "tf.shape(x)[0]",
    "tf.zeros([2], tf.int32)",
    "tf.reshape(tf.cast(x, tf.int32), [-1])", "tf.constant(3, tf.int32) if size else x",
]  # fmt: skip
NO_INTEGERS = [
    "x", "tf.cast(x, tf.float32)", "tf.cast(tf.argmax(x, 1), tf.float32)", "known(tf.int32)",
    "tf.identity(x, name='interp')", "tf.to_float(tf.to_int32(x))", "x * 2",
    "tf.cast(x, tf.int32) / 2", "tf.gather(x, 3)", "tf.one_hot(tf.to_int32(x), 3)", "tf.nn.relu(x)",
]  # fmt: skip


@pytest.mark.parametrize("code", INTEGERS)
def test_may_be_integers(code):
    assert asked(may_be_integers, code)


@pytest.mark.parametrize("code", NO_INTEGERS)
def test_no_integers_are_seen(code):
    assert not asked(may_be_integers, code)


def test_small_integers_alone():
    for code in ("tf.cast(x, tf.uint8)", "tf.image.decode_png(x) + 1"):
        assert asked(lambda node, scope: may_be_integers(node, scope, small=True), code)
    for code in ("tf.cast(x, tf.int32)", "tf.shape(x)"):
        assert not asked(lambda node, scope: may_be_integers(node, scope, small=True), code)
