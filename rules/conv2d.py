"""slim.conv2d, slim.convolution and their 1-d and 3-d forms."""

from slimport.rewrite.plain import CONVOLUTION_DEFAULTS, PlainLayerRule
from slimport.rewrite.rule import Example

CONV2D = PlainLayerRule(
    code="SLIM101",
    name="conv2d",
    summary="slim.conv2d, conv1d, conv3d, convolution -> Conv2D, Conv1D, Conv3D",
    apis=("slim.conv1d", "slim.conv2d", "slim.conv3d", "slim.convolution"),
    layers={"slim.conv1d": "Conv1D", "slim.conv2d": "Conv2D", "slim.conv3d": "Conv3D"},
    leading=("num_outputs", "kernel_size"),
    defaults=CONVOLUTION_DEFAULTS,
    implied={"stride": (1,)},
    numbers=(
        "Slim's defaults are not Keras': ReLU, SAME padding, and no bias under a normalizer "
        "(tf_slim/layers/layers.py, convolution). Leaving `activation` or `padding` out would be "
        "Keras' linear, valid convolution."
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
import keras


def net(images):
    images = keras.layers.Conv2D(8, [3, 3], strides=2, activation="relu", name="conv1")(images)
    return keras.layers.Conv2D(4, 1, padding="same", activation="relu6", name="conv2")(images)
""",
            inputs=((2, 9, 9, 3),),
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, is_training=False):
    return slim.conv2d(images, 4, [3, 3], rate=2, normalizer_fn=slim.batch_norm,
                       normalizer_params={'is_training': is_training, 'decay': 0.9},
                       scope='conv')
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import BatchNormalization


def net(images, is_training=False):
    images = keras.layers.Conv2D(
        4, [3, 3], padding="same", dilation_rate=2, use_bias=False, name="conv"
    )(images)
    images = BatchNormalization(
        momentum=0.9, scale=False, name="conv__BatchNorm"
    )(images, is_training=None if is_training else False)
    return keras.ops.relu(images)
""",
            inputs=((2, 9, 9, 3),),
            title="batch norm inside the layer",
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(sequence, volume):
    sequence = slim.conv1d(sequence, 4, 3, scope='conv1d')
    volume = slim.conv3d(volume, 2, [2, 3, 3], stride=2, scope='conv3d')
    return sequence, volume
""",
            after="""
import keras
import tensorflow as tf


def net(sequence, volume):
    sequence = keras.layers.Conv1D(4, 3, padding="same", activation="relu", name="conv1d")(sequence)
    volume = keras.layers.Conv3D(
        2, [2, 3, 3], strides=2, padding="same", activation="relu", name="conv3d"
    )(volume)
    return sequence, volume
""",
            inputs=((2, 7, 3), (1, 4, 5, 5, 2)),
            title="one and three dimensions",
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, depth=8):
    images = slim.conv2d(images, depth / 2, 3, scope='half')
    wide = 1.5 * depth
    images = slim.conv2d_transpose(images, wide, [2, 2], 2, scope='wide')
    return slim.separable_conv2d(images, wide - depth / 2, 3, 1, scope='same')


def integers(images, depth=8):
    images = slim.conv2d(images, depth // 2, 3, scope='half')
    return slim.conv2d(images, int(1.5 * depth), 3, scope='wide')
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d, conv2d_transpose, separable_conv2d


def net(images, depth=8):
    images = conv2d(images, depth / 2, 3, name='half')
    wide = 1.5 * depth
    images = conv2d_transpose(images, wide, [2, 2], 2, name='wide')
    return separable_conv2d(images, wide - depth / 2, 3, 1, name='same')


def integers(images, depth=8):
    images = conv2d(images, depth // 2, 3, name='half')
    return conv2d(images, int(1.5 * depth), 3, name='wide')
""",
            inputs=((1, 5, 5, 3),),
            title="a size that may be a float",
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    conv = slim.conv2d
    layers = {'first': (conv, 4), 'second': (slim.separable_conv2d, 6)}
    for name in ('first', 'second'):
        op, depth = layers[name]
        images = op(images, depth, [3, 3], stride=1, padding='SAME', scope=name,
                    **({'depth_multiplier': 1} if name == 'second' else {}))
    return images
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d, separable_conv2d


def net(images):
    conv = conv2d
    layers = {'first': (conv, 4), 'second': (separable_conv2d, 6)}
    for name in ('first', 'second'):
        op, depth = layers[name]
        images = op(images, depth, [3, 3], stride=1, padding='SAME', scope=name,
                    **({'depth_multiplier': 1} if name == 'second' else {}))
    return images
""",
            inputs=((1, 7, 7, 3),),
            title="operations held in variables and tables",
        ),
    ),
)
