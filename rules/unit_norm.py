"""slim.unit_norm."""

from slimport.rewrite.layers import LayerRule
from slimport.rewrite.rule import Example

UNIT_NORM = LayerRule(
    code="SLIM144",
    name="unit_norm",
    summary="slim.unit_norm -> division by the length along one axis",
    apis=("slim.unit_norm",),
    keywords={"scope": "name"},
    numbers="1e-7 is added to the squared length, as in slim.",
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features):
    return slim.unit_norm(features, dim=1)
""",
            after="""
import tensorflow as tf

from scoped_layers import unit_norm


def net(features):
    return unit_norm(features, dim=1)
""",
            inputs=((3, 7),),
        ),
    ),
)
