"""slim.softmax and slim.spatial_softmax."""

from slimport.rewrite.layers import LayerRule
from slimport.rewrite.rule import Example

SOFTMAX = LayerRule(
    code="SLIM141",
    name="softmax",
    summary="slim.softmax -> softmax over the last axis",
    apis=("slim.softmax",),
    keywords={"scope": "name"},
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(logits):
    return slim.softmax(logits)
""",
            after="""
import tensorflow as tf

from scoped_layers import softmax


def net(logits):
    return softmax(logits)
""",
            inputs=((3, 7),),
        ),
    ),
)

SPATIAL_SOFTMAX = LayerRule(
    code="SLIM142",
    name="spatial_softmax",
    summary="slim.spatial_softmax -> expected image coordinates of each channel",
    apis=("slim.spatial_softmax",),
    keywords={},
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    return slim.spatial_softmax(images)
""",
            after="""
import tensorflow as tf

from scoped_layers import spatial_softmax


def net(images):
    return spatial_softmax(images)
""",
            inputs=((2, 4, 5, 3),),
        ),
    ),
)
