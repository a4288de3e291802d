"""slim.batch_norm."""

from slimport.rewrite.layers import LayerRule
from slimport.rewrite.rule import Example

BATCH_NORM = LayerRule(
    code="SLIM110",
    name="batch_norm",
    summary="slim.batch_norm -> the written module's BatchNormalization",
    apis=("slim.batch_norm",),
    keywords={"decay": "momentum", "activation_fn": "activation", "scope": "name"},
    details=(
        "Slim's fused kernel puts n/(n-1) times the batch variance into the moving variance; "
        "keras.layers.BatchNormalization does not (2.0 against 1.0 for two values). The written "
        "layer is the equivalent one. Plain Keras would change moving statistics only."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, is_training=False):
    return slim.batch_norm(images, decay=0.9, scale=True, activation_fn=tf.nn.relu,
                           is_training=is_training)
""",
            after="""
from scoped_layers import batch_norm


def net(images, is_training=False):
    return batch_norm(images, momentum=0.9, scale=True, activation="relu",
                      is_training=is_training)
""",
            inputs=((4, 3, 3, 5),),
        ),
    ),
)
