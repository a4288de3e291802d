"""slim.max_pool2d, avg_pool2d, their 3-d forms, and slim.pool."""

from slimport.rewrite.layers import POOL_KEYWORDS, LayerRule
from slimport.rewrite.plain import PlainLayerRule
from slimport.rewrite.rule import Example

POOL2D = PlainLayerRule(
    code="SLIM130",
    name="pool2d",
    summary="slim.max_pool2d, avg_pool2d, max_pool3d, avg_pool3d -> pooling layers",
    apis=("slim.max_pool2d", "slim.avg_pool2d", "slim.max_pool3d", "slim.avg_pool3d"),
    keywords=POOL_KEYWORDS,
    layers={
        "slim.max_pool2d": "MaxPooling2D",
        "slim.avg_pool2d": "AveragePooling2D",
        "slim.max_pool3d": "MaxPooling3D",
        "slim.avg_pool3d": "AveragePooling3D",
    },
    leading=("kernel_size",),
    defaults={"strides": "2"},
    numbers=(
        "Slim's stride is 2 and its padding VALID where Keras takes the pool's size: a 3x3 pool "
        "makes 16 of 33 pixels in slim and 11 with Keras' default. Average pools leave the padding "
        "out of the mean, in both."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    images = slim.max_pool2d(images, [3, 3], stride=1, padding='SAME', scope='pool1')
    return slim.avg_pool2d(images, 2)
""",
            after="""
import keras
import tensorflow as tf


def net(images):
    images = keras.layers.MaxPooling2D([3, 3], strides=1, padding="same", name="pool1")(images)
    return keras.layers.AveragePooling2D(2, strides=2)(images)
""",
            inputs=((1, 9, 9, 3),),
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(volume):
    volume = slim.max_pool3d(volume, [2, 2, 2], padding='SAME')
    return slim.avg_pool3d(volume, 2, stride=1)
""",
            after="""
import keras
import tensorflow as tf


def net(volume):
    volume = keras.layers.MaxPooling3D([2, 2, 2], strides=2, padding="same")(volume)
    return keras.layers.AveragePooling3D(2, strides=1)(volume)
""",
            inputs=((1, 5, 6, 7, 2),),
            title="three dimensions",
        ),
    ),
)

POOL = LayerRule(
    code="SLIM131",
    name="pool",
    summary="slim.pool -> a pool of any rank and type",
    apis=("slim.pool",),
    keywords=POOL_KEYWORDS,
    numbers="The stride is 1 here, as slim has it, and not 2 as in SLIM130.",
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    return slim.pool(images, [2, 2], 'MAX', stride=2)
""",
            after="""
import tensorflow as tf

from scoped_layers import pool


def net(images):
    return pool(images, [2, 2], 'MAX', strides=2)
""",
            inputs=((1, 8, 8, 3),),
        ),
    ),
)
