"""Tensor functions: tf.concat, tf.reduce_mean ... -> keras.ops, where they are exactly equal."""

import ast
from dataclasses import dataclass

import libcst as cst

from slimport.rewrite.rule import Example
from slimport.rewrite.site import literal, string
from slimport.rewrite.tensors import TensorRule

_REDUCE_OLD = "input_tensor axis keepdims name reduction_indices=axis keep_dims=keepdims"
_UNARY = "x name"

_TABLE = {
    "tf.concat": ("concatenate", "values axis name"),
    "tf.stack": ("stack", "values axis name"),
    "tf.reshape": ("reshape", "tensor shape=newshape name"),
    "tf.squeeze": ("squeeze", "input axis name squeeze_dims=axis"),
    "tf.expand_dims": ("expand_dims", "input axis name dim=axis"),
    "tf.transpose": ("transpose", "a perm=axes name"),
    "tf.tile": ("tile", "input multiples=repeats name"),
    "tf.pad": ("pad", "tensor paddings=pad_width mode name constant_values"),
    "tf.reduce_mean": ("mean", _REDUCE_OLD),
    "tf.reduce_sum": ("sum", _REDUCE_OLD),
    "tf.reduce_max": ("max", _REDUCE_OLD),
    "tf.reduce_min": ("min", _REDUCE_OLD),
    "tf.reduce_prod": ("prod", _REDUCE_OLD),
    "tf.cast": ("cast", "x dtype name"),
    "tf.clip_by_value": ("clip", "t clip_value_min=x_min clip_value_max=x_max name"),
    "tf.zeros_like": ("zeros_like", "tensor dtype name"),
    "tf.ones_like": ("ones_like", "tensor dtype name"),
    "tf.matmul": ("matmul", "a=x1 b=x2"),
    "tf.pow": ("power", "x=x1 y=x2 name"),
    **{
        f"tf.{name}": (target, _UNARY)
        for name, target in {
            "abs": "abs", "exp": "exp", "log": "log", "sqrt": "sqrt", "rsqrt": "rsqrt",
            "square": "square", "sin": "sin", "cos": "cos", "floor": "floor", "ceil": "ceil",
            "sign": "sign", "negative": "negative", "log1p": "log1p",
        }.items()
    },
    **{
        f"tf.{name}": (target, "x=x1 y=x2 name")
        for name, target in {
            "add": "add", "subtract": "subtract", "multiply": "multiply", "maximum": "maximum",
            "minimum": "minimum", "equal": "equal", "greater": "greater", "less": "less",
            "greater_equal": "greater_equal", "less_equal": "less_equal",
        }.items()
    },
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _TensorOps(TensorRule):
    def argument(self, api: str, name: str, value: cst.BaseExpression) -> cst.BaseExpression:
        if api == "tf.pad" and name == "mode":
            mode = literal(value)
            return string(mode.lower(), like=value) if isinstance(mode, str) else value
        return value


def _constant_mode(bound: dict[str, ast.expr]) -> str | None:
    mode = bound.get("mode")
    if mode is None or (isinstance(mode, ast.Constant) and isinstance(mode.value, str)):
        return None
    return "tf.pad with a mode that is only known at run time"


TENSOR_OPS = _TensorOps(
    code="SLIM302",
    name="tensor_ops",
    summary="tf.concat, tf.reshape, tf.reduce_mean ... -> keras.ops in code that builds layers",
    table=_TABLE,
    limits={"tf.pad": _constant_mode},
    details=(
        "Only functions with an exact equivalent; one that has none keeps the whole function on "
        "TensorFlow, which TracedModel runs."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    left = slim.conv2d(images, 4, 1, scope='left')
    right = slim.conv2d(images, 4, 1, scope='right')
    both = tf.concat(axis=3, values=[left, right], name='both')
    both = tf.pad(both, [[0, 0], [1, 1], [1, 1], [0, 0]], mode='REFLECT')
    return tf.squeeze(tf.reduce_mean(both, [1, 2], keep_dims=True), [1, 2])
""",
            after="""
import keras


def net(images):
    left = keras.layers.Conv2D(4, 1, padding="same", activation="relu", name="left")(images)
    right = keras.layers.Conv2D(4, 1, padding="same", activation="relu", name="right")(images)
    both = keras.ops.concatenate([left, right], axis=3)
    both = keras.ops.pad(both, [[0, 0], [1, 1], [1, 1], [0, 0]], mode='reflect')
    return keras.ops.squeeze(keras.ops.mean(both, [1, 2], keepdims=True), [1, 2])
""",
            inputs=((1, 4, 4, 3),),
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    images = slim.conv2d(images, 4, 1, scope='conv')
    images = tf.image.resize_bilinear(images, [8, 8], align_corners=True)
    return tf.concat([images, images], 3)
""",
            after="""
import tensorflow as tf
from scoped_layers import conv2d


def net(images):
    images = conv2d(images, 4, 1, name='conv')
    images = tf.compat.v1.image.resize_bilinear(images, [8, 8], align_corners=True)
    return tf.concat([images, images], 3)
""",
            inputs=((1, 4, 4, 3),),
            title="a function without an equivalent keeps the whole function on TensorFlow",
        ),
    ),
)
