"""slim.layer_norm."""

from slimport.rewrite.layers import LayerRule
from slimport.rewrite.rule import Example

LAYER_NORM = LayerRule(
    code="SLIM111",
    name="layer_norm",
    summary="slim.layer_norm -> layer normalization over all axes but the first",
    apis=("slim.layer_norm",),
    keywords={"activation_fn": "activation", "scope": "name"},
    numbers=(
        "Epsilon is 1e-12 (tf_slim/layers/layers.py, layer_norm), 1e-3 for float16; Keras' default "
        "is 1e-3. Moments are taken over all axes but the first, gamma and beta over the last."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    return slim.layer_norm(images, scope='norm')
""",
            after="""
import tensorflow as tf

from scoped_layers import layer_norm


def net(images):
    return layer_norm(images, name='norm')
""",
            inputs=((2, 4, 4, 3),),
        ),
    ),
)
