# mypy: allow-subclassing-any
"""Metrics over many batches that count as `tf.metrics` did, where Keras' own count otherwise."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

__all__ = [
    "StreamingAUC",
    "StreamingMeanIoU",
    "StreamingMeanPerClassAccuracy",
    "StreamingRecallAtK",
]


class StreamingMeanIoU(keras.metrics.Metric):
    """Intersection over union, the mean of the classes that labels or predictions have.

    A class out of range is an error; `keras.metrics.MeanIoU` leaves it out, and counts in integers.

    Args:
        num_classes: How many classes there are.
        name: The metric's name.
        dtype: The dtype of the result.
    """

    def __init__(self, num_classes: int, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        shape = (num_classes, num_classes)
        self._counts = self.add_weight(shape, "zeros", "float64", name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Counts predictions, by their classes and the labels'."""
        places = [tf.cast(tf.reshape(classes, [-1]), tf.int64) for classes in (y_true, y_pred)]
        counted = _weights(places[0], sample_weight, tf.float64)
        matrix = tf.scatter_nd(tf.stack(places, 1), counted, tf.cast(self._counts.shape, tf.int64))
        self._counts.assign_add(matrix)

    def result(self) -> Any:
        """The mean; 0 before there is any class."""
        counts = tf.convert_to_tensor(self._counts)
        both = tf.linalg.diag_part(counts)
        either = tf.reduce_sum(counts, 0) + tf.reduce_sum(counts, 1) - both
        present = tf.math.count_nonzero(either > 0, dtype=tf.float64)
        shares = tf.math.divide_no_nan(both, either)
        return tf.cast(tf.math.divide_no_nan(tf.reduce_sum(shares), present), self.dtype)


class StreamingMeanPerClassAccuracy(keras.metrics.Metric):
    """The share of right predictions in each class, and the mean of all; 0 for a class without any.

    Args:
        num_classes: How many classes there are.
        name: The metric's name.
        dtype: The dtype of the result.
    """

    def __init__(self, num_classes: int, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self._total = self.add_weight((num_classes,), "zeros", "float64", name="total")
        self._right = self.add_weight((num_classes,), "zeros", "float64", name="count")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Counts labels, and those that were predicted."""
        labels = tf.cast(tf.reshape(y_true, [-1]), tf.int64)
        is_right = tf.equal(labels, tf.cast(tf.reshape(y_pred, [-1]), tf.int64))
        counted = _weights(labels, sample_weight, tf.float64)
        for variable, values in (
            (self._total, counted),
            (self._right, counted * tf.cast(is_right, tf.float64)),
        ):
            shape = tf.cast(variable.shape, tf.int64)
            variable.assign_add(tf.scatter_nd(labels[:, tf.newaxis], values, shape))

    def result(self) -> Any:
        """The mean."""
        total, right = map(tf.convert_to_tensor, (self._total, self._right))
        return tf.cast(tf.reduce_mean(tf.math.divide_no_nan(right, total)), self.dtype)


class StreamingRecallAtK(keras.metrics.Metric):
    """The share of labels that are among the classes of the `k` greatest scores.

    A row may have several labels; one that it has twice counts once. Of classes with one score the
    first are among them: that is where `keras.metrics.SparseTopKCategoricalAccuracy` differs.

    Args:
        k: How many scores count.
        name: The metric's name.
        dtype: The dtype of the result.
    """

    takes_rows = True

    def __init__(self, k: int, name: str | None = None, dtype: Any = "float64") -> None:
        super().__init__(name=name, dtype=dtype)
        self._k = k
        self._found = self.add_weight((), "zeros", "float64", name="true_positive")
        self._missed = self.add_weight((), "zeros", "float64", name="false_negative")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Counts the labels that are found, and those that are not.

        Args:
            y_true: Numbers of classes, `[..., labels]` or `[...]`.
            y_pred: Scores, `[..., classes]`.
            sample_weight: Weights of the rows.
        """
        best = tf.math.top_k(y_pred, self._k).indices
        rows = tf.reshape(best, [-1, 1, self._k])
        labels = tf.reshape(tf.cast(y_true, tf.int32), [tf.shape(rows)[0], -1])
        same = tf.equal(labels[:, :, tf.newaxis], labels[:, tf.newaxis, :])
        earlier = tf.linalg.band_part(tf.cast(same, tf.int32), -1, 0)
        is_first = tf.reduce_sum(earlier, -1) == 1  # itself alone
        is_found = tf.reduce_any(tf.equal(labels[:, :, tf.newaxis], rows), -1)
        weights = _weights(labels[:, 0], sample_weight, tf.float64)
        for variable, counts in (
            (self._found, is_first & is_found),
            (self._missed, is_first & ~is_found),
        ):
            number = tf.math.count_nonzero(counts, -1, dtype=tf.float64)
            variable.assign_add(tf.reduce_sum(number * weights))

    def result(self) -> Any:
        """The share."""
        found = tf.convert_to_tensor(self._found)
        return tf.cast(found / (found + self._missed), self.dtype)


class StreamingAUC(keras.metrics.Metric):
    """The area under a curve, by trapezoids, with the thresholds and margins of `tf.metrics.auc`.

    `keras.metrics.AUC` has no margins: without any positive or negative label it is 0.

    Args:
        num_thresholds: How many thresholds there are.
        curve: `"ROC"` or `"PR"`.
        name: The metric's name.
        dtype: The dtype of the result.

    Raises:
        ValueError: If there is no such curve.
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if curve not in ("ROC", "PR"):
            raise ValueError(f"curve must be either ROC or PR, {curve} unknown")
        self._curve = curve
        inner = [(place + 1) * 1.0 / (num_thresholds - 1) for place in range(num_thresholds - 2)]
        self._thresholds = tf.constant([[t] for t in (-1e-7, *inner, 1.0 + 1e-7)])
        self._true = self.add_weight((num_thresholds,), "zeros", name="true_positives")
        self._false = self.add_weight((num_thresholds,), "zeros", name="false_positives")
        self._positives = self.add_weight((), "zeros", name="positives")
        self._negatives = self.add_weight((), "zeros", name="negatives")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Counts the predictions above each threshold.

        Raises:
            tf.errors.InvalidArgumentError: If a prediction is not between 0 and 1.
        """
        scores = tf.cast(tf.reshape(y_pred, [-1]), tf.float32)
        in_range = tf.reduce_all((scores >= 0.0) & (scores <= 1.0))
        with tf.control_dependencies([tf.debugging.Assert(in_range, ["predictions in [0, 1]"])]):
            is_above = tf.cast(scores > self._thresholds, tf.float32)
        counted = _weights(scores, sample_weight, tf.float32)
        positive = counted * tf.cast(tf.cast(tf.reshape(y_true, [-1]), tf.bool), tf.float32)
        negative = counted - positive
        self._true.assign_add(tf.linalg.matvec(is_above, positive))
        self._false.assign_add(tf.linalg.matvec(is_above, negative))
        self._positives.assign_add(tf.reduce_sum(positive))
        self._negatives.assign_add(tf.reduce_sum(negative))

    def result(self) -> Any:
        """The area."""
        margin = 1e-6
        true, false = map(tf.convert_to_tensor, (self._true, self._false))
        recall = (true + margin) / (self._positives + margin)
        if self._curve == "ROC":
            x, y = false / (self._negatives + margin), recall
        else:
            x, y = recall, (true + margin) / (true + false + margin)
        area = tf.reduce_sum((x[:-1] - x[1:]) * (y[:-1] + y[1:]) / 2.0)
        return tf.cast(area, self.dtype)


def _weights(like: Any, sample_weight: Any, dtype: Any) -> Any:
    """The weight of each element; 1 where none are given."""
    if sample_weight is None:
        return tf.ones_like(like, dtype)
    weights = tf.reshape(tf.cast(sample_weight, dtype), [-1])
    return tf.broadcast_to(weights, tf.shape(like))
