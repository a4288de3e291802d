"""slim.images_to_sequence and sequence_to_images."""

from slimport.rewrite.layers import LayerRule
from slimport.rewrite.rule import Example

IMAGES_TO_SEQUENCE = LayerRule(
    code="SLIM146",
    name="images_to_sequence",
    summary="slim.images_to_sequence, sequence_to_images -> transpose and reshape",
    apis=("slim.images_to_sequence", "slim.sequence_to_images"),
    keywords={"scope": "name"},
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    return slim.images_to_sequence(images)
""",
            after="""
import tensorflow as tf

from scoped_layers import images_to_sequence


def net(images):
    return images_to_sequence(images)
""",
            inputs=((2, 3, 4, 5),),
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(sequence):
    return slim.sequence_to_images(sequence, 3)
""",
            after="""
import tensorflow as tf

from scoped_layers import sequence_to_images


def net(sequence):
    return sequence_to_images(sequence, 3)
""",
            inputs=((4, 6, 5),),
            title="and back",
        ),
    ),
)
