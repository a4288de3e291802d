"""TF 1 symbols in TF 2: which stay, which have a new name, which live on in tf.compat.v1."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from slimport.tf1_api import BEFORE_1, symbols

# TF 2 has another object of the name, yet calls with only these parameters mean the same. In order;
# a call with more positional arguments than stand before `*` does not qualify.
_SAME_CALLS = {
    "boolean_mask": "tensor mask * axis name",
    "cond": "* pred true_fn false_fn name",
    "constant": "value dtype shape name",
    "convert_to_tensor": "value dtype * name",
    "device": "name",
    "executing_eagerly": "",
    "expand_dims": "input axis name",
    "gather": "params indices * axis name",
    "gather_nd": "params indices * name",
    "ones_like": "tensor dtype * name",
    "pad": "tensor paddings mode * constant_values name",
    "reduce_all": "input_tensor axis keepdims name",
    "reduce_any": "input_tensor axis keepdims name",
    "reduce_logsumexp": "input_tensor axis keepdims name",
    "reduce_max": "input_tensor axis keepdims name",
    "reduce_mean": "input_tensor axis keepdims name",
    "reduce_min": "input_tensor axis keepdims name",
    "reduce_prod": "input_tensor axis keepdims name",
    "reduce_sum": "input_tensor axis keepdims name",
    "shape": "input * out_type name",
    "size": "input * out_type name",
    "squeeze": "input axis name",
    "transpose": "a perm * name",
    "where": "condition",
    "zeros_like": "tensor dtype * name",
    "argmax": "input axis * output_type name",
    "argmin": "input axis * output_type name",
    "nn.leaky_relu": "features alpha name",
    "nn.log_softmax": "logits axis name",
    "nn.relu6": "features name",
    "nn.sigmoid_cross_entropy_with_logits": "* labels logits name",
    "nn.softmax": "logits axis name",
    "nn.softplus": "features name",
    "nn.sparse_softmax_cross_entropy_with_logits": "* labels logits name",
    "nn.swish": "features",
}
# The same function behind another wrapper: any call means the same.
_SAME_FUNCTIONS = frozenset(
    """
    debugging.check_numerics linalg.diag linalg.diag_part linalg.matrix_transpose
    linalg.tensor_diag_part linalg.trace nn.sigmoid nn.tanh
    """.split()
)
# Of tf.math, these alone have other parameters in TF 2.
_OTHER_MATH = frozenset(
    f"math.{name}"
    for name in "argmax argmin bincount confusion_matrix count_nonzero in_top_k log_softmax "
    "scalar_mul softmax".split()
)


# Not TF 1's public API: TF 2's own names, and inner modules, which fail loudly where they moved.
_NOT_TF1 = ("compat.", "keras.", "python.", "core.")


# What took the place of packages that TensorFlow 1 had and 2.16 has not.
BY_HAND = "rewrite it by hand"
INSTEAD = {
    "estimator": "train with keras.Model.fit, which does what estimators did",
    "examples.tutorials.mnist": "load it with keras.datasets.mnist",
    "pywrap_tensorflow.NewCheckpointReader": "use tf.train.load_checkpoint",
}


@dataclass(frozen=True)
class Became:
    """Where a TF 1 symbol is now.

    Attributes:
        kind: "same", "renamed", "compat" or "unknown".
        name: dotted name under ``tensorflow`` (``compat.v1.`` included).
    """

    kind: str
    name: str


def became(name: str, call: ast.Call | None) -> Became:
    """What became of ``tf.<name>``, called like this (None: not called)."""
    table = symbols()
    if name in table["same"] or name.startswith((*_NOT_TF1, "__")):
        return Became("same", name)
    if name in table["renamed"]:
        # Where TF 1 had something else under the new name, a later reader would take it for that.
        now = became(table["renamed"][name], call)
        return Became("renamed", now.name) if now.kind != "compat" else _compat(name)
    if name in table["changed"]:
        if _means_the_same(name, call):
            return Became("same", name)
        return _compat(name)
    if name in table["gone"]:
        return _compat(name)
    owner, _, attribute = name.rpartition(".")
    if owner:  # a member of a class: tf.GraphKeys.UPDATE_OPS
        inner = became(owner, None)
        return Became(inner.kind, f"{inner.name}.{attribute}")
    return Became("unknown", name)


def _compat(name: str) -> Became:
    return Became("compat", f"compat.v1.{name}")


def instead_of(name: str) -> str:
    """What to do about ``tf.<name>``, which TensorFlow 2 has nowhere."""
    found = (text for start, text in INSTEAD.items() if f"{name}.".startswith(f"{start}."))
    return next(found, BY_HAND)


def only_in_tf1(name: str) -> bool:
    """Whether code that names the symbol was written for TF 1: TF 2 has none of that name."""
    table = symbols()
    if name.startswith(("layers.", "nn.rnn_cell.")):  # Keras 3 has none behind tf.compat.v1 either
        return True
    if name in BEFORE_1:
        return True
    return name in table["gone"] or (name in table["renamed"] and name.count(".") == 0)


def _means_the_same(name: str, call: ast.Call | None) -> bool:
    plain = name.removeprefix("math.")
    if plain in _SAME_CALLS:
        return _fits(plain, call)
    return name in _SAME_FUNCTIONS or (plain != name and name not in _OTHER_MATH)


def _fits(name: str, call: ast.Call | None) -> bool:
    if call is None:
        return False
    words = _SAME_CALLS.get(name, "").split()
    positional = words.index("*") if "*" in words else len(words)
    plain = not any(isinstance(argument, ast.Starred) for argument in call.args)
    keywords = all(keyword.arg in words for keyword in call.keywords)
    return plain and keywords and len(call.args) <= positional
