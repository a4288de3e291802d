"""Losses: means weighted as TF-Slim weighted them, kept in a collection."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from slimport.written.collections import (
    add_to_collection,
    get_collection,
    get_regularization_losses,
)
from slimport.written.graphs import _DEFAULT_GRAPH, current_layer_graph

__all__ = [
    "absolute_difference",
    "add_loss",
    "compute_weighted_loss",
    "cosine_distance",
    "get_losses",
    "get_total_loss",
    "hinge_loss",
    "log_loss",
    "mean_pairwise_squared_error",
    "mean_squared_error",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]


def add_loss(loss: Any, loss_collection: str | None = "losses") -> None:
    """Adds a loss to a collection.

    In eager code outside of a model it is kept nowhere: there each step would add it once more.
    """
    if not loss_collection:
        return
    tf.compat.v1.losses.add_loss(loss, loss_collection)  # that of a graph, also while tracing
    graph = current_layer_graph()
    if graph.tf_graph is None and graph is not _DEFAULT_GRAPH:
        add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: str = "losses") -> list[Any]:
    """Returns the losses that were added in this graph, or in this pass of a model.

    Args:
        scope: A regular expression that the losses' names are to start with.
        loss_collection: The collection.
    """
    if tf.executing_eagerly():
        return get_collection(loss_collection, scope)
    return list(tf.compat.v1.get_collection(loss_collection, scope))


def get_total_loss(
    add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None
) -> Any:
    """Returns the sum of the losses.

    Args:
        add_regularization_losses: Whether regularization losses are among them.
        name: Name of the operation.
        scope: A regular expression that the losses' names are to start with.
    """
    losses = get_losses(scope)
    if add_regularization_losses:
        losses += get_regularization_losses(scope)
    return tf.add_n(losses, name=name)


def compute_weighted_loss(losses: Any, weights: Any = 1.0, scope: Any = None) -> Any:
    """Returns the weighted mean of losses, and adds it to the collection of losses.

    Args:
        losses: A tensor of shape `[batch, d1, ...]`.
        weights: A number, or a tensor of the shape of the first dimensions of `losses`. The losses
            are summed over the other dimensions, and divided by the number of elements whose
            weight is not zero.
        scope: Name scope of the operations.

    Returns:
        A scalar; 0 if all weights are zero.

    Raises:
        ValueError: If the rank of one is unknown, or weights have more dimensions than losses.
    """
    with tf.compat.v1.name_scope(scope, "weighted_loss"):
        losses = tf.convert_to_tensor(losses)
        dtype, losses = losses.dtype, tf.cast(losses, tf.float32)
        weights = tf.cast(tf.convert_to_tensor(weights), tf.float32)
        _check_rank(losses, "losses")
        _check_rank(weights, "weights")
        if weights.shape.rank > 1 and weights.shape[-1] in (1, None):
            weights = tf.squeeze(weights, [-1])
        present = tf.reduce_sum(_present_by_example(losses, weights))
        mean = tf.math.divide_no_nan(_weighted_sum(losses, weights), present, name="value")
        mean = tf.cast(mean, dtype)
        add_loss(mean)
        return mean


def absolute_difference(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: Any = None
) -> Any:
    """Adds the mean absolute difference; see `compute_weighted_loss`."""
    with tf.compat.v1.name_scope(scope, "absolute_difference") as scope:
        predictions, labels = _as_floats(predictions, labels)
        return compute_weighted_loss(tf.abs(predictions - labels), weights, scope)


def mean_squared_error(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: Any = None
) -> Any:
    """Adds the mean squared difference; see `compute_weighted_loss`."""
    with tf.compat.v1.name_scope(scope, "mean_squared_error") as scope:
        predictions, labels = _as_floats(predictions, labels)
        difference = tf.math.squared_difference(predictions, labels)
        return compute_weighted_loss(difference, weights, scope)


def log_loss(
    predictions: Any,
    labels: Any = None,
    weights: Any = 1.0,
    epsilon: float = 1e-7,
    scope: Any = None,
) -> Any:
    """Adds the cross entropy of probabilities and labels; see `compute_weighted_loss`."""
    with tf.compat.v1.name_scope(scope, "log_loss") as scope:
        predictions, labels = _as_floats(predictions, labels)
        of_ones = labels * tf.math.log(predictions + epsilon)
        of_zeros = (1 - labels) * tf.math.log(1 - predictions + epsilon)
        return compute_weighted_loss(-of_ones - of_zeros, weights, scope)


def cosine_distance(
    predictions: Any,
    labels: Any = None,
    axis: int | None = None,
    weights: Any = 1.0,
    scope: Any = None,
    dim: int | None = None,
) -> Any:
    """Adds one minus the cosine of vectors of length one; see `compute_weighted_loss`.

    Args:
        predictions: Vectors of length one.
        labels: Vectors of length one.
        axis: The dimension of the vectors; `dim` is its old name.
        weights: Weights of the vectors.
        scope: Name scope of the operations.
        dim: The old name of `axis`.
    """
    if (axis is None) == (dim is None):
        raise ValueError("You must specify 'axis'.")
    with tf.compat.v1.name_scope(scope, "cosine_distance_loss") as scope:
        predictions, labels = _as_floats(predictions, labels)
        cosine = tf.reduce_sum(predictions * labels, [dim if axis is None else axis])
        return compute_weighted_loss(1 - cosine, weights, scope)


def hinge_loss(logits: Any, labels: Any = None, scope: Any = None) -> Any:
    """Returns `max(0, 1 - logits)` where the label is 1, `max(0, 1 + logits)` where it is 0.

    The losses are those of all elements, and are in no collection.
    """
    with tf.compat.v1.name_scope(scope, "hinge_loss"):
        logits = tf.convert_to_tensor(logits)
        labels = tf.cast(labels, tf.float32)
        logits.shape.assert_is_compatible_with(labels.shape)
        return tf.nn.relu(1 - (2 * labels - 1) * logits)


def mean_pairwise_squared_error(
    predictions: Any, labels: Any = None, weights: Any = 1.0, scope: Any = None
) -> Any:
    """Adds the squared error between the differences of elements, for all pairs in an example.

    Args:
        predictions: A tensor of shape `[batch, d1, ...]`.
        labels: A tensor of the same shape.
        weights: A number, or weights by example.
        scope: Name scope of the operations.

    Returns:
        The sum over the examples; 0 if all weights are zero.
    """
    with tf.compat.v1.name_scope(scope, "mean_pairwise_squared_error"):
        predictions, labels = _as_floats(predictions, labels)
        weights = tf.cast(tf.convert_to_tensor(weights), tf.float32)
        differences = predictions - labels
        _check_rank(differences, "diffs")
        _check_rank(weights, "weights")
        axes = list(range(1, differences.shape.rank))
        present = _present_by_example(differences, weights)
        squares = tf.reduce_sum(tf.square(differences), axes)
        square_of_sum = tf.square(tf.reduce_sum(differences, axes))
        by_example = 2.0 * tf.math.divide_no_nan(squares, present, name="value")
        by_example -= 2.0 * tf.math.divide_no_nan(square_of_sum, tf.square(present), name="value")
        loss = _weighted_sum(by_example, weights)
        loss = tf.where(tf.reduce_sum(present) > 0, loss, tf.zeros_like(loss), name="value")
        add_loss(loss)
        return loss


def sigmoid_cross_entropy(
    logits: Any,
    multi_class_labels: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: Any = None,
) -> Any:
    """Adds the cross entropy of independent classes; see `compute_weighted_loss`.

    Args:
        logits: Logits of shape `[batch, classes]`.
        multi_class_labels: Labels from 0 to 1, of the same shape.
        weights: A number, or weights by example or by element.
        label_smoothing: The share of a label that is replaced by one half.
        scope: Name scope of the operations.
    """
    with tf.compat.v1.name_scope(scope, "sigmoid_cross_entropy_loss") as scope:
        logits, labels = _of_one_dtype(logits, multi_class_labels)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope)


def softmax_cross_entropy(
    logits: Any,
    onehot_labels: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: Any = None,
) -> Any:
    """Adds the cross entropy of classes that exclude each other; see `compute_weighted_loss`.

    Args:
        logits: Logits of shape `[batch, classes]`.
        onehot_labels: Distributions of the same shape. No gradient flows into them.
        weights: A number, or weights by example.
        label_smoothing: The share of a label that is spread over all classes.
        scope: Name scope of the operations.
    """
    with tf.compat.v1.name_scope(scope, "softmax_cross_entropy_loss") as scope:
        logits, labels = _of_one_dtype(logits, onehot_labels)
        if label_smoothing > 0:
            classes = tf.cast(tf.shape(labels)[1], logits.dtype)
            labels = labels * (1.0 - label_smoothing) + label_smoothing / classes
        losses = tf.compat.v1.nn.softmax_cross_entropy_with_logits(
            labels=labels, logits=logits, name="xentropy"
        )
        return compute_weighted_loss(losses, weights, scope)


def sparse_softmax_cross_entropy(
    logits: Any, labels: Any, weights: Any = 1.0, scope: Any = None
) -> Any:
    """Adds the cross entropy of classes by number; see `compute_weighted_loss`."""
    with tf.compat.v1.name_scope(scope, "sparse_softmax_cross_entropy_loss") as scope:
        labels = tf.reshape(labels, [tf.shape(labels)[0]])
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope)


def _as_floats(predictions: Any, labels: Any) -> tuple[Any, Any]:
    """Both as float32, after their shapes are compared."""
    predictions = tf.cast(predictions, tf.float32)
    labels = tf.cast(labels, tf.float32)
    predictions.shape.assert_is_compatible_with(labels.shape)
    return predictions, labels


def _of_one_dtype(logits: Any, labels: Any) -> tuple[Any, Any]:
    logits = tf.convert_to_tensor(logits)
    labels = tf.cast(labels, logits.dtype)
    logits.shape.assert_is_compatible_with(labels.shape)
    return logits, labels


def _check_rank(tensor: Any, name: str) -> None:
    if tensor.shape.rank is None:
        raise ValueError(f"{name}.get_shape().ndims cannot be None")


def _weighted_sum(losses: Any, weights: Any) -> Any:
    """Sums losses down to the rank of the weights before they are weighted."""
    axes = list(range(weights.shape.rank, losses.shape.rank))
    return tf.reduce_sum(tf.reduce_sum(losses, axes) * weights)


def _present_by_example(losses: Any, weights: Any) -> Any:
    """The number of elements of each example whose weight is not zero."""
    rank, shape = weights.shape.rank, tf.shape(losses)
    if rank > losses.shape.rank:
        raise ValueError(f"weights of rank {rank} for losses of rank {losses.shape.rank}")
    size = tf.cast(tf.reduce_prod(shape[max(rank, 1) :]), tf.float32)
    is_present = tf.cast(tf.not_equal(weights, 0), tf.float32)
    if rank == 0:
        return tf.fill(shape[:1], is_present * size)
    return tf.reduce_sum(is_present, list(range(1, rank))) * size
