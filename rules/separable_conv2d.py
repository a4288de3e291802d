"""slim.separable_conv2d, with and without num_outputs."""

from slimport.rewrite.layers import LayerRule

SEPARABLE_CONV2D = LayerRule(
    code="SLIM104",
    name="separable_conv2d",
    summary="slim.separable_conv2d -> SeparableConv2D; with num_outputs=None -> DepthwiseConv2D",
    apis=("slim.separable_conv2d",),
    details="The weights regularizer goes on both kernels (tf_slim/layers/layers.py).",
)
