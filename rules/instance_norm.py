"""slim.instance_norm."""

from slimport.rewrite.layers import LayerRule
from slimport.rewrite.rule import Example

INSTANCE_NORM = LayerRule(
    code="SLIM112",
    name="instance_norm",
    summary="slim.instance_norm -> normalization of each channel of each image",
    apis=("slim.instance_norm",),
    keywords={"activation_fn": "activation", "scope": "name"},
    numbers=(
        "Epsilon is 1e-6 (tf_slim/layers/normalization.py). Moments are taken over height and "
        "width of each channel."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    return slim.instance_norm(images, epsilon=1e-5, activation_fn=tf.nn.relu)
""",
            after="""
from scoped_layers import instance_norm


def net(images):
    return instance_norm(images, epsilon=1e-5, activation="relu")
""",
            inputs=((2, 4, 4, 3),),
        ),
    ),
)
