"""tf.layers, TensorFlow 1's own layers, which TensorFlow has no longer beside Keras 3."""

import libcst as cst

from slimport.index.program import Reference
from slimport.index.tf_layers import TF_LAYERS
from slimport.rewrite.always import always
from slimport.rewrite.layers import activation_name
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, ValueSite, literal

# Arguments of batch_normalization that the written module refuses, with the values that are none.
_REFUSED = {"renorm": (False, None), "virtual_batch_size": (None,), "adjustment": (None,)}


class _TfLayersRule(Rule):
    """The written module's function with the same parameters; objects of layers are marked."""

    def call(self, site: CallSite) -> Outcome:
        outcome = self._function(site)
        if isinstance(outcome, Leave | Keep):
            return outcome
        for argument in site.node.args:
            name = argument.keyword.value if argument.keyword else ""
            if _is_refused(name, argument.value):
                return Leave(f"{site.api} with {name} has no equivalent", "normalize without it")
        call = site.renamed(outcome, {}, always(site, "training"))
        return call.with_changes(args=[_keras_argument(argument) for argument in call.args])

    def value(self, site: ValueSite) -> Outcome:
        return self._function(site)

    def _function(self, site: CallSite | ValueSite) -> Outcome:
        if site.api in TF_LAYERS and site.function.makes_tf_layers:
            return site.file.written(f"tf_{site.short}")
        if site.api in TF_LAYERS or not site.file.is_tf1():  # in a tree of tensorflow.compat.v1
            return Keep()
        return Leave(
            f"{site.api}: objects of TensorFlow 1's layers are gone",
            "call the function of tf.layers, or make a Keras layer",
        )

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        name = reference.api.name
        return None if name in TF_LAYERS else f"{name} is not rewritten"


def _is_refused(name: str, value: cst.BaseExpression) -> bool:
    """Whether an argument is known to ask for what the written module refuses."""
    known = literal(value)
    if name == "axis":
        return isinstance(known, list | tuple) and len(known) > 1
    if name not in _REFUSED or known in _REFUSED[name]:
        return False
    return name == "adjustment" or isinstance(known, bool | int)


def _keras_argument(argument: cst.Arg) -> cst.Arg:
    """``activation=keras.ops.relu`` -> ``activation="relu"``."""
    if argument.keyword is None or argument.keyword.value != "activation":
        return argument
    name = activation_name(argument.value)
    return argument if name is None else argument.with_changes(value=name)


TF_LAYERS_RULE = _TfLayersRule(
    code="SLIM160",
    name="tf_layers",
    summary="tf.layers.conv2d, dense, batch_normalization ... -> tf_conv2d, tf_dense ...",
    apis=(*sorted(TF_LAYERS), "tf.layers.*"),
    details=(
        "Beside Keras 3, tf.compat.v1.layers raises. The written module's functions have its "
        "parameters and names of variables (dense/kernel, dense_1/kernel); functions that call "
        "them keep their layers scoped."
    ),
    numbers=(
        "Moving averages are compared with tf_keras' legacy layers: unbiased variances for images, "
        "biased ones for other inputs, as TensorFlow 1.15 had it."
    ),
    refuses=(
        Refusal(
            "… with … has no equivalent",
            "Virtual batches, renormalization and adjustments compute other statistics than "
            "the written function.",
            "normalize without it",
        ),
        Refusal(
            "…: objects of TensorFlow 1's layers are gone",
            "Beside Keras 3 the class raises; its variables and scopes have no counterpart in "
            "a Keras layer.",
            "call the function of tf.layers, or make a Keras layer",
        ),
    ),
    examples=(
        Example(
            title="beside slim's layers",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, is_training=False):
    with tf.variable_scope('net'):
        images = slim.conv2d(images, 4, [3, 3], scope='conv1')
        images = tf.layers.conv2d(images, 6, 3, padding='same', activation=tf.nn.relu)
        images = tf.layers.batch_normalization(images, training=is_training, momentum=0.9)
        images = tf.layers.max_pooling2d(images, [2, 2], 2)
    flat = tf.layers.flatten(images)
    return tf.layers.dense(flat, 3, tf.nn.tanh, name='logits')
""",
            after="""
import keras

from scoped_layers import (
    conv2d,
    tf_batch_normalization,
    tf_conv2d,
    tf_dense,
    tf_flatten,
    tf_max_pooling2d,
    variable_scope,
)


def net(images, is_training=False):
    with variable_scope('net'):
        images = conv2d(images, 4, [3, 3], name='conv1')
        images = tf_conv2d(images, 6, 3, padding='same', activation="relu")
        images = tf_batch_normalization(images, training=is_training, momentum=0.9)
        images = tf_max_pooling2d(images, [2, 2], 2)
    flat = tf_flatten(images)
    return tf_dense(flat, 3, keras.ops.tanh, name='logits')
""",
            inputs=((2, 8, 8, 3),),
        ),
        Example(
            title="without slim, in a function of TensorFlow code, shared by two inputs",
            before="""
import tensorflow as tf


def tower(images, reuse):
    with tf.variable_scope('tower', reuse=reuse):
        images = tf.layers.separable_conv2d(images, 4, 3, strides=2, depth_multiplier=2)
        images = tf.layers.conv2d_transpose(images, 2, 3, 2, activation=tf.nn.elu, name='up')
        return tf.layers.average_pooling2d(tf.matrix_transpose(images), 2, 1)


def net(left, right):
    return tower(left, None) - tower(right, True)
""",
            after="""
import tensorflow as tf

from scoped_layers import (
    tf_average_pooling2d,
    tf_conv2d_transpose,
    tf_separable_conv2d,
    variable_scope,
)


def tower(images, reuse):
    with variable_scope('tower', reuse=reuse):
        images = tf_separable_conv2d(images, 4, 3, strides=2, depth_multiplier=2)
        images = tf_conv2d_transpose(images, 2, 3, 2, activation="elu", name='up')
        return tf_average_pooling2d(tf.linalg.matrix_transpose(images), 2, 1)


def net(left, right):
    return tower(left, None) - tower(right, True)
""",
            inputs=((2, 9, 9, 3), (2, 9, 9, 3)),
        ),
        Example(
            title="passed on, and by other ways",
            before="""
import functools
import tensorflow as tf
from tensorflow import layers
from tensorflow.contrib import slim


def net(images):
    conv = functools.partial(tf.layers.conv2d, padding='same', use_bias=False)
    images = slim.repeat(conv(images, 4, 3), 1, slim.conv2d, 4, 1)
    return layers.dense(images, 2)
""",
            after="""
import functools

from scoped_layers import conv2d, repeat, tf_conv2d, tf_dense


def net(images):
    conv = functools.partial(tf_conv2d, padding='same', use_bias=False)
    images = repeat(conv(images, 4, 3), 1, conv2d, 4, 1)
    return tf_dense(images, 2)
""",
            inputs=((2, 5, 5, 3),),
        ),
        Example(
            title="what is left",
            before="""
import tensorflow as tf


def net(features, training):
    features = tf.layers.batch_normalization(features, training=training, renorm=True)
    logits = tf.layers.Dense(10, name='logits')
    return logits(features)
""",
            after="""
import tensorflow as tf


def net(features, training):
    # TODO(slimport): SLIM160 tf.layers.batch_normalization with renorm has no equivalent;
    #   normalize without it
    features = tf.layers.batch_normalization(features, training=training, renorm=True)
    # TODO(slimport): SLIM160 tf.layers.Dense: objects of TensorFlow 1's layers are gone; call the
    #   function of tf.layers, or make a Keras layer
    logits = tf.layers.Dense(10, name='logits')
    return logits(features)
""",
        ),
        Example(
            title="a tree that knows TensorFlow 1 as tensorflow.compat.v1 alone stays",
            before="""
import tensorflow.compat.v1 as tf


def net(features):
    return tf.layers.dense(features, 10)
""",
            after="""
import tensorflow.compat.v1 as tf


def net(features):
    return tf.layers.dense(features, 10)
""",
        ),
        Example(
            before="""
import tensorflow as tf


def net(images, is_training=False):
    images = tf.layers.batch_normalization(images, training=True)
    return tf.layers.batch_normalization(images, training=is_training)
""",
            after="""
from scoped_layers import tf_batch_normalization


def net(images, is_training=False):
    images = tf_batch_normalization(images, training="always")
    return tf_batch_normalization(images, training=is_training)
""",
            inputs=((4, 6, 6, 3),),
            title="True in a network with a training parameter: by the batch in inference, too",
        ),
    ),
)
