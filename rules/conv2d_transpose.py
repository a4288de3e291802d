"""slim.conv2d_transpose and conv3d_transpose."""

from slimport.rewrite.plain import CONVOLUTION_DEFAULTS, PlainLayerRule

CONV2D_TRANSPOSE = PlainLayerRule(
    code="SLIM102",
    name="conv2d_transpose",
    summary="slim.conv2d_transpose, conv3d_transpose -> Conv2DTranspose, Conv3DTranspose",
    apis=("slim.conv2d_transpose", "slim.conv3d_transpose"),
    layers={
        "slim.conv2d_transpose": "Conv2DTranspose",
        "slim.conv3d_transpose": "Conv3DTranspose",
    },
    leading=("num_outputs", "kernel_size"),
    defaults=CONVOLUTION_DEFAULTS,
    implied={"stride": (1,)},
)
