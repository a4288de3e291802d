"""slim.dropout."""

import ast
from dataclasses import dataclass

import libcst as cst

from slimport.index.closed import LayerCall
from slimport.rewrite.plain import PlainCall, PlainLayerRule
from slimport.rewrite.rule import Example
from slimport.rewrite.site import literal, parenthesized


@dataclass(frozen=True, kw_only=True)
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
    return (keras.layers.Dropout(1 - 0.8, name="drop")(features) if is_training else features)
""",
            inputs=((4, 8),),
            title="True means that fit() and evaluate() decide, False means never",
        ),
    ),
)
