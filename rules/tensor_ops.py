"""Tensor functions: tf.concat, tf.reduce_mean ... -> keras.ops, where they are exactly equal."""

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

import libcst as cst

from slimport.index.program import Function, Reference
from slimport.index.values import may_be_integers, may_be_tensor
from slimport.rewrite.order_before_1 import may_have_values_last, values_first
from slimport.rewrite.rule import Example, Keep, Outcome
from slimport.rewrite.site import CallSite, FileFacts, Site, literal, string
from slimport.rewrite.tensors import TensorRule, takes_sizes

_Entry = TypeVar("_Entry")
_REDUCE_OLD = "input_tensor axis keepdims name reduction_indices=axis keep_dims=keepdims"
_UNARY = "x name"

_TABLE = {
    "tf.concat": ("concatenate", "values axis name concat_dim=axis"),
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
    "tf.reduce_any": ("any", _REDUCE_OLD),
    "tf.reduce_all": ("all", _REDUCE_OLD),
    "tf.unstack": ("unstack", "value=x num axis name"),
    "tf.stop_gradient": ("stop_gradient", "input=variable name"),
    "tf.cast": ("cast", "x dtype name"),
    "tf.clip_by_value": ("clip", "t clip_value_min=x_min clip_value_max=x_max name"),
    "tf.zeros_like": ("zeros_like", "tensor dtype name"),
    "tf.ones_like": ("ones_like", "tensor dtype name"),
    "tf.matmul": ("matmul", "a=x1 b=x2 transpose_a transpose_b adjoint_a adjoint_b name"),
    "tf.pow": ("power", "x=x1 y=x2 name"),
    **{
        f"tf.{name}": (target, _UNARY)
        for name, target in {
            "abs": "abs", "exp": "exp", "log": "log", "sqrt": "sqrt", "rsqrt": "rsqrt",
            "square": "square", "sin": "sin", "cos": "cos", "floor": "floor", "ceil": "ceil",
            "sign": "sign", "negative": "negative", "log1p": "log1p", "logical_not": "logical_not",
        }.items()
    },
    **{
        f"tf.{name}": (target, "x=x1 y=x2 name")
        for name, target in {
            "add": "add", "subtract": "subtract", "multiply": "multiply", "maximum": "maximum",
            "minimum": "minimum", "equal": "equal", "greater": "greater", "less": "less",
            "greater_equal": "greater_equal", "less_equal": "less_equal", "not_equal": "not_equal",
            "logical_and": "logical_and", "logical_or": "logical_or",
        }.items()
    },
}  # fmt: skip

# tf.math has the same objects, in TensorFlow 1.15 as well.
_OTHERS = ("concat", "stack", "reshape", "squeeze", "expand_dims", "transpose", "tile", "pad",
           "unstack", "stop_gradient", "cast", "clip_by_value", "zeros_like", "ones_like",
           "matmul")  # fmt: skip
_OF_MATH = [name for name in _TABLE if name.removeprefix("tf.") not in _OTHERS]


def _with_math(by_api: Mapping[str, _Entry]) -> dict[str, _Entry]:
    of_math = {f"tf.math.{n[3:]}": entry for n, entry in by_api.items() if n in _OF_MATH}
    return {**by_api, **of_math}


# tests/written/test_keras_ops.py asks keras.ops for each of these, and for those that are not here.
_NO_TENSORS = {"tf.stack": "axis", "tf.tile": "multiples", "tf.unstack": "num axis"}
_ONLY_PYTHON = {
    "tf.expand_dims": "axis dim",
    "tf.squeeze": "axis squeeze_dims",
    "tf.transpose": "perm",
    **{
        f"tf.reduce_{name}": "axis reduction_indices keepdims keep_dims"
        for name in ("mean", "sum", "max", "min", "prod", "any", "all")
    },
}
# What sizes of ``tf.shape`` are put together and parted by, where KerasTensors may be among them.
_OF_SIZES = {
    "tf.concat": "dynamic_concat",
    "tf.stack": "dynamic_stack",
    "tf.unstack": "dynamic_unstack",
}
# TensorFlow's mean of integers is an integer, keras.ops' a float; its sums of bytes are bytes, and
# keras.ops' have four.
_OF_FLOATS = frozenset({"tf.reduce_mean", "tf.reduce_prod", "tf.reduce_sum"})


class _TensorOps(TensorRule):
    def call(self, site: CallSite) -> Outcome:
        arguments = values_first(site.node.args) if site.api == "tf.concat" else None
        if arguments is None:
            return super().call(site)
        site.file.note("TensorFlow 0.x's order of arguments: the axis came first")
        node = site.node.with_changes(args=arguments)
        outcome = super().call(replace(site, node=node))
        return node if isinstance(outcome, Keep) else outcome

    def function(self, site: Site) -> cst.BaseExpression:
        if site.api == "tf.reshape" and _may_be_dynamic(site.reference):
            return site.file.written("dynamic_reshape")
        if site.api in _OF_SIZES and takes_sizes(site.reference, self.parameters[site.api]):
            return site.file.written(_OF_SIZES[site.api])
        if site.api == "tf.matmul" and _transposes(site.reference):
            return site.file.written("matmul")
        return super().function(site)

    def keeps(self, reference: Reference, function: Function, file: FileFacts) -> bool:
        return super().keeps(reference, function, file) and not may_have_values_last(reference)

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        api, call = reference.api.name, reference.call
        if api.replace("math.", "") in _OF_FLOATS and call is not None:
            first = [k.value for k in call.keywords if k.arg == "input_tensor"] + call.args[:1]
            small = not api.endswith("reduce_mean")
            if any(may_be_integers(value, reference.scope, small=small) for value in first):
                return f"{api} of whole numbers, which keras.ops gives another type"
        return super().blocks_keras_tensors(reference)

    def argument(self, api: str, name: str, value: cst.BaseExpression) -> cst.BaseExpression:
        if api == "tf.pad" and name == "mode":
            mode = literal(value)
            return string(mode.lower(), like=value) if isinstance(mode, str) else value
        return value


def _may_be_dynamic(reference: Reference) -> bool:
    """Whether sizes of ``tf.shape`` may be in a new shape, of which keras.ops takes numbers."""
    assert reference.call is not None
    named_ones = [k.value for k in reference.call.keywords if k.arg == "shape"]
    return any(may_be_tensor(s, reference.scope) for s in named_ones + reference.call.args[1:2])


def _transposes(reference: Reference) -> bool:
    """Whether one of the matrices is turned before they are multiplied: keras.ops turns none."""
    assert reference.call is not None
    return len(reference.call.args) > 2 or any(
        keyword.arg not in ("a", "b", "name") for keyword in reference.call.keywords
    )


def _constant_mode(bound: dict[str, ast.expr]) -> str | None:
    mode = bound.get("mode", ast.Constant("CONSTANT"))
    if not isinstance(mode, ast.Constant) or not isinstance(mode.value, str):
        return "tf.pad with a mode that is only known at run time"
    if mode.value.upper() != "CONSTANT" and "constant_values" in bound:
        return "tf.pad with constant_values that its mode does not use"
    return None


TENSOR_OPS = _TensorOps(
    code="SLIM302",
    name="tensor_ops",
    summary="tf.concat, tf.reshape, tf.reduce_mean ... -> keras.ops in code that builds layers",
    table=_with_math(_TABLE),
    limits={"tf.pad": _constant_mode},
    no_tensors=_NO_TENSORS,
    sizes={"tf.reshape": "shape"},
    only_python=_with_math(_ONLY_PYTHON),
    number_lists={"tf.pad": "paddings"},
    details=(
        "Only functions with an exact equivalent; one that has none keeps the whole function on "
        "TensorFlow, which TracedModel runs. So do shapes, axes and paddings that may be tensors: "
        "keras.ops takes Python's numbers for them. A new shape out of `tf.shape` alone goes to "
        "`dynamic_reshape` of the written module, and what puts such sizes together to its "
        "`dynamic_stack` and `dynamic_concat`. Matrices that `tf.matmul` turns before it "
        'multiplies go to its `matmul`. Types become texts (`"float32"`), which need no '
        "TensorFlow."
    ),
    numbers=(
        "The table holds what keras.ops computes equally. Which arguments it takes as tensors, and "
        "the static shapes that it gives then, are tested (tests/written/test_keras_ops.py). Of "
        "integers `tf.reduce_mean` gives an integer, `keras.ops.mean` a float, and sums of bytes "
        "are bytes in TensorFlow alone: where a file shows that a mean is taken of whole numbers "
        "(`tf.cast(x, tf.int32)`), or a sum of bytes, the function stays TensorFlow's."
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
    images = tf.image.resize_bicubic(images, [8, 8], align_corners=True)
    return tf.concat([images, images], 3)
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d


def net(images):
    images = conv2d(images, 4, 1, name='conv')
    images = tf.compat.v1.image.resize_bicubic(images, [8, 8], align_corners=True)
    return tf.concat([images, images], 3)
""",
            inputs=((1, 4, 4, 3),),
            title="a function without an equivalent keeps the whole function on TensorFlow",
        ),
        Example(
            title="paddings of Python's numbers",
            before="""
import tensorflow as tf
import tf_slim as slim

HALO = [[0, 0], [1, 2]]


def net(images, size=3):
    images = slim.conv2d(images, 4, 1, scope='conv')
    before = (size - 1) // 2
    sides = [before, size - 1 - before]
    images = tf.pad(images, [[0, 0], sides, sides, [0, 0]])
    return tf.pad(images, HALO + [[0, 0]] * 2, 'SYMMETRIC')
""",
            after="""
import keras

HALO = [[0, 0], [1, 2]]


def net(images, size=3):
    images = keras.layers.Conv2D(4, 1, padding="same", activation="relu", name="conv")(images)
    before = (size - 1) // 2
    sides = [before, size - 1 - before]
    images = keras.ops.pad(images, [[0, 0], sides, sides, [0, 0]])
    return keras.ops.pad(images, HALO + [[0, 0]] * 2, 'symmetric')
""",
            inputs=((1, 4, 4, 3),),
        ),
        Example(
            title="a tensor where keras.ops takes Python's numbers",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    images = slim.conv2d(images, 4, 1, scope='conv')
    paddings = tf.constant([[0, 0], [1, 1], [1, 1], [0, 0]])
    return tf.pad(images, paddings, mode='REFLECT')


def flat(images, order=tf.constant([0, 3, 1, 2])):
    images = slim.conv2d(images, 4, 1, scope='conv')
    return tf.transpose(images, order)
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d


def net(images):
    images = conv2d(images, 4, 1, name='conv')
    paddings = tf.constant([[0, 0], [1, 1], [1, 1], [0, 0]])
    return tf.pad(images, paddings, mode='REFLECT')


def flat(images, order=tf.constant([0, 3, 1, 2])):
    images = conv2d(images, 4, 1, name='conv')
    return tf.transpose(images, order)
""",
            inputs=((1, 4, 4, 3),),
        ),
        Example(
            title="TensorFlow 0.x's order",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    left = slim.conv2d(images, 4, 1, scope='left')
    both = tf.concat(3, [left, images])
    both = tf.concat(values=[both, images], concat_dim=3)
    return tf.concat(3, values=[tf.log(both), both])
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d


def net(images):
    left = conv2d(images, 4, 1, name='left')
    both = tf.concat([left, images], 3)
    both = tf.concat(values=[both, images], axis=3)
    return tf.concat(axis=3, values=[tf.math.log(both), both])
""",
        ),
    ),
)
