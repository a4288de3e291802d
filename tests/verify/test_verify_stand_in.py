"""TensorFlow 1 as legacy code sees it on TensorFlow 2, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

CODE = """
from slimport.verify.workers import stand_in
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
assert tf.contrib.util.constant_value(tf.constant(3)) == 3

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

# What TensorFlow 1.15.5 answers for each of these names.
DEEP_CODE = """
from slimport.verify.workers import stand_in
stand_in.install()

from types import FunctionType, ModuleType
import tensorflow as tf
import tf_slim, tf_slim.nets

from tensorflow.contrib.framework.python.ops import add_arg_scope, arg_scope, ops, variables
assert isinstance(arg_scope, FunctionType) and isinstance(add_arg_scope, FunctionType)
assert variables.model_variable is tf_slim.model_variable
assert variables.get_or_create_global_step is tf_slim.get_or_create_global_step
assert ops.get_name_scope is tf.contrib.framework.get_name_scope
import tensorflow.contrib.framework.python.ops as deep
assert deep.variables.model_variable is tf_slim.model_variable and deep.arg_scope is arg_scope

# A module that was imported by its own path does not take the place of the function.
from tensorflow.contrib.framework.python.ops.arg_scope import arg_scope as by_path
from tensorflow.contrib.framework.python.ops import arg_scope as again
from tensorflow.contrib.framework.python.ops.variables import model_variable
from tensorflow.contrib.framework.python.ops import variables as same
assert by_path is again is arg_scope is tf.contrib.framework.arg_scope
assert model_variable is same.model_variable is tf_slim.model_variable

from tensorflow.contrib.layers.python.layers import (
    conv2d, initializers, layers, normalization, optimizers, regularizers, summaries, utils)
modules = (initializers, layers, normalization, optimizers, regularizers, summaries, utils)
assert all(isinstance(module, ModuleType) for module in modules)
assert initializers.xavier_initializer is tf_slim.xavier_initializer
assert regularizers.l2_regularizer is tf_slim.l2_regularizer
assert conv2d is layers.conv2d is layers.convolution2d is tf_slim.conv2d
assert utils.get_variable_collections({"weights": ["a"]}, "weights") == ["a"]

from tensorflow.contrib.slim.python.slim import data, evaluation, learning, nets
assert learning.train is tf_slim.learning.train and evaluation.evaluate_once
assert nets.vgg.vgg_16 is tf_slim.nets.vgg.vgg_16
from tensorflow.contrib.slim.nets import alexnet, inception, overfeat, resnet_utils, resnet_v1, vgg
assert vgg is nets.vgg and resnet_v1.resnet_v1_50 is tf_slim.nets.resnet_v1.resnet_v1_50
from tensorflow.contrib.slim.python.slim.nets import inception_v3, resnet_v2
assert inception.inception_v3 is inception_v3.inception_v3

from tensorflow.contrib.losses.python.losses import loss_ops
from tensorflow.contrib.metrics.python.ops import metric_ops
assert loss_ops.add_loss is tf_slim.losses.add_loss and metric_ops.streaming_mean
assert tf.contrib.slim.losses.add_loss is loss_ops.add_loss
print("done")
"""


def test_legacy_imports_and_layers_work():
    _run(CODE)


def test_a_module_deep_in_contrib_is_slims_own():
    _run(DEEP_CODE)


def _run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip().endswith("done"), done.stderr[-2000:]
