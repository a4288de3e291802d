"""Metrics: what slim.metrics has besides TensorFlow's own."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

__all__ = ["accuracy", "aggregate_metric_map", "aggregate_metrics", "streaming_recall_at_k"]


def accuracy(predictions: Any, labels: Any, weights: Any = None, name: str | None = None) -> Any:
    """Returns the share of predictions that equal their labels, in this batch alone.

    Args:
        predictions: Classes, of the dtype of `labels`.
        labels: Integers, booleans or texts.
        weights: Weights of the predictions.
        name: Name scope of the operations.

    Raises:
        ValueError: If the labels are of another dtype.
    """
    if not (labels.dtype.is_integer or labels.dtype in (tf.bool, tf.string)):
        raise ValueError(f"Labels should have bool, integer, or string dtype, not {labels.dtype}")
    if not labels.dtype.is_compatible_with(predictions.dtype):
        raise ValueError(f"predictions are {predictions.dtype}, but labels are {labels.dtype}")
    with tf.compat.v1.name_scope(name, "accuracy"):
        is_correct = tf.cast(tf.equal(predictions, labels), tf.float32)
        if weights is None:
            return tf.reduce_mean(is_correct)
        is_correct *= weights
        total = tf.reduce_sum(weights * tf.ones_like(is_correct))
        return tf.divide(tf.reduce_sum(is_correct), total, name="div")


def streaming_recall_at_k(
    predictions: Any,
    labels: Any,
    k: int,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """Makes a metric of a TF 1 graph: how often the label is among the `k` greatest predictions.

    A prediction that equals the k-th greatest is among them: that is where
    `tf.compat.v1.metrics.recall_at_k` differs.

    Args:
        predictions: Scores of shape `[batch, classes]`.
        labels: Class numbers of shape `[batch]`.
        k: How many predictions count.
        weights: Weights by example.
        metrics_collections: Collections to add the metric to.
        updates_collections: Collections to add the update to.
        name: Variable scope of the metric's local variables.

    Returns:
        The metric, and the operation that updates it.
    """
    is_among = tf.cast(tf.math.in_top_k(labels, predictions, k), tf.float32)
    value, update = tf.compat.v1.metrics.mean(
        is_among, weights, metrics_collections, updates_collections, name or f"recall_at_{k}"
    )
    return value, update


def aggregate_metrics(*value_update_tuples: Any) -> tuple[list[Any], list[Any]]:
    """Takes pairs of a metric and its update apart.

    Returns:
        The metrics, and the updates.

    Raises:
        ValueError: If there is no pair.
    """
    if not value_update_tuples:
        raise ValueError("Expected at least one value_tensor/update_op pair")
    values, updates = zip(*value_update_tuples, strict=True)
    return list(values), list(updates)


def aggregate_metric_map(names_to_tuples: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Takes pairs of a metric and its update apart, by name; see `aggregate_metrics`."""
    values, updates = aggregate_metrics(*names_to_tuples.values())
    names = list(names_to_tuples)
    return dict(zip(names, values, strict=True)), dict(zip(names, updates, strict=True))
