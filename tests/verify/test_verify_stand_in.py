"""TensorFlow 1 as legacy code sees it on TensorFlow 2, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

CODE = """
from slimport.verify import stand_in
stand_in.install()

import collections, inspect
import numpy as np
import tensorflow as tf
import tensorflow.contrib.slim as slim
import tensorflow.contrib.slim.nets as nets
import tf_slim
from tensorflow.contrib import framework, image, layers, slim as again
from tensorflow.contrib.framework import arg_scope
from tensorflow.contrib.framework.python.ops import add_arg_scope, variables
from tensorflow.contrib.layers.python.layers import layers as deep, utils
from tensorflow.contrib.slim.python.slim import learning
from tensorflow.contrib.slim.python.slim.nets import resnet_v1
from tensorflow.contrib.training import HParams

assert tf.contrib.slim.conv2d is slim.conv2d is layers.conv2d is deep.conv2d is tf_slim.conv2d
assert again is tf.contrib.slim
assert layers.convolution2d is layers.conv2d
assert arg_scope is slim.arg_scope is framework.arg_scope
assert tf.contrib.layers.python.layers.utils.collect_named_outputs is utils.collect_named_outputs
assert slim.get_or_create_global_step and framework.get_or_create_global_step
assert nets.resnet_v1 is resnet_v1
assert learning.train
assert tf.__version__.startswith("1.")
assert (np.int, np.float, np.object) == (int, float, object)
assert collections.Mapping and inspect.getargspec(HParams.get).args == ["self", "key", "default"]
assert tf.contrib.training.HParams(a=1).a == 1

x = tf.placeholder(tf.float32, [2, 8, 8, 3])
assert x.get_shape()[0].value == 2
with arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm):
    y = slim.conv2d(x, 4, [3, 3], scope="a")
tf.layers.conv2d(y, 2, 3)
tf.losses.softmax_cross_entropy(tf.zeros([2, 3]), tf.zeros([2, 3]))
tf.nn.rnn_cell.BasicLSTMCell(4)
from tensorflow.python.ops import rnn_cell, rnn_cell_impl
assert rnn_cell.LSTMStateTuple is tf.nn.rnn_cell.LSTMStateTuple is tf.contrib.rnn.LSTMStateTuple
assert rnn_cell_impl.LSTMCell is tf.contrib.rnn.LSTMCell and tf.contrib.rnn.static_rnn
assert [v.op.name for v in slim.get_model_variables()][0] == "a/weights"
assert tf.get_collection(tf.GraphKeys.UPDATE_OPS)
try:
    image.rotate
except AttributeError as error:
    assert "tf.contrib.image.rotate has no stand-in" in str(error), error
else:
    raise AssertionError("contrib.image.rotate exists")
print("done")
"""


def test_legacy_imports_and_layers_work():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.stdout.strip().endswith("done"), done.stderr[-2000:]
