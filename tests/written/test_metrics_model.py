"""Evaluation by a function: tf_slim's streaming metrics beside `log_metric` and `evaluate`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from old_side import random_value, slim, v1

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


def several(y: Any) -> Any:
    """One twice, one that is no class."""
    return tf.stack([y, 0 * y, y, 0 * y + 9], 1)


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
    "sparse_recall_at_k": (
        lambda s, x, y, w: s.streaming_sparse_recall_at_k(x, y, 2, weights=w),
        lambda log, x, y, w: log("StreamingRecallAtK", y, x, sample_weight=w, k=2),
    ),
    "sparse_recall_at_k of columns": (
        lambda s, x, y, w: v1.metrics.recall_at_k(y[:, None], x, 3, weights=w),
        lambda log, x, y, w: log("StreamingRecallAtK", y[:, None], x, sample_weight=w, k=3),
    ),
    "sparse_recall_at_k of several labels": (
        lambda s, x, y, w: v1.metrics.recall_at_k(several(y), x, 2, weights=w),
        lambda log, x, y, w: log("StreamingRecallAtK", several(y), x, sample_weight=w, k=2),
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
    assert {v.dtype for v in now} == {v.dtype for v in old}


def _of_columns(update: Update) -> Update:
    return lambda s, x, y, w: update(s, x, y, w[:, None])


def network(s: Any, x: Any, **params: Any) -> Any:
    return s.fully_connected(
        x, 3, scope="net", normalizer_fn=s.batch_norm, normalizer_params=params
    )


def save(path: Path, **more: Any) -> str:
    """A checkpoint of random weights."""
    names = ("weights", "BatchNorm/beta", "BatchNorm/moving_mean", "BatchNorm/moving_variance")
    values = {f"net/{n}": random_value(n, (5, 3) if n == "weights" else (3,)) for n in names}
    values |= more
    tf.raw_ops.SaveV2(
        prefix=str(path),
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=list(values.values()),
    )
    return str(path)


def build(new: Any, log: bool = True, **params: Any) -> Any:
    def build_metrics() -> dict[str, Any]:
        x, y, w = new.next_batch(dataset())
        logits = network(new, x, **params)
        if log:
            new.log_metric("mean", keras.metrics.Mean, logits, sample_weight=w[:, None])
            new.log_metric("accuracy", keras.metrics.Accuracy, y, tf.argmax(logits, 1))
        return {"classes": logits.shape[1]}

    return new.MetricsModel(build_metrics)


@pytest.mark.parametrize("params", [{}, {"is_training": True}, {"is_training": False}])
def test_layers_run_as_the_code_says(params: dict[str, Any], new: Any, tmp_path: Path) -> None:
    """A layer that nobody told to infer normalizes by its batch, as it did in a TF 1 graph."""
    path = save(tmp_path / "model")
    with tf.Graph().as_default(), v1.Session() as session:
        x, w = v1.placeholder("float32", [None, 5]), v1.placeholder("float32", [None])
        value, update = OLD.streaming_mean(network(slim, x, **params), w[:, None])
        v1.train.Saver().restore(session, path)
        session.run(v1.local_variables_initializer())
        for scores, _, weights in zip(SCORES, LABELS, WEIGHTS, strict=True):
            session.run(update, {x: scores, w: weights})
        expected = session.run(value)
    model = build(new, **params)
    for _ in range(2):  # what a batch moves is in the checkpoint, and restored
        model.load_checkpoint(path)
        found = model.evaluate(model.batches, steps=3, return_dict=True, verbose=0)
        assert found["mean"] == pytest.approx(expected, rel=1e-6)


def test_a_checkpoint_is_restored_by_names(new: Any, tmp_path: Path) -> None:
    model = build(new)
    path = save(tmp_path / "model", global_step=np.int64(9))
    model.load_checkpoint(path)
    assert model.global_step == 9
    named = new.legacy_variables(model)
    np.testing.assert_array_equal(named["net/weights"], random_value("weights", (5, 3)))
    with model.layer_graph():
        variables = new.get_variables_to_restore()
        others = new.AveragedVariables(0.9, name="Average").variables_to_restore()
    model.load_checkpoint(path, variables)
    assert sorted(others) == sorted(
        name + "/Average" * name.endswith(("weights", "beta")) for name in named
    )
    average = random_value("other", (5, 3))
    averages = {"net/weights/Average": average, "net/BatchNorm/beta/Average": average[0]}
    model.load_checkpoint(save(tmp_path / "averages", **averages), others)
    np.testing.assert_array_equal(named["net/weights"], average)
    assert model.global_step is None


def test_the_step_is_restored_where_it_is_asked_for(new: Any, tmp_path: Path) -> None:
    model = build(new)
    step = model.step_variable
    assert (step.op.name, step.name) == ("global_step", "global_step:0")
    variables = {**new.legacy_variables(model), step.op.name: step}
    model.load_checkpoint(save(tmp_path / "model", global_step=np.int64(9)), variables)
    assert int(step) == 9


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"net/weights": np.zeros((5, 4), "float32")},
            r"has the shape \[5, 4\] in .*\(5, 3\) here",
        ),
        ({"net/weights": None}, "has no net/weights"),
    ],
)
def test_a_checkpoint_of_another_model(
    more: dict[str, Any], message: str, new: Any, tmp_path: Path
) -> None:
    path = save(tmp_path / "model", **{"x": np.zeros(1)})
    reader = tf.train.load_checkpoint(path)
    values = {n: reader.get_tensor(n) for n in reader.get_variable_to_shape_map()} | more
    values = {name: value for name, value in values.items() if value is not None}
    tf.raw_ops.SaveV2(
        prefix=path,
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=list(values.values()),
    )
    with pytest.raises(ValueError, match=message):
        build(new).load_checkpoint(path)


def test_a_variable_that_is_left_out(new: Any, tmp_path: Path) -> None:
    model, path = build(new), save(tmp_path / "model")
    some = [v for name, v in new.legacy_variables(model).items() if "beta" not in name]
    with pytest.raises(ValueError, match="No value is restored for net/BatchNorm/beta"):
        model.load_checkpoint(path, some)
    empty = new.MetricsModel(lambda: new.log_metric("one", keras.metrics.Mean, 1.0))
    with pytest.raises(ValueError, match="makes no variables"):
        empty.load_checkpoint(path)


def test_evaluate_gives_numbers_in_order(new: Any) -> None:
    model = build(new)
    assert model.returned == {"classes": 3}
    values = model.evaluate(model.batches, steps=1.5, return_dict=True, verbose=0)
    assert list(values) == ["mean", "accuracy"]
    assert model.evaluate(model.batches, steps=2, verbose=0) == list(values.values())
    whole = model.evaluate(model.batches, verbose=0)
    assert model.evaluate(model.batches, steps=99, verbose=0) == whole != list(values.values())
    one, none = (model.evaluate(model.batches, steps=n, verbose=0) for n in (1, 0))
    assert none == one != whole


def test_metrics_have_a_model_and_a_name_each(new: Any) -> None:
    with pytest.raises(RuntimeError, match="log_metric is for a MetricsModel's function"):
        new.log_metric("mean", keras.metrics.Mean, 1.0)

    def twice() -> None:
        new.log_metric("mean", keras.metrics.Mean, 1.0)
        new.log_metric("mean", keras.metrics.Mean, 2.0)

    with pytest.raises(ValueError, match="There are two metrics mean"):
        new.MetricsModel(twice)

    def two_datasets() -> None:
        new.next_batch(dataset())
        new.next_batch(dataset())

    with pytest.raises(ValueError, match="may read one dataset"):
        new.MetricsModel(two_datasets)


def test_weights_of_another_rank(new: Any) -> None:
    def build_metrics() -> None:
        x, _, w = new.next_batch(dataset())
        new.log_metric("mean", keras.metrics.Mean, x[:, :, None], sample_weight=w)

    with pytest.raises(ValueError, match="weights of rank 1 for values of rank 3"):
        new.MetricsModel(build_metrics)


@pytest.mark.parametrize(
    ("kind", "values"),
    [("StreamingMeanIoU", [3, 1]), ("StreamingMeanIoU", [1, 3]), ("StreamingAUC", [1, 2])],
)
def test_what_slim_refused_is_refused(kind: str, values: list[int], new: Any) -> None:
    config = {} if kind == "StreamingAUC" else {"num_classes": 3}
    metric = getattr(new, kind)(**config)
    with pytest.raises(tf.errors.InvalidArgumentError):
        metric.update_state(*([value] for value in values))


def test_checkpoints_come_until_there_are_enough(new: Any, tmp_path: Path) -> None:
    def add(step: int) -> None:
        save(tmp_path / f"model.ckpt-{step}")
        text = f'model_checkpoint_path: "model.ckpt-{step}"\n'
        (tmp_path / "checkpoint.new").write_text(text)
        (tmp_path / "checkpoint.new").rename(tmp_path / "checkpoint")

    add(1)
    threading.Timer(0.5, add, [2]).start()
    paths = list(new.checkpoints_to_evaluate(str(tmp_path), 0.1, 2))
    assert [Path(path).name for path in paths] == ["model.ckpt-1", "model.ckpt-2"]
    assert len(list(new.checkpoints_to_evaluate(str(tmp_path), 0, 0))) == 1
    assert len(list(new.checkpoints_to_evaluate(str(tmp_path), 0, timeout=0))) == 1


def test_scalars_are_those_of_tf_1(new: Any, tmp_path: Path) -> None:
    with tf.summary.create_file_writer(str(tmp_path)).as_default(5):
        new.write_scalar("/a b/c-d.e:", np.float32(0.25))
    with tf.Graph().as_default(), v1.Session() as session:
        summary = session.run(v1.summary.scalar("/a b/c-d.e:", 0.25))
    (expected,) = v1.Summary.FromString(summary).value
    (path,) = tmp_path.iterdir()
    *_, event = v1.train.summary_iterator(str(path))
    (value,) = event.summary.value
    assert (value.tag, value.simple_value) == (expected.tag, expected.simple_value)
    assert event.step == 5
