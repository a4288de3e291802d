"""slim.group_norm."""

from slimport.rewrite.layers import LayerRule
from slimport.rewrite.rule import Example

GROUP_NORM = LayerRule(
    code="SLIM113",
    name="group_norm",
    summary="slim.group_norm -> group normalization with slim's axes",
    apis=("slim.group_norm",),
    keywords={"activation_fn": "activation", "scope": "name"},
    numbers=(
        "Epsilon is 1e-6 and there are 32 groups unless the call says otherwise "
        "(tf_slim/layers/normalization.py); Keras' epsilon is 1e-3. Moments are taken over slim's "
        "`reduction_axes` alone."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    return slim.group_norm(images, groups=2, scope='gn')
""",
            after="""
import tensorflow as tf

from scoped_layers import group_norm


def net(images):
    return group_norm(images, groups=2, name='gn')
""",
            inputs=((2, 4, 4, 6),),
        ),
    ),
)
