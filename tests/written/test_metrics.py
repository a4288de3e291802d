"""slim.metrics beside tf.metrics and the written module: values and updates over some batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from old_side import slim, v1

tf = pytest.importorskip("tensorflow")
array_ops = pytest.importorskip("tensorflow.python.ops.array_ops")
array_ops.stack = tf.stack  # TF-Slim looks for it where it was in TF 1
OLD = slim.metrics

RNG = np.random.default_rng(0)
BATCHES = [RNG.normal(size=(6, 5)).astype("float32") for _ in range(3)]
for _scores in BATCHES:
    _scores[0, :3] = 9.0  # a tie
LABELS = [RNG.integers(0, 5, size=6) for _ in range(3)]
LABELS[0][0] = 2  # the last of those that tie
WEIGHTS = [RNG.uniform(size=6).astype("float32") for _ in range(3)]
THRESHOLDS = [0.2, 0.5, 0.9]

Metric = Callable[[Any, Any, Any, Any], Any]


def top(x: Any) -> Any:
    return tf.nn.top_k(x, 2).indices


def hot(y: Any) -> Any:
    return tf.one_hot(y, 5)


# By name: slim's call, and what it becomes.
TWINS: dict[str, tuple[Metric, Metric]] = {
    "mean_cosine_distance": (
        lambda s, x, y, w: s.streaming_mean_cosine_distance(x, hot(y), 1, w[:, None]),
        lambda s, x, y, w: v1.metrics.mean_cosine_distance(hot(y), x, 1, w[:, None]),
    ),
    "precision_at_top_k": (
        lambda s, x, y, w: s.streaming_sparse_precision_at_top_k(top(x), y[:, None], None, w),
        lambda s, x, y, w: v1.metrics.precision_at_top_k(y[:, None], top(x), weights=w),
    ),
    "precision_at_top_k, one class": (
        lambda s, x, y, w: s.streaming_sparse_precision_at_top_k(top(x), y[:, None], class_id=2),
        lambda s, x, y, w: v1.metrics.precision_at_top_k(y[:, None], top(x), class_id=2),
    ),
    "recall_at_top_k": (
        lambda s, x, y, w: s.sparse_recall_at_top_k(y[:, None], top(x), 1, w),
        lambda s, x, y, w: v1.metrics.recall_at_top_k(
            y[:, None], predictions_idx=top(x), class_id=1, weights=w
        ),
    ),
}


def at_thresholds(name: str) -> tuple[Metric, Metric]:
    def old(s: Any, x: Any, y: Any, w: Any) -> Any:
        function = getattr(s, f"streaming_{name}_at_thresholds")
        return function(tf.sigmoid(x), hot(y) > 0, THRESHOLDS, w[:, None])

    def new(s: Any, x: Any, y: Any, w: Any) -> Any:
        function = getattr(v1.metrics, f"{name}_at_thresholds")
        return function(hot(y) > 0, tf.sigmoid(x), THRESHOLDS, w[:, None])

    return old, new


for _name in ("false_negatives", "false_positives", "true_negatives", "true_positives"):
    TWINS[_name] = at_thresholds(_name)

# The same call on both sides.
OWN: dict[str, Metric] = {
    "recall": lambda s, x, y, w: s.streaming_recall_at_k(x, y, 2),
    "recall of 32 bits": lambda s, x, y, w: s.streaming_recall_at_k(x, tf.cast(y, tf.int32), 3, w),
    "recall, collected": lambda s, x, y, w: s.streaming_recall_at_k(x, y, 1, w, ["a"], ["b"], "n"),
    "accuracy": lambda s, x, y, w: [s.accuracy(tf.argmax(x, 1), y), tf.no_op()],
    "weighted": lambda s, x, y, w: [s.accuracy(tf.argmax(x, 1), y, w, name="right"), tf.no_op()],
    "a weight": lambda s, x, y, w: [s.accuracy(tf.argmax(x, 1), y, 0.5), tf.no_op()],
}


def run(side: Any, metric: Metric) -> Any:
    with tf.Graph().as_default(), v1.Session() as session:
        x, y = v1.placeholder("float32", [None, 5]), v1.placeholder("int64", [None])
        w = v1.placeholder("float32", [None])
        value, update = metric(side, x, y, w)
        session.run(v1.local_variables_initializer())
        found = []
        for scores, labels, weights in zip(BATCHES, LABELS, WEIGHTS, strict=True):
            feed = {x: scores, y: labels, w: weights}
            found.append(session.run(update, feed))
            found.append(session.run(value, feed))
        names = [v.op.name for v in v1.local_variables()]
        kept = [[t.op.name for t in v1.get_collection(key)] for key in "ab"]
        return found, value.dtype, value.shape, (names, kept, value.op.name)


def assert_same(found: Any, expected: Any) -> None:
    assert found[1:3] == expected[1:3]
    for value, old in zip(found[0], expected[0], strict=True):
        assert (value is None) == (old is None)
        assert old is None or np.array_equal(value, old, equal_nan=True)


@pytest.mark.parametrize("name", TWINS)
def test_twins(name: str, new: Any) -> None:
    old_metric, metric = TWINS[name]
    expected = run(OLD, old_metric)
    assert_same(run(new, metric), expected)
    assert len({str(value) for value in expected[0]}) > 1


@pytest.mark.parametrize("name", OWN)
def test_own(name: str, new: Any) -> None:
    found, expected = run(new, OWN[name]), run(OLD, OWN[name])
    assert_same(found, expected)
    assert found[3] == expected[3]


def test_a_tie_is_where_the_public_metric_differs(new: Any) -> None:
    def public(s: Any, x: Any, y: Any, w: Any) -> Any:
        return v1.metrics.recall_at_k(y[:, None], x, 2)

    assert run(new, OWN["recall"])[0] != run(new, public)[0]


@pytest.mark.parametrize("labels", [[1.0], [True]])
def test_what_slim_refuses_is_refused(labels: Any, new: Any) -> None:
    for side in (OLD, new):
        with tf.Graph().as_default(), pytest.raises(ValueError):
            side.accuracy(tf.constant([1]), tf.constant(labels))


def test_pairs_taken_apart(new: Any) -> None:
    for side in (OLD, new):
        assert side.aggregate_metrics((1, 2), (3, 4)) == ([1, 3], [2, 4])
        assert side.aggregate_metric_map({"a": (1, 2), "b": (3, 4)}) == (
            {"a": 1, "b": 3},
            {"a": 2, "b": 4},
        )
        for wrong in (side.aggregate_metrics, lambda s=side: s.aggregate_metric_map({})):
            with pytest.raises(ValueError):
                wrong()
