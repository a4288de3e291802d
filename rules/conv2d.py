"""slim.conv2d, slim.convolution and their 1-d and 3-d forms."""

from slimport.rewrite.layers import LayerRule
from slimport.rewrite.rule import Example

CONV2D = LayerRule(
    code="SLIM101",
    name="conv2d",
    summary="slim.conv2d, conv1d, conv3d, convolution -> Conv2D, Conv1D, Conv3D",
    apis=("slim.conv1d", "slim.conv2d", "slim.conv3d", "slim.convolution"),
    details=(
        "Slim's defaults are not Keras': ReLU, SAME padding, and no bias under a normalizer "
        "(tf_slim/layers/layers.py, convolution)."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    images = slim.conv2d(images, 8, [3, 3], stride=2, padding='VALID', scope='conv1')
    return slim.conv2d(images, 4, 1, activation_fn=tf.nn.relu6, scope='conv2')
""",
            after="""
from scoped_layers import conv2d


def net(images):
    images = conv2d(images, 8, [3, 3], strides=2, padding='valid', name='conv1')
    return conv2d(images, 4, 1, activation="relu6", name='conv2')
""",
            inputs=((2, 9, 9, 3),),
        ),
    ),
)
