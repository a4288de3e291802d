"""slim.separable_conv2d, with and without num_outputs."""

from slimport.rewrite.layers import LayerRule
from slimport.rewrite.rule import Example

SEPARABLE_CONV2D = LayerRule(
    code="SLIM104",
    name="separable_conv2d",
    summary="slim.separable_conv2d -> SeparableConv2D; with num_outputs=None -> DepthwiseConv2D",
    apis=("slim.separable_conv2d",),
    numbers=(
        "Slim's defaults are ReLU, SAME and a depth multiplier of 1. The weights regularizer goes "
        "on both kernels (tf_slim/layers/layers.py, separable_convolution2d); in Keras each kernel "
        "has its own."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    images = slim.separable_conv2d(images, 6, [3, 3], depth_multiplier=2, stride=2, scope='sep')
    return slim.separable_conv2d(images, None, [3, 3], depth_multiplier=1, scope='depthwise')
""",
            after="""
import tensorflow as tf

from scoped_layers import separable_conv2d


def net(images):
    images = separable_conv2d(images, 6, [3, 3], depth_multiplier=2, strides=2, name='sep')
    return separable_conv2d(images, None, [3, 3], depth_multiplier=1, name='depthwise')
""",
            inputs=((1, 9, 9, 3),),
        ),
    ),
)
