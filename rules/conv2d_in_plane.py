"""slim.conv2d_in_plane: one filter for all channels."""

from slimport.rewrite.layers import LayerRule

CONV2D_IN_PLANE = LayerRule(
    code="SLIM103",
    name="conv2d_in_plane",
    summary="slim.conv2d_in_plane -> a depthwise convolution whose kernel all channels share",
    apis=("slim.conv2d_in_plane",),
)
