"""slim.batch_norm."""

import libcst as cst

from slimport.index.closed import LayerCall
from slimport.rewrite.always import is_training_keyword
from slimport.rewrite.layers import activation_name
from slimport.rewrite.plain import PlainCall, PlainLayerRule, activated
from slimport.rewrite.plain_norm import (
    batch_norm_keywords,
    blocks_batch_norm,
)
from slimport.rewrite.rule import Example
from slimport.rewrite.site import literal


class _BatchNormRule(PlainLayerRule):
    def blocks_plain(self, layer: LayerCall) -> str | None:
        return blocks_batch_norm(layer.arguments) or super().blocks_plain(layer)

    def plain(self, call: PlainCall) -> cst.BaseExpression:
        layer = call.file.written("BatchNormalization")
        told = is_training_keyword(call.layer, call.get("is_training"), call.file)
        training = {"is_training": told}
        activation = call.get("activation_fn")
        if activation is not None and literal(activation) is not None:
            activated(call, activation_name(activation) or activation)
        return call.keras(layer, [], batch_norm_keywords(call.arguments), call_keywords=training)


BATCH_NORM = _BatchNormRule(
    code="SLIM110",
    name="batch_norm",
    summary="slim.batch_norm -> the written module's BatchNormalization",
    apis=("slim.batch_norm",),
    layers={"slim.batch_norm": "BatchNormalization"},
    keywords={"decay": "momentum", "activation_fn": "activation", "scope": "name"},
    details=(
        'A literal True is `is_training="always"` where the network has a training parameter, or '
        "its callers have; elsewhere True follows Keras."
    ),
    numbers=(
        "Slim's fused kernel puts n/(n-1) times the batch variance into the moving variance; "
        "keras.layers.BatchNormalization does not: 2.0 against 1.0 for two values, 1.0103 for a "
        "batch of 2 at 7x7. The written layer is the equivalent one; plain Keras would change "
        "moving statistics only. Slim's defaults are a decay of 0.999, no gamma (`scale=False`) "
        "and an epsilon of 0.001; Keras' are a momentum of 0.99 and a gamma. With "
        "`trainable=False` slim goes on with batch statistics, Keras with moving ones."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, is_training=True):
    with slim.arg_scope([slim.conv2d, slim.fully_connected], normalizer_fn=slim.batch_norm,
                        normalizer_params={'is_training': is_training, 'decay': 0.95}):
        with slim.arg_scope([slim.batch_norm], scale=True):
            x = slim.conv2d(images, 8, [3, 3], stride=2, scope='c1')  # first
            x = slim.conv2d(x, 8, [3, 3], activation_fn=None, scope='c2')
        y = slim.batch_norm(x, activation_fn=tf.nn.relu, is_training=is_training, epsilon=1e-5)
        x = x + slim.conv2d(y, 8, [1, 1], normalizer_fn=None, scope='c3')
        x = slim.flatten(x)
        return slim.fully_connected(x, 10, scope='logits')
""",
            after="""
import keras

from scoped_layers import BatchNormalization


def net(images, is_training=True):
    x = keras.layers.Conv2D(
        8, [3, 3], strides=2, padding="same", use_bias=False, name="c1"
    )(images)  # first
    x = BatchNormalization(
        momentum=0.95, name="c1__BatchNorm"
    )(x, is_training=None if is_training else False)
    x = keras.ops.relu(x)
    x = keras.layers.Conv2D(8, [3, 3], padding="same", use_bias=False, name="c2")(x)
    x = BatchNormalization(
        momentum=0.95, name="c2__BatchNorm"
    )(x, is_training=None if is_training else False)
    y = BatchNormalization(
        momentum=0.999, scale=False, epsilon=1e-5, name="BatchNorm"
    )(x, is_training=None if is_training else False)
    y = keras.ops.relu(y)
    x = x + keras.layers.Conv2D(8, [1, 1], padding="same", activation="relu", name="c3")(y)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(10, use_bias=False, name="logits")(x)
    x = BatchNormalization(
        momentum=0.95, scale=False, name="logits__BatchNorm"
    )(x, is_training=None if is_training else False)
    return keras.ops.relu(x)
""",
            inputs=((4, 9, 9, 3),),
            title="as the normalizer of layers under a scope, and on its own",
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, is_training=False):
    return slim.batch_norm(images, decay=0.9, scale=True, activation_fn=tf.nn.relu,
                           is_training=is_training)
""",
            after="""
import keras

from scoped_layers import BatchNormalization


def net(images, is_training=False):
    images = BatchNormalization(
        momentum=0.9, name="BatchNorm"
    )(images, is_training=None if is_training else False)
    return keras.ops.relu(images)
""",
            inputs=((4, 3, 3, 5),),
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, is_training=False):
    images = slim.conv2d(images, 4, [3, 3], normalizer_fn=slim.batch_norm, scope='c1',
                         normalizer_params={'decay': 0.9, 'is_training': True})
    images = slim.batch_norm(images, is_training=True, scope='n1')
    return slim.batch_norm(images, scope='n2', is_training=is_training)
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import BatchNormalization


def net(images, is_training=False):
    images = keras.layers.Conv2D(4, [3, 3], padding="same", use_bias=False, name="c1")(images)
    images = BatchNormalization(
        momentum=0.9, scale=False, name="c1__BatchNorm"
    )(images, is_training=True)
    images = keras.ops.relu(images)
    images = BatchNormalization(momentum=0.999, scale=False, name="n1")(images, is_training=True)
    return BatchNormalization(
        momentum=0.999, scale=False, name="n2"
    )(images, is_training=None if is_training else False)
""",
            inputs=((4, 6, 6, 3),),
            title="True in a network with a training parameter: by the batch in inference, too",
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def layers(images, depths):
    for depth in depths:
        images = slim.conv2d(images, depth, [3, 3])
    return slim.batch_norm(images, is_training=True)


def net(images, is_training=False):
    params = {'decay': 0.9, 'is_training': True}
    with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm, normalizer_params=params):
        untold = slim.conv2d(images, 4, [3, 3], scope='untold')
    with slim.arg_scope([slim.batch_norm], is_training=True):
        with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm):
            return untold + layers(images, [3, 4])
""",
            after="""
import tensorflow as tf

from scoped_layers import batch_norm, conv2d, layer_defaults


def layers(images, depths):
    for depth in depths:
        images = conv2d(images, depth, [3, 3])
    return batch_norm(images, is_training="always")


def net(images, is_training=False):
    params = {'decay': 0.9, 'is_training': True}
    with layer_defaults([conv2d], normalizer=batch_norm, normalizer_params=params):
        untold = conv2d(images, 4, [3, 3], name='untold')
    with layer_defaults([batch_norm], is_training="always"):
        with layer_defaults([conv2d], normalizer=batch_norm):
            return untold + layers(images, [3, 4])
""",
            title="the same by scopes and callers; a dictionary in a variable stays, and is noted",
        ),
    ),
)
