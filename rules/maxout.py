"""slim.maxout."""

from slimport.rewrite.layers import LayerRule
from slimport.rewrite.rule import Example

MAXOUT = LayerRule(
    code="SLIM145",
    name="maxout",
    summary="slim.maxout -> maximum over groups of channels",
    apis=("slim.maxout",),
    keywords={"scope": "name"},
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    return slim.maxout(images, 2)
""",
            after="""
import tensorflow as tf

from scoped_layers import maxout


def net(images):
    return maxout(images, 2)
""",
            inputs=((1, 4, 4, 6),),
        ),
    ),
)
