"""slim.dropout."""

import ast

import libcst as cst

from slimport.index.closed import LayerCall
from slimport.rewrite.always import is_training_keyword
from slimport.rewrite.plain import PlainCall, PlainLayerRule
from slimport.rewrite.rule import Example
from slimport.rewrite.site import literal, parenthesized


class _DropoutRule(PlainLayerRule):
    """False means never, whatever fit() asks for: the layer is left out, not called so.

    A functional model hands its own ``training`` to every layer, over a ``training=False`` that
    the call was built with.
    """

    def blocks_plain(self, layer: LayerCall) -> str | None:
        inputs, is_training = layer.arguments.get("inputs"), layer.arguments.get("is_training")
        if not isinstance(is_training, None | ast.Constant) and not isinstance(inputs, ast.Name):
            return "a dropout of an expression whose is_training is only known at run time"
        return super().blocks_plain(layer)

    def plain(self, call: PlainCall) -> cst.BaseExpression:
        is_training = call.get("is_training")
        known = literal(is_training) if is_training is not None else True
        inputs = call.arguments["inputs"]
        if known is False:
            return inputs
        keep = call.get("keep_prob") or cst.Float("0.5")
        # Not the literal difference: 1 - 0.8 is what slim computes, digit for digit.
        rate = cst.BinaryOperation(cst.Integer("1"), cst.Subtract(), parenthesized(keep))
        keywords = {name: call.get(name) for name in ("noise_shape", "seed")}
        if known is True or is_training is None:
            always = is_training_keyword(call.layer, is_training, call.file)
            if always is not None:
                layer = call.file.written("Dropout")
                return call.keras(layer, [rate], keywords, call_keywords={"is_training": always})
        dropped = call.keras(call.file.keras("layers.Dropout"), [rate], keywords)
        if known is True or is_training is None:
            return dropped
        return parenthesized(cst.IfExp(is_training, dropped, inputs))


DROPOUT = _DropoutRule(
    code="SLIM120",
    name="dropout",
    summary="slim.dropout -> Dropout (rate = 1 - keep_prob)",
    apis=("slim.dropout",),
    keywords={"scope": "name"},
    layers={"slim.dropout": "Dropout"},
    details=(
        "The factory keeps `keep_prob`: the argument is often a variable of the caller. "
        'A literal True is `is_training="always"` where the network has a training parameter, or '
        "its callers have: pix2pix drops in inference, too. Where a branch leaves it open, the "
        "report notes that the layer follows Keras."
    ),
    numbers=(
        "Slim keeps a share, Keras drops one: the rate is `1 - keep_prob`. Both scale what is kept "
        "by `1 / keep_prob`. Masks are drawn anew in each step; values are compared with the same "
        "draws on both sides."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features, is_training=False):
    return slim.dropout(features, keep_prob=0.8, is_training=is_training, scope='drop')
""",
            after="""
import keras
import tensorflow as tf


def net(features, is_training=False):
    return (keras.layers.Dropout(1 - 0.8, name="drop")(features) if is_training else features)
""",
            inputs=((4, 8),),
            title="True means that fit() and evaluate() decide, False means never",
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features, is_training=False):
    return slim.dropout(features, keep_prob=0.8, is_training=True)
""",
            after="""
import tensorflow as tf

from scoped_layers import Dropout


def net(features, is_training=False):
    return Dropout(1 - 0.8)(features, is_training=True)
""",
            title="a True beside a training parameter of the network: dropped in inference, too",
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def decoder(images, depths, is_training=False):
    with slim.arg_scope([slim.dropout], is_training=True):
        for depth in depths:
            images = slim.dropout(slim.conv2d(images, depth, [3, 3]), keep_prob=0.5)
    return images
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d, dropout, layer_defaults


def decoder(images, depths, is_training=False):
    with layer_defaults([dropout], is_training="always"):
        for depth in depths:
            images = dropout(conv2d(images, depth, [3, 3]), keep_prob=0.5)
    return images
""",
            title="the same by an arg_scope, in factories",
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def head(features, is_training=False):
    if is_training:
        features = slim.dropout(features, is_training=True)
    return slim.dropout(features, 0.9, is_training=is_training)


def train(features):
    with slim.arg_scope([slim.dropout], is_training=True):
        return slim.dropout(features)


def net(features, is_training=False):
    return slim.dropout(features)
""",
            after="""
import keras
import tensorflow as tf


def head(features, is_training=False):
    if is_training:
        features = keras.layers.Dropout(1 - 0.5)(features)
    return (keras.layers.Dropout(1 - 0.9)(features) if is_training else features)


def train(features):
    return keras.layers.Dropout(1 - 0.5)(features)


def net(features, is_training=False):
    return keras.layers.Dropout(1 - 0.5)(features)
""",
            title="what follows Keras: below a branch that trains, in a script, by default",
        ),
    ),
)
