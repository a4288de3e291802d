"""slim.gdn: generalized divisive normalization."""

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example

GDN = RenamedRule(
    code="SLIM149",
    name="gdn",
    summary="slim.gdn -> generalized divisive normalization",
    apis=("slim.gdn",),
    details=(
        "With the gradients of tf.contrib.layers.gdn; tf-slim 1.1 has none for it. "
        "Objects of the class GDN are marked (SLIM412)."
    ),
    numbers=(
        "Both variables are square roots with an offset of 2 ** -18, as in the original, "
        "and beta stays above 1e-6."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    images = slim.conv2d(images, 4, [3, 3], stride=2, activation_fn=None)
    images = slim.gdn(images)
    images = slim.conv2d_transpose(images, 3, [3, 3], stride=2, activation_fn=None)
    return slim.gdn(images, inverse=True, gamma_init=0.2, name='igdn')
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d, conv2d_transpose, gdn


def net(images):
    images = conv2d(images, 4, [3, 3], strides=2, activation=None)
    images = gdn(images)
    images = conv2d_transpose(images, 3, [3, 3], strides=2, activation=None)
    return gdn(images, inverse=True, gamma_init=0.2, name='igdn')
""",
            inputs=((2, 8, 8, 3),),
        ),
        Example(
            title="passed on, and unpacked",
            before="""
import tensorflow as tf

NORMS = (tf.contrib.layers.gdn, tf.contrib.layers.layer_norm)


def net(images, **options):
    return tf.contrib.layers.gdn(images, **options)
""",
            after="""
from scoped_layers import gdn, layer_norm

NORMS = (gdn, layer_norm)


def net(images, **options):
    return gdn(images, **options)
""",
        ),
    ),
)
