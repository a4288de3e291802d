"""Evaluation by a function: tf_slim's streaming metrics beside `log_metric` and `evaluate`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from old_side import slim, v1

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
array_ops = pytest.importorskip("tensorflow.python.ops.array_ops")
array_ops.stack = tf.stack  # TF-Slim looks for it where it was in TF 1
OLD = slim.metrics

RNG = np.random.default_rng(0)
SIZES = (6, 6, 2)  # the last batch is smaller
SCORES = [RNG.normal(size=(n, 5)).astype("float32") for n in SIZES]
SCORES[0][0, :3] = 9.0  # a tie
LABELS = [RNG.integers(0, 4, size=n) for n in SIZES]  # none of class 4
WEIGHTS = [RNG.uniform(size=n).astype("float32") for n in SIZES]
WEIGHTS[1][:] = 0.0

Update = Callable[[Any, Any, Any, Any], Any]


def classes(x: Any) -> Any:
    return tf.argmax(x, 1)


def share(x: Any) -> Any:
    return tf.sigmoid(x[:, 0])


def is_one(y: Any) -> Any:
    return tf.equal(y, 1)


# By name: slim's call, and what logs the same. x: scores, y: labels, w: weights.
METRICS: dict[str, tuple[Update, Update]] = {
    "accuracy": (
        lambda s, x, y, w: s.streaming_accuracy(classes(x), y, w),
        lambda log, x, y, w: log(keras.metrics.Accuracy, y, classes(x), sample_weight=w),
    ),
    "accuracy of columns": (
        lambda s, x, y, w: s.streaming_accuracy(classes(x)[:, None], y, w),
        lambda log, x, y, w: log(keras.metrics.Accuracy, y, classes(x)[:, None], sample_weight=w),
    ),
    "accuracy of labels that are floats": (
        lambda s, x, y, w: s.streaming_accuracy(classes(x), tf.cast(y, tf.float32) + 0.5 * x[:, 0]),
        lambda log, x, y, w: log(
            keras.metrics.Accuracy, tf.cast(y, tf.float32) + 0.5 * x[:, 0], classes(x)
        ),
    ),
    "accuracy of scores": (
        lambda s, x, y, w: s.streaming_accuracy(x[:, 0] + 2.0, y, w),
        lambda log, x, y, w: log(
            keras.metrics.Accuracy, y, tf.cast(x[:, 0] + 2.0, y.dtype), sample_weight=w
        ),
    ),
    "mean": (
        lambda s, x, y, w: s.streaming_mean(x[:, 0], w),
        lambda log, x, y, w: log(keras.metrics.Mean, x[:, 0], sample_weight=w),
    ),
    "mean of a matrix": (
        lambda s, x, y, w: s.streaming_mean(x, w),
        lambda log, x, y, w: log(keras.metrics.Mean, x, sample_weight=w),
    ),
    "mean of other widths": (
        lambda s, x, y, w: s.streaming_mean(tf.tile(x, [1, 1 + tf.shape(x)[0]]), 2.0 * w),
        lambda log, x, y, w: log(
            keras.metrics.Mean, tf.tile(x, [1, 1 + tf.shape(x)[0]]), sample_weight=2.0 * w
        ),
    ),
    "mean of a number": (
        lambda s, x, y, w: s.streaming_mean(tf.reduce_sum(x)),
        lambda log, x, y, w: log(keras.metrics.Mean, tf.reduce_sum(x)),
    ),
    "mean, one weight": (
        lambda s, x, y, w: s.streaming_mean(x, tf.reduce_sum(w)),
        lambda log, x, y, w: log(keras.metrics.Mean, x, sample_weight=tf.reduce_sum(w)),
    ),
    "mean of booleans": (
        lambda s, x, y, w: s.streaming_mean(x > 0.0, w),
        lambda log, x, y, w: log(keras.metrics.Mean, x > 0.0, sample_weight=w),
    ),
    **{
        name: (
            lambda s, x, y, w, name=name: getattr(s, f"streaming_{name}")(x[:, 1], x[:, 2], w),
            lambda log, x, y, w, kind=kind: log(kind, x[:, 2], x[:, 1], sample_weight=w),
        )
        for name, kind in {
            "mean_absolute_error": keras.metrics.MeanAbsoluteError,
            "mean_squared_error": keras.metrics.MeanSquaredError,
            "root_mean_squared_error": keras.metrics.RootMeanSquaredError,
        }.items()
    },
    **{
        name: (
            lambda s, x, y, w, name=name: getattr(s, f"streaming_{name}")(x[:, 1] // 1, y // 2, w),
            lambda log, x, y, w, kind=kind: log(
                kind, y // 2, tf.cast(x[:, 1] // 1, tf.bool), sample_weight=w
            ),
        )
        for name, kind in {
            "precision": keras.metrics.Precision,
            "recall": keras.metrics.Recall,
            "true_positives": keras.metrics.TruePositives,
            "true_negatives": keras.metrics.TrueNegatives,
            "false_positives": keras.metrics.FalsePositives,
            "false_negatives": keras.metrics.FalseNegatives,
        }.items()
    },
    "precision of nothing": (
        lambda s, x, y, w: s.streaming_precision(x[:, 0] > 99.0, y, w),
        lambda log, x, y, w: log(keras.metrics.Precision, y, x[:, 0] > 99.0, sample_weight=w),
    ),
    "recall_at_k": (
        lambda s, x, y, w: s.streaming_recall_at_k(x, y, 2, w),
        lambda log, x, y, w: log(
            keras.metrics.SparseTopKCategoricalAccuracy, y, x, sample_weight=w, k=2
        ),
    ),
    "recall_at_k, one weight": (
        lambda s, x, y, w: s.streaming_recall_at_k(x, y, 1, 0.5 + tf.reduce_sum(w)),
        lambda log, x, y, w: log(
            keras.metrics.SparseTopKCategoricalAccuracy,
            y,
            x,
            sample_weight=0.5 + tf.reduce_sum(w),
            k=1,
        ),
    ),
    "mean_iou": (
        lambda s, x, y, w: s.streaming_mean_iou(classes(x), y, 7, w),
        lambda log, x, y, w: log("StreamingMeanIoU", y, classes(x), sample_weight=w, num_classes=7),
    ),
    "mean_per_class_accuracy": (
        lambda s, x, y, w: v1.metrics.mean_per_class_accuracy(y, classes(x), 6, w),
        lambda log, x, y, w: log(
            "StreamingMeanPerClassAccuracy", y, classes(x), sample_weight=w, num_classes=6
        ),
    ),
    "auc": (
        lambda s, x, y, w: s.streaming_auc(share(x), is_one(y), w),
        lambda log, x, y, w: log("StreamingAUC", is_one(y), share(x), sample_weight=w),
    ),
    "auc of scores on thresholds": (
        lambda s, x, y, w: s.streaming_auc(tf.round(share(x) * 4) / 4, is_one(y), None, 5),
        lambda log, x, y, w: log(
            "StreamingAUC", is_one(y), tf.round(share(x) * 4) / 4, num_thresholds=5
        ),
    ),
    "auc without positives": (
        lambda s, x, y, w: s.streaming_auc(share(x), y > 9, w),
        lambda log, x, y, w: log("StreamingAUC", y > 9, share(x), sample_weight=w),
    ),
    "auc, PR": (
        lambda s, x, y, w: s.streaming_auc(share(x), is_one(y), curve="PR"),
        lambda log, x, y, w: log("StreamingAUC", is_one(y), share(x), curve="PR"),
    ),
}


def old_values(update: Update, weighted: bool) -> list[Any]:
    """The metric after each batch."""
    with tf.Graph().as_default(), v1.Session() as session:
        x, y, w = (v1.placeholder(d, s) for d, s in (("float32", [None, 5]), ("int64", [None]),
                                                     ("float32", [None])))  # fmt: skip
        value, update_op = update(OLD, x, y, w if weighted else 0.0 * w + 1.0)
        session.run(v1.local_variables_initializer())
        found = []
        for batch in zip(SCORES, LABELS, WEIGHTS, strict=True):
            session.run(update_op, dict(zip((x, y, w), batch, strict=True)))
            found.append(session.run(value))
    return found


def dataset() -> Any:
    def batches() -> Any:
        yield from zip(SCORES, LABELS, WEIGHTS, strict=True)

    kinds = [([None, 5], "float32"), ([None], "int64"), ([None], "float32")]
    signature = tuple(tf.TensorSpec(shape, dtype) for shape, dtype in kinds)
    return tf.data.Dataset.from_generator(batches, output_signature=signature)


def new_values(new: Any, update: Update, weighted: bool) -> list[Any]:
    def build_metrics() -> None:
        x, y, w = new.next_batch(dataset())

        def log(kind: Any, *args: Any, **kwargs: Any) -> None:
            metric = getattr(new, kind) if isinstance(kind, str) else kind
            new.log_metric("it", metric, *args, **kwargs)

        update(log, x, y, w if weighted else 0.0 * w + 1.0)

    model = new.MetricsModel(build_metrics)
    return [model.evaluate(model.batches, steps=n, verbose=0)[0] for n in (1, 2, 3)]


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("name", METRICS)
def test_values_are_those_of_slim(name: str, weighted: bool, new: Any) -> None:
    before, after = METRICS[name]
    if name == "mean of a matrix" or "widths" in name:
        before, after = (_of_columns(f) for f in (before, after))
    old, now = old_values(before, weighted), new_values(new, after, weighted)
    np.testing.assert_allclose(now, old, 3e-7, 0, err_msg=name)
    assert {v.dtype for v in now} == {np.dtype("float32")}


def _of_columns(update: Update) -> Update:
    return lambda s, x, y, w: update(s, x, y, w[:, None])
