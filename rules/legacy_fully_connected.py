"""slim.legacy_fully_connected and its partials legacy_relu, legacy_linear."""

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example

LEGACY_FULLY_CONNECTED = RenamedRule(
    code="SLIM147",
    name="legacy_fully_connected",
    summary="slim.legacy_fully_connected, legacy_relu, legacy_linear -> a fully connected layer",
    apis=("slim.legacy_fully_connected", "slim.legacy_linear", "slim.legacy_relu"),
    details=(
        "Its bias is `bias` in a checkpoint, where that of slim.fully_connected is `biases`. "
        "Its variables are no model variables: slim.get_model_variables does not list them."
    ),
    numbers="It is linear unless told otherwise; slim.fully_connected has ReLU.",
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features):
    features = slim.legacy_relu(features, 6, weight_regularizer=slim.l2_regularizer(0.1))
    features = slim.legacy_fully_connected(
        features, 5, tf.tanh, bias_init=tf.constant_initializer(0.5), name='middle')
    return slim.legacy_linear(features, 3, bias_init=None)
""",
            after="""
import keras

from scoped_layers import legacy_fully_connected, legacy_linear, legacy_relu


def net(features):
    features = legacy_relu(features, 6, weight_regularizer=keras.regularizers.L2(0.5 * 0.1))
    features = legacy_fully_connected(
        features, 5, keras.ops.tanh, bias_init=keras.initializers.Constant(0.5), name='middle')
    return legacy_linear(features, 3, bias_init=None)
""",
            inputs=((4, 8),),
        ),
        Example(
            title="beside a layer that takes the same names",
            before="""
import tensorflow as tf

layers = tf.contrib.layers


def net(images):
    with tf.variable_scope('head', regularizer=layers.l2_regularizer(0.5)):
        images = layers.legacy_fully_connected(images, 4, weight_init=None)
        return layers.fully_connected(images, 4)
""",
            after="""
import keras

from scoped_layers import fully_connected, legacy_fully_connected, variable_scope


def net(images):
    with variable_scope('head', regularizer=keras.regularizers.L2(0.5 * 0.5)):
        images = legacy_fully_connected(images, 4, weight_init=None)
        return fully_connected(images, 4)
""",
            inputs=((2, 3, 3, 5),),
        ),
        Example(
            title="as a value, and with unpacked arguments",
            before="""
import tf_slim as slim

LAYERS = {'linear': slim.legacy_linear, 'relu': slim.legacy_relu}


def net(features, *sizes, **options):
    return slim.legacy_fully_connected(features, *sizes, **options)
""",
            after="""
from scoped_layers import legacy_fully_connected, legacy_linear, legacy_relu

LAYERS = {'linear': legacy_linear, 'relu': legacy_relu}


def net(features, *sizes, **options):
    return legacy_fully_connected(features, *sizes, **options)
""",
        ),
    ),
)
