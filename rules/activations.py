"""Activations that are passed on: tf.nn.relu as a value."""

import ast

from slimport.index.program import Function, Reference
from slimport.index.walking import all_of
from slimport.rewrite.rule import Example, Outcome
from slimport.rewrite.site import FileFacts, ValueSite
from slimport.rewrite.tensors import TensorRule


class _ActivationRule(TensorRule):
    """As a value it may reach a Keras layer, so wherever a file builds layers it becomes Keras'."""

    def value(self, site: ValueSite) -> Outcome:
        if not site.file.builds_file() or _has_options(site.reference):
            return site.file.tf1(site)
        name = "silu" if site.short == "swish" else site.short
        return site.file.keras(f"ops.{name}")

    def keeps(self, reference: Reference, function: Function, file: FileFacts) -> bool:
        return reference.call is not None and super().keeps(reference, function, file)

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        if _has_options(reference):
            return f"{reference.api.name} is passed on with options of its own"
        return super().blocks_keras_tensors(reference)

    def names_function(self, api: str) -> bool:
        return True


def _has_options(reference: Reference) -> bool:
    """``functools.partial(tf.nn.leaky_relu, alpha=0.1)``: Keras' functions name them otherwise."""
    if reference.call is not None:
        return False
    return any(
        bool(call.keywords) and reference.node in call.args
        and ast.unparse(call.func).rpartition(".")[2] == "partial"
        for call in all_of(reference.scope.node, ast.Call)
    )  # fmt: skip


ACTIVATIONS = _ActivationRule(
    code="SLIM301",
    name="activations",
    summary="tf.nn.relu and family -> keras.ops, or its name as a layer's argument",
    table={
        "tf.nn.relu": ("relu", "features name"),
        "tf.nn.relu6": ("relu6", "features name"),
        "tf.nn.elu": ("elu", "features name"),
        "tf.nn.selu": ("selu", "features name"),
        "tf.nn.softplus": ("softplus", "features name"),
        "tf.nn.softsign": ("softsign", "features name"),
        "tf.nn.swish": ("silu", "features name"),
        "tf.nn.leaky_relu": ("leaky_relu", "features alpha=negative_slope name"),
        "tf.nn.sigmoid": ("sigmoid", "x name"),
        "tf.sigmoid": ("sigmoid", "x name"),
        "tf.nn.tanh": ("tanh", "x name"),
        "tf.tanh": ("tanh", "x name"),
        "tf.math.sigmoid": ("sigmoid", "x name"),
        "tf.math.tanh": ("tanh", "x name"),
        "tf.nn.softmax": ("softmax", "logits axis name"),
        "tf.nn.log_softmax": ("log_softmax", "logits axis name"),
    },
    no_tensors={
        "tf.nn.leaky_relu": "alpha",
        "tf.nn.log_softmax": "axis",
        "tf.nn.softmax": "axis",
    },
    numbers="The same TensorFlow operation on both sides.",
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, activation_fn=tf.nn.relu6):
    images = slim.conv2d(images, 4, 1, activation_fn=None, scope='conv')
    return tf.nn.sigmoid(activation_fn(images))
""",
            after="""
import keras


def net(images, activation_fn=keras.ops.relu6):
    images = keras.layers.Conv2D(4, 1, padding="same", name="conv")(images)
    return keras.ops.sigmoid(activation_fn(images))
""",
            inputs=((1, 4, 4, 3),),
        ),
    ),
)
