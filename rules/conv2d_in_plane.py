"""slim.conv2d_in_plane: one filter for all channels."""

from slimport.rewrite.layers import LayerRule
from slimport.rewrite.rule import Example

CONV2D_IN_PLANE = LayerRule(
    code="SLIM103",
    name="conv2d_in_plane",
    summary="slim.conv2d_in_plane -> a depthwise convolution whose kernel all channels share",
    apis=("slim.conv2d_in_plane",),
    numbers=(
        "Slim's defaults are ReLU and SAME. All channels share one kernel of shape `[height, "
        "width, 1, 1]`."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    return slim.conv2d_in_plane(images, [1, 5], activation_fn=None, scope='blur')
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d_in_plane


def net(images):
    return conv2d_in_plane(images, [1, 5], activation=None, name='blur')
""",
            inputs=((1, 6, 6, 3),),
        ),
    ),
)
