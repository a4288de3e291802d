"""slim.conv2d_transpose and conv3d_transpose."""

from slimport.rewrite.layers import LayerRule

CONV2D_TRANSPOSE = LayerRule(
    code="SLIM102",
    name="conv2d_transpose",
    summary="slim.conv2d_transpose, conv3d_transpose -> Conv2DTranspose, Conv3DTranspose",
    apis=("slim.conv2d_transpose", "slim.conv3d_transpose"),
)
