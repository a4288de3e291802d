"""slim.dropout."""

from dataclasses import dataclass

import libcst as cst

from slimport.rewrite.plain import PlainCall, PlainLayerRule, training
from slimport.rewrite.rule import Example
from slimport.rewrite.site import parenthesized


@dataclass(frozen=True, kw_only=True)
class _DropoutRule(PlainLayerRule):
    def plain(self, call: PlainCall) -> cst.BaseExpression:
        keep = call.get("keep_prob") or cst.Float("0.5")
        # Not the literal difference: 1 - 0.8 is what slim computes, digit for digit.
        rate = cst.BinaryOperation(cst.Integer("1"), cst.Subtract(), parenthesized(keep))
        keywords = {name: call.get(name) for name in ("noise_shape", "seed")}
        layer = call.file.keras("layers.Dropout")
        return call.keras(layer, [rate], keywords, {"training": training(call.get("is_training"))})


DROPOUT = _DropoutRule(
    code="SLIM120",
    name="dropout",
    summary="slim.dropout -> Dropout (rate = 1 - keep_prob)",
    apis=("slim.dropout",),
    keywords={"scope": "name"},
    layers={"slim.dropout": "Dropout"},
    details="The factory keeps `keep_prob`: the argument is often a variable of the caller.",
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
    return keras.layers.Dropout(
        1 - 0.8, name="drop"
    )(features, training=None if is_training else False)
""",
            inputs=((4, 8),),
            title="True means that fit() and evaluate() decide",
        ),
    ),
)
