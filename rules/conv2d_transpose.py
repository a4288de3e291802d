"""slim.conv2d_transpose and conv3d_transpose."""

from slimport.rewrite.plain import CONVOLUTION_DEFAULTS, PlainLayerRule
from slimport.rewrite.rule import Example

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
    numbers=(
        "Slim's defaults are ReLU and SAME, Keras' linear and valid (tf_slim/layers/layers.py, "
        "convolution2d_transpose)."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    return slim.conv2d_transpose(images, 4, [4, 4], stride=2, activation_fn=None, scope='up')
""",
            after="""
import keras
import tensorflow as tf


def net(images):
    return keras.layers.Conv2DTranspose(4, [4, 4], strides=2, padding="same", name="up")(images)
""",
            inputs=((1, 5, 5, 3),),
        ),
    ),
)
