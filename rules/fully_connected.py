"""slim.fully_connected and its partials relu, relu6, elu, linear."""

from slimport.rewrite.layers import WEIGHT_KEYWORDS
from slimport.rewrite.plain import PlainLayerRule
from slimport.rewrite.rule import Example

FULLY_CONNECTED = PlainLayerRule(
    code="SLIM105",
    name="fully_connected",
    summary="slim.fully_connected -> Dense",
    apis=("slim.fully_connected", "slim.relu", "slim.relu6", "slim.elu", "slim.linear"),
    keywords={**WEIGHT_KEYWORDS, "num_outputs": "units"},
    layers={"slim.fully_connected": "Dense"},
    leading=("num_outputs",),
    defaults={"activation": '"relu"'},
    numbers=(
        "Slim's default is ReLU, Keras' is linear. An input of more than two dimensions is "
        "multiplied along its last one, in both."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features):
    features = slim.fully_connected(features, 16, scope='fc1')
    return slim.fully_connected(features, 3, activation_fn=None, biases_initializer=None)
""",
            after="""
import keras
import tensorflow as tf


def net(features):
    features = keras.layers.Dense(16, activation="relu", name="fc1")(features)
    return keras.layers.Dense(3, use_bias=False, name="fully_connected")(features)
""",
            inputs=((4, 8),),
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features):
    with tf.variable_scope('head'):
        features = slim.relu6(features, 16, scope='fc1')
        return slim.linear(features, 3, scope='fc2')
""",
            after="""
from scoped_layers import linear, relu6, variable_scope


def net(features):
    with variable_scope('head'):
        features = relu6(features, 16, name='fc1')
        return linear(features, 3, name='fc2')
""",
            inputs=((4, 8),),
            title="the partials",
        ),
    ),
)
