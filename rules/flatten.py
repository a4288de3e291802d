"""slim.flatten."""

from slimport.rewrite.plain import PlainLayerRule
from slimport.rewrite.rule import Example

FLATTEN = PlainLayerRule(
    code="SLIM140",
    name="flatten",
    summary="slim.flatten -> Flatten",
    apis=("slim.flatten",),
    keywords={"scope": "name"},
    layers={"slim.flatten": "Flatten"},
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    return slim.flatten(images)
""",
            after="""
import keras
import tensorflow as tf


def net(images):
    return keras.layers.Flatten()(images)
""",
            inputs=((2, 3, 3, 2),),
        ),
    ),
)
