"""slim.bias_add."""

from slimport.rewrite.layers import LayerRule
from slimport.rewrite.rule import Example

BIAS_ADD = LayerRule(
    code="SLIM114",
    name="bias_add",
    summary="slim.bias_add -> a layer that adds one bias per channel",
    apis=("slim.bias_add",),
    keywords={"activation_fn": "activation", "scope": "name"},
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    return slim.bias_add(images, activation_fn=tf.nn.relu, scope='bias')
""",
            after="""
from scoped_layers import bias_add


def net(images):
    return bias_add(images, activation="relu", name='bias')
""",
            inputs=((2, 4, 4, 3),),
        ),
    ),
)
