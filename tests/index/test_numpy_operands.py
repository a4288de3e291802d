"""What of NumPy keeps a function on TensorFlow: Keras promotes where TF 1 converted."""

import ast
from pathlib import PurePosixPath

import pytest

from slimport.index.modules import Module
from slimport.index.numpy_operands import numpy_operands
from tests.rewrite.tools import transform

FILE = """
import math
import numpy as np
import tensorflow as tf
MEAN = np.array([103.9, 116.8, 123.7])
SCALE = np.float32(2.5)


def net(x, depth, gain=1.0):
    n = x.get_shape().as_list()[1]
    for i in range(3):
        x = x + i
    return {}
"""

REASON = "has the type of NumPy's value on KerasTensors"


def reasons(expression: str) -> list[str]:
    text = FILE.format(expression)
    module = Module(PurePosixPath("net.py"), ast.parse(text), text.splitlines())
    return list(numpy_operands(module.tree.body[-1], module))


def expression_text(expression: str) -> str:
    return ast.unparse(ast.parse(expression, mode="eval").body)


@pytest.mark.parametrize(
    "expression",
    [
        "x * np.sqrt(.5)",
        "np.sqrt(.5) * x",
        "x - MEAN",
        "(x + 1) / MEAN[0]",
        "x - MEAN.reshape(1, 1, 1, 3)",
        "SCALE * x",
        "x + (-np.log(2.) * 3)",
        "tf.nn.relu(x) - np.ones(3)",
        "tf.add(x, MEAN)",
        "tf.maximum(x, np.float64(.5))",
        "tf.concat([x, np.zeros([2, 9, 8, 1])], 3)",
    ],
)
def test_a_value_of_numpy_beside_a_tensor(expression):
    assert reasons(expression) == [f"{expression_text(expression)} {REASON}"]


@pytest.mark.parametrize(
    "expression",
    [
        "x * SCALE",
        "x * np.pi",
        "x * math.sqrt(2)",
        "x * float(np.sqrt(2))",
        "x - MEAN.astype(np.float32)",
        "x + np.ones(3, 'float32')",
        "x * np.array([1, 2, 3])",
        "x / np.prod([n, 2])",
        "tf.reshape(x, [-1, np.prod([n, 2])])",
        "np.sqrt(2.) / n",
        "gain * np.sqrt(2.)",
        "[k * np.log(2.) for k in range(3)]",
        "tf.tile(x, np.array([1, 2]))",
        "x * tf(np.round(2.), [np(n)])",  # a package that is called, of files with mistakes
    ],
)
def test_what_keras_takes_in_the_type_of_the_tensor(expression):
    assert reasons(expression) == []


def test_such_a_function_keeps_tensorflow():
    text = """
import numpy as np
import tensorflow as tf
import tf_slim as slim


def net(x):
    x = slim.conv2d(tf.nn.relu(x), 4, 3, scope='conv')
    return tf.nn.relu(x{})
"""
    assert "keras.ops.relu" in transform(text.format(" * 2"))
    assert "tf.nn.relu" in transform(text.format(" * np.sqrt(.5)"))
