"""TF 1 symbols in TF 2: which stay, which have a new name, which live on in tf.compat.v1."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from slimport.tf1_api import BEFORE_1, symbols

# TF 2 has another object of the name, yet calls with only these parameters mean the same. In order;
# a call with more positional arguments than stand before `*` does not qualify. `dim=axis` is a
# parameter that TF 2 calls axis. Checked with both installed: tests/rewrite/test_tf1_keywords.py.
_REDUCE = "input_tensor axis keepdims name * reduction_indices=axis keep_dims=keepdims"
_SAME_CALLS = {
    "boolean_mask": "tensor mask * axis name",
    "cond": "* pred true_fn false_fn name",
    "constant": "value dtype shape name",
    "convert_to_tensor": "value dtype * name",
    "device": "device_name_or_function=device_name",
    "executing_eagerly": "",
    "expand_dims": "input axis name * dim=axis",
    "gather": "params indices * axis name",
    "gather_nd": "params indices * name",
    "ones_like": "tensor=input dtype * name",
    "norm": "tensor ord axis keepdims name * keep_dims=keepdims",
    "linalg.norm": "tensor ord axis keepdims name * keep_dims=keepdims",
    "pad": "tensor paddings mode * constant_values name",
    "reduce_all": _REDUCE,
    "reduce_any": _REDUCE,
    "reduce_logsumexp": _REDUCE,
    "reduce_max": _REDUCE,
    "reduce_mean": _REDUCE,
    "reduce_min": _REDUCE,
    "reduce_prod": _REDUCE,
    "reduce_sum": _REDUCE,
    "reverse_sequence": "input seq_lengths seq_axis batch_axis name * seq_dim=seq_axis "
    "batch_dim=batch_axis",
    "shape": "input * out_type name",
    "size": "input * out_type name",
    "squeeze": "input axis name * squeeze_dims=axis",
    "transpose": "a perm * name",
    "where": "condition",
    "zeros_like": "tensor=input dtype * name",
    "argmax": "input axis * output_type name dimension=axis",
    "argmin": "input axis * output_type name dimension=axis",
    "nn.leaky_relu": "features alpha name",
    "nn.conv2d": "input filter=filters strides padding * data_format dilations name",
    "nn.log_softmax": "logits axis name * dim=axis",
    "nn.moments": "x axes shift * name keep_dims=keepdims",
    "nn.relu6": "features name",
    "nn.sigmoid_cross_entropy_with_logits": "* labels logits name",
    "nn.softmax": "logits axis name * dim=axis",
    "nn.softplus": "features name",
    "nn.sparse_softmax_cross_entropy_with_logits": "* labels logits name",
    "nn.swish": "features",
}
# What TF 2 has under another name and with other keywords, besides what the table knows as the very
# same object: TF 1's wrapper of each hands its arguments on (tensorflow/python/lib/io/file_io.py).
_MOVED = {
    "gfile.Copy": ("io.gfile.copy", "oldpath=src newpath=dst overwrite"),
    "gfile.DeleteRecursively": ("io.gfile.rmtree", "dirname=path"),
    "gfile.Exists": ("io.gfile.exists", "filename=path"),
    "gfile.Glob": ("io.gfile.glob", "filename=pattern"),
    "gfile.IsDirectory": ("io.gfile.isdir", "dirname=path"),
    "gfile.ListDirectory": ("io.gfile.listdir", "dirname=path"),
    "gfile.MakeDirs": ("io.gfile.makedirs", "dirname=path"),
    "gfile.MkDir": ("io.gfile.mkdir", "dirname=path"),
    "gfile.Remove": ("io.gfile.remove", "filename=path"),
    "gfile.Rename": ("io.gfile.rename", "oldname=src newname=dst overwrite"),
    "gfile.Stat": ("io.gfile.stat", "filename=path"),
    "gfile.Walk": ("io.gfile.walk", "top in_order=topdown"),
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

# Modules that no TensorFlow 2 has, though it has some of their symbols elsewhere.
_NO_MODULES = ("gfile.", "manip.", "python_io.", "spectral.")


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
        kind: "same", "renamed" (the symbol, or parameters of this call), "compat" or "unknown".
        name: dotted name under ``tensorflow`` (``compat.v1.`` included).
        keywords: the call's keywords that are called otherwise now, and how.
    """

    kind: str
    name: str
    keywords: Mapping[str, str] = field(default_factory=dict)


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
        keywords = _means_the_same(name, call)
        if keywords is None:
            return _compat(name)
        return Became("renamed" if keywords else "same", name, keywords)
    if name in table["gone"]:
        keywords = _means_the_same(name, call)
        if name in _MOVED and keywords is not None:
            return Became("renamed", _MOVED[name][0], keywords)
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
    is_renamed = name in table["renamed"]
    return name in table["gone"] or (
        is_renamed and ("." not in name or name.startswith(_NO_MODULES))
    )


def _means_the_same(name: str, call: ast.Call | None) -> dict[str, str] | None:
    """The keywords to rename in a call that means the same in TF 2; None for any other."""
    plain = name.removeprefix("math.")
    if plain in _SAME_CALLS or name in _MOVED:
        return _renamed_keywords(plain, call)
    same = name in _SAME_FUNCTIONS or (plain != name and name not in _OTHER_MATH)
    return {} if same else None


def _renamed_keywords(name: str, call: ast.Call | None) -> dict[str, str] | None:
    if call is None or any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    in_order, by_keyword = _parameters(name)
    now = [by_keyword.get(keyword.arg or "") for keyword in call.keywords]
    given = [*in_order[: len(call.args)], *now]
    if len(call.args) > len(in_order) or len(set(given)) < len(given):
        return None  # TF 1 refuses a parameter that is given by both of its names
    pairs = zip(call.keywords, now, strict=True)
    if None in now:
        return None
    return {old.arg: new for old, new in pairs if old.arg and new and old.arg != new}


@cache
def _parameters(name: str) -> tuple[list[str], dict[str, str]]:
    """TF 2's names of the parameters that may stand in order, and of each of TF 1's."""
    words = (_MOVED[name][1] if name in _MOVED else _SAME_CALLS[name]).split()
    pairs = [(old, new or old) for old, _, new in (word.partition("=") for word in words)]
    in_order = [new for _, new in pairs[: words.index("*") if "*" in words else None]]
    # Code that has been rewritten is read again.
    return in_order, {new: new for _, new in pairs} | dict(pairs)
