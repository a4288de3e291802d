"""tf.GraphKeys.TRAINABLE_VARIABLES as a collection that layers put their variables into."""

import libcst as cst

from slimport.rewrite.rule import Example, Keep, Outcome, Rule
from slimport.rewrite.site import ValueSite, literal

_PARAMETER = "variables_collections"
_NOTE = (
    "this makes moving averages trainable too, as in TF 1; a layer of trainable=False is trained "
    "in a TF 1 graph alone"
)


class _TrainableRule(Rule):
    """The symbol stays what it is; the report says what a model does not make of it."""

    def value(self, site: ValueSite) -> Outcome:
        outcome = site.file.tf1(site) if site.file.is_tf1() else Keep()
        if not _is_for_layers(site):
            return outcome
        site.file.note(_NOTE)
        return site.node if isinstance(outcome, Keep) else outcome


def _is_for_layers(site: ValueSite) -> bool:
    """Whether it stands in ``variables_collections=[...]``, or below that key of a dict."""
    for node in reversed(site.path):
        if isinstance(node, cst.Arg) and node.keyword is not None:
            return node.keyword.value == _PARAMETER
        if isinstance(node, cst.DictElement) and literal(node.key) == _PARAMETER:
            return True
        if isinstance(node, cst.BaseStatement | cst.Lambda):
            break
    return False


TRAINABLE_COLLECTION = _TrainableRule(
    code="SLIM222",
    name="trainable_collection",
    summary="variables_collections=[tf.GraphKeys.TRAINABLE_VARIABLES] -> the same, with a remark",
    apis=("tf.GraphKeys.TRAINABLE_VARIABLES",),
    details=(
        "TensorFlow 1's optimizers train whatever is in the collection, moving averages of "
        "batch_norm included. So does migrated code. In training they have no gradient, which "
        "Keras says once per variable; layers of trainable=False stay untrained in a model."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, is_training=True):
    params = {'decay': 0.9, 'is_training': is_training,
              'variables_collections': [tf.GraphKeys.TRAINABLE_VARIABLES]}
    return slim.conv2d(
        images, 4, 1, normalizer_fn=slim.batch_norm, normalizer_params=params, scope='conv')
""",
            after="""
import tensorflow as tf

from scoped_layers import batch_norm, conv2d


def net(images, is_training=True):
    params = {'decay': 0.9, 'is_training': is_training,
              'variables_collections': [tf.compat.v1.GraphKeys.TRAINABLE_VARIABLES]}
    return conv2d(
        images, 4, 1, normalizer=batch_norm, normalizer_params=params, name='conv')
""",
            inputs=((1, 4, 4, 3),),
        ),
    ),
)
