"""Losses of TensorFlow 1 that Keras has: which statement computes one, and from what."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from slimport.index.blocks import argument, call_of, references_in
from slimport.index.program import Function

# The parameters for what is compared, and those that Keras' loss has under the same name.
_LOSSES = {
    "absolute_difference": ("predictions", "labels", ()),
    "huber_loss": ("predictions", "labels", ("delta",)),
    "mean_squared_error": ("predictions", "labels", ()),
    "sigmoid_cross_entropy": ("logits", "multi_class_labels", ("label_smoothing",)),
    "softmax_cross_entropy": ("logits", "onehot_labels", ("label_smoothing",)),
    "sparse_softmax_cross_entropy": ("logits", "labels", ()),
}
_ONLY_IN_TF = "huber_loss"


@dataclass(frozen=True)
class Loss:
    """One call of a loss, the mean over a batch.

    Attributes:
        name: Its name in ``tf.losses``.
        call: The call.
        predictions: The name of the network's output.
        labels: What it is compared with.
        options: Other arguments.
    """

    name: str
    call: ast.Call
    predictions: str
    labels: ast.expr
    options: Mapping[str, ast.expr]


def loss_of(statement: ast.stmt, function: Function) -> Loss | None:
    """The loss that a statement computes, `None` where Keras has no equal.

    Both compute the same mean: ``tf.losses`` over the elements of a weight that is not zero (1
    here), ``slim.losses`` likewise, Keras over the last axis and then the others.
    """
    call = call_of(statement)
    found = [r for r in references_in(statement, function) if r.call is call]
    if call is None or len(found) != 1 or len(call.args) > 2 or isinstance(statement, ast.Return):
        return None
    owner, _, name = found[0].api.name.rpartition(".")
    is_slim = owner == "slim.losses"
    if name not in _LOSSES or (is_slim and name == _ONLY_IN_TF):
        return None
    if not is_slim and owner != "tf.losses":
        return None
    predictions, labels, options = _LOSSES[name]
    order = (predictions, labels) if is_slim else (labels, predictions)
    output, target = (argument(call, order.index(n), n) for n in (predictions, labels))
    more = {k.arg: k.value for k in call.keywords if k.arg not in (*order, "scope")}
    if not isinstance(output, ast.Name) or target is None or not more.keys() <= set(options):
        return None
    return Loss(name, call, output.id, target, {str(k): value for k, value in more.items()})
