"""Streaming metrics whose numbers a class of keras.metrics gives, and what they are given."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from slimport.index.program import Function, bind
from slimport.index.walking import walk

# The parameters that slim has in another order than tf.metrics.
_OF_SLIM, _OF_TF = ("predictions", "labels"), ("labels", "predictions")
_TAIL = ("metrics_collections", "updates_collections", "name")
_HOMES = ("slim.metrics.streaming_", "tf.contrib.metrics.streaming_", "tf.metrics.")
METRIC_APIS = ("slim.metrics.", "tf.contrib.metrics.", "tf.metrics.")
_COUNTS = ("false_negatives", "false_positives", "true_negatives", "true_positives")


@dataclass(frozen=True)
class Kind:
    """How a metric is written with Keras.

    Attributes:
        written: The class: `keras.metrics...`, or a name of the written module.
        parameters: What slim's function takes, from the labels and predictions (or values) on.
        config: Parameters that are arguments of the class.
        predictions: What these are compared as: "bool", "labels" (in their dtype) or "".
    """

    written: str
    parameters: tuple[str, ...]
    config: tuple[str, ...] = ()
    predictions: str = ""


def _of_pair(written: str, predictions: str = "") -> Kind:
    return Kind(written, (*_OF_SLIM, "weights", *_TAIL), (), predictions)


_KINDS = {
    "accuracy": _of_pair("keras.metrics.Accuracy", "labels"),
    "mean": Kind("keras.metrics.Mean", ("values", "weights", *_TAIL)),
    "mean_absolute_error": _of_pair("keras.metrics.MeanAbsoluteError"),
    "mean_squared_error": _of_pair("keras.metrics.MeanSquaredError"),
    "root_mean_squared_error": _of_pair("keras.metrics.RootMeanSquaredError"),
    "precision": _of_pair("keras.metrics.Precision", "bool"),
    "recall": _of_pair("keras.metrics.Recall", "bool"),
    **{
        name: _of_pair(f"keras.metrics.{name.title().replace('_', '')}", "bool")
        for name in _COUNTS
    },
    "mean_iou": Kind(
        "StreamingMeanIoU", (*_OF_SLIM, "num_classes", "weights", *_TAIL), ("num_classes",)
    ),
    "mean_per_class_accuracy": Kind(
        "StreamingMeanPerClassAccuracy",
        (*_OF_SLIM, "num_classes", "weights", *_TAIL),
        ("num_classes",),
    ),
    "recall_at_k": Kind(
        "keras.metrics.SparseTopKCategoricalAccuracy",
        (*_OF_SLIM, "k", "weights", *_TAIL),
        ("k",),
    ),
    "sparse_recall_at_k": Kind(
        "StreamingRecallAtK",
        (*_OF_SLIM, "k", "class_id", "weights", *_TAIL),
        ("k",),
    ),
    "auc": Kind(
        "StreamingAUC",
        (*_OF_SLIM, "weights", "num_thresholds", *_TAIL[:2], "curve", "name"),
        ("num_thresholds", "curve"),
    ),
}  # fmt: skip
# Slim's function of this name is another one, which counts ties.
_SPARSE = {"tf.metrics.recall_at_k": "sparse_recall_at_k"}


@dataclass(frozen=True, eq=False)
class MetricCall:
    """A call that makes a streaming metric.

    Attributes:
        api: Its canonical name.
        call: The call.
        kind: What it becomes.
        given: Its arguments by the names of parameters.
        compares: What its predictions are cast to: "bool", "labels" or "".
    """

    api: str
    call: ast.Call
    kind: Kind
    given: Mapping[str, ast.expr]
    compares: str

    @property
    def parameters(self) -> tuple[str, ...]:
        """Its parameters in order."""
        return _parameters(self.api, self.kind)


def metric_call(node: ast.expr, function: Function) -> MetricCall | None:
    """The metric that an expression makes, if Keras has one with the same numbers."""
    reference = next((r for r in function.references if r.call is node), None)
    if reference is None or not isinstance(node, ast.Call) or reference.api.doubt:
        return None
    api = reference.api.name
    kind = _kind(api)
    if kind is None:
        return None
    given = bind(node, _parameters(api, kind))
    if given is None or any(not _is_none(given.get(name)) for name in (*_TAIL[:2], "class_id")):
        return None
    if not {*kind.config} - {"curve", "num_thresholds"} <= given.keys():
        return None
    curve = given.get("curve")
    if curve is not None and getattr(curve, "value", None) not in ("ROC", "PR"):
        return None
    needed = ("values",) if "values" in kind.parameters else _OF_SLIM
    if not {*needed} <= given.keys():
        return None
    compares = kind.predictions
    if compares == "labels":
        compares = "" if _is_integer(given["predictions"], function) else "labels"
        if compares and not isinstance(given["labels"], ast.Name):
            return None  # they are named once more
    return MetricCall(api, node, kind, given, compares)


def _kind(api: str) -> Kind | None:
    home = next((home for home in _HOMES if api.startswith(home)), None)
    return _KINDS.get(_SPARSE.get(api, api.removeprefix(home))) if home is not None else None


def _parameters(api: str, kind: Kind) -> tuple[str, ...]:
    if not api.startswith("tf.metrics.") or kind.parameters[:2] != _OF_SLIM:
        return kind.parameters
    return (*_OF_TF, *kind.parameters[2:])


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _is_integer(node: ast.expr, function: Function) -> bool:
    """Whether an expression is the number of a class, as far as the function's code tells."""
    if isinstance(node, ast.Name):
        values = list(_values_of(node.id, function))
        return bool(values) and all(v is not None and _is_argmax(v, function) for v in values)
    return _is_argmax(node, function)


def _is_argmax(node: ast.expr, function: Function) -> bool:
    found = (r.api.name for r in function.references if r.call is node)
    return next(found, "") in ("tf.argmax", "tf.arg_max", "tf.math.argmax", "tf.to_int64")


def _values_of(name: str, function: Function) -> Iterator[ast.expr | None]:
    """What a name is assigned, `None` where that is not a plain assignment."""
    plain = [
        node
        for node in walk(function.node)
        if isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == name
    ]
    stores = [
        node
        for node in walk(function.node)
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
    ]
    yield from (node.value for node in plain)
    if len(stores) != len(plain):
        yield None
