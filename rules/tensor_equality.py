"""`==` and `!=` of tensors, which TF 1 compared as objects."""

from slimport.rewrite.identity import CODE, EQUAL, NAME, UNEQUAL
from slimport.rewrite.rule import Example, Rule

TENSOR_EQUALITY = Rule(
    code=CODE,
    name=NAME,
    summary="tf.shape(x)[3] != n -> True, as TF 1 had it",
    apis=(EQUAL, UNEQUAL),
    details=(
        "In TF 1 a tensor was equal to itself alone, in TensorFlow 2 the values are compared. A "
        "comparison with a tensor that is made right there came out the same whatever the values: "
        "that is written down, with the comparison above it. So is a size beside None "
        "(`x.get_shape()[0] is None`): TF 1 had an object for each size, also for one that it did "
        "not know, and TensorFlow 2 has None. Files that import "
        "tensorflow.compat.v1 are left to their authors. The edit is made by "
        "slimport/rewrite/identity.py."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tensorflow.contrib.slim as slim


def unit(x, depth, stride):
    project = tf.shape(x)[3] != depth or stride == 2
    if project:
        x = slim.conv2d(x, depth, 1, stride, scope='shortcut')
    return x


def net(images):
    return unit(images, 4, 1)
""",
            after="""
import keras


def unit(x, depth, stride):
    # TF 1 compared tensors as objects: tf.shape(x)[3] != depth was always True
    project = True or stride == 2
    if project:
        x = keras.layers.Conv2D(
            depth, 1, strides=stride, padding="same", activation="relu", name="shortcut"
        )(x)
    return x


def net(images):
    return unit(images, 4, 1)
""",
            inputs=((1, 4, 4, 3),),
        ),
        Example(
            title="shapes are no tensors, and two names may be one tensor",
            before="""
import tensorflow as tf
import tensorflow.contrib.slim as slim


def net(x, y, depth):
    if x.get_shape()[3] != depth:
        x = slim.conv2d(x, depth, 1)
    z = tf.identity(y)
    return x if y == z else z
""",
            after="""
from scoped_layers import conv2d, identity


def net(x, y, depth):
    if x.shape[3] != depth:
        x = conv2d(x, depth, 1)
    z = identity(y)
    return x if y == z else z
""",
        ),
    ),
)
