"""Programs that evaluated in a session: the numbers of model.evaluate beside them."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slimport.rewrite.tree import rewrite_tree
from tests.verify.scripts import run_script, side_of

tf = pytest.importorskip("tensorflow")
pytest.importorskip("tf_slim")

NET = """
import tensorflow as tf
import tf_slim as slim


def network(rows, is_training=True):
    params = {'is_training': is_training, 'decay': 0.9}
    net = slim.fully_connected(
        rows, 6, normalizer_fn=slim.batch_norm, normalizer_params=params, scope='hidden')
    net = slim.dropout(net, 0.5, is_training=is_training)
    return slim.fully_connected(net, 3, activation_fn=None, scope='logits')


def dataset_of(path):
    decoder = slim.tfexample_decoder.TFExampleDecoder(
        {'x': tf.FixedLenFeature([4], tf.float32), 'y': tf.FixedLenFeature([], tf.int64)},
        {'row': slim.tfexample_decoder.Tensor('x'), 'label': slim.tfexample_decoder.Tensor('y')})
    return slim.dataset.Dataset(
        path, tf.TFRecordReader, decoder, num_samples=10,
        items_to_descriptions={'row': '', 'label': ''})


def load_batch(dataset, size, is_training=True):
    provider = slim.dataset_data_provider.DatasetDataProvider(dataset, shuffle=is_training)
    row, label = provider.get(['row', 'label'])
    row = row / 2.0
    return tf.train.batch([row, label], batch_size=size, num_threads=1, capacity=8)
"""
EVALUATE = '''
import json
import sys

import tensorflow as tf
import tf_slim as slim

from net import dataset_of, load_batch, network


def evaluate(records, checkpoint_dir, folder):
    """Evaluates the last checkpoint."""
    with tf.Graph().as_default():
        step = slim.get_or_create_global_step()
        dataset = dataset_of(records)
        rows, labels = load_batch(dataset, 4, is_training=False)
        logits = network(rows, is_training=False)
        predictions = tf.argmax(logits, 1)
        weights = tf.abs(rows[:, 0])
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        names_to_values, names_to_updates = slim.metrics.aggregate_metric_map({
            'accuracy': slim.metrics.streaming_accuracy(predictions, labels),
            'weighted': slim.metrics.streaming_accuracy(predictions, labels, weights),
            'recall_2': slim.metrics.streaming_recall_at_k(logits, labels, 2),
            'loss': slim.metrics.streaming_mean(losses, weights),
            'precision': slim.metrics.streaming_precision(tf.equal(predictions, 1), labels),
            'iou': slim.metrics.streaming_mean_iou(predictions, labels, 4),
            'auc': slim.metrics.streaming_auc(tf.nn.softmax(logits)[:, 1], tf.equal(labels, 1)),
        })
        # Shown, and written.
        for name, value in names_to_values.items():
            op = tf.summary.scalar('eval/%s' % name, value, collections=[])
            op = tf.Print(op, [value], name)
            tf.add_to_collection(tf.GraphKeys.SUMMARIES, op)
        num_batches = dataset.num_samples / 4.0
        checkpoint_path = tf.train.latest_checkpoint(checkpoint_dir)
        {variables}
        values = slim.evaluation.evaluate_once(
            master='', checkpoint_path=checkpoint_path, logdir=folder, num_evals=num_batches,
            eval_op=list(names_to_updates.values()), final_op=names_to_values,
            variables_to_restore=variables)
    return {name: float(value) for name, value in values.items()}


if __name__ == '__main__':
    print(json.dumps(evaluate(*sys.argv[1:])))
'''
WATCH = """
import json
import sys

import tensorflow as tf
import tf_slim as slim

from net import dataset_of, load_batch, network


def watch(records, checkpoint_dir, folder):
    tf.logging.set_verbosity(tf.logging.INFO)
    slim.get_or_create_global_step()
    rows, labels = load_batch(dataset_of(records), 5, is_training=False)
    logits = network(rows, is_training=False)
    accuracy, update = slim.metrics.streaming_accuracy(tf.argmax(logits, 1), labels)
    error, update_error = tf.metrics.root_mean_squared_error(tf.one_hot(labels, 3), logits)
    tf.summary.scalar('eval/accuracy', accuracy)
    tf.summary.scalar('one_minus', 1.0 - accuracy)
    return slim.evaluation.evaluation_loop(
        '', checkpoint_dir, folder, num_evals=4, eval_op=[update, update_error],
        final_op=[accuracy, error], eval_interval_secs=0.1, max_number_of_evaluations=2,
        timeout=60)


if __name__ == '__main__':
    print(json.dumps([float(value) for value in watch(*sys.argv[1:])]))
"""


OF_TRAINING = """
import json
import sys

import tensorflow as tf
from tensorflow.contrib import slim, training

from net import dataset_of, load_batch, network


def evaluate(records, checkpoint_dir, folder):
    tf.train.get_or_create_global_step()
    rows, labels = load_batch(dataset_of(records), 3, is_training=False)
    logits = network(rows, is_training=False)
    metrics = {'mean': slim.metrics.streaming_mean(logits)}
    for k in [1, 2]:
        metrics['recall/%d' % k] = tf.metrics.recall_at_k(labels, logits, k)
    values, updates = slim.metrics.aggregate_metric_map(metrics)
    for name, value in values.items():
        tf.summary.scalar('eval/' + name, value)
    return training.evaluate_repeatedly(
        checkpoint_dir, eval_ops=list(updates.values()), final_ops=values,
        hooks=[training.StopAfterNEvalsHook(5), training.SummaryAtEndHook(folder)],
        max_number_of_evaluations=1)


if __name__ == '__main__':
    print(json.dumps({name: float(v) for name, v in evaluate(*sys.argv[1:]).items()}))
"""


def checkpoint(folder: Path, step: int, averages: bool = False) -> None:
    """Random weights, and others as their moving averages."""
    shapes = {
        "hidden/weights": (4, 6),
        **{f"hidden/BatchNorm/{name}": (6,) for name in ("beta", "moving_mean", "moving_variance")},
        "logits/weights": (6, 3),
        "logits/biases": (3,),
    }
    random = np.random.default_rng(step)
    values = {n: random.uniform(-1, 1, s).astype("float32") for n, s in shapes.items()}
    if averages:
        suffix = "ExponentialMovingAverage"
        values |= {f"{n}/{suffix}": 0.5 - 2.0 * value for n, value in values.items()}
    for name, value in values.items():
        if "moving_variance" in name:
            values[name] = np.abs(value) + np.float32(0.2)
    values["global_step"] = np.int64(step)
    folder.mkdir(exist_ok=True)
    path = str(folder / f"model.ckpt-{step}")
    tf.raw_ops.SaveV2(
        prefix=path,
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=list(values.values()),
    )
    state = folder / "checkpoint.new"
    state.write_text(f'model_checkpoint_path: "{path}"\nall_model_checkpoint_paths: "{path}"\n')
    state.rename(folder / "checkpoint")


def records(folder: Path) -> Path:
    path, random = folder / "data.tfrecord", np.random.default_rng(4)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for label in random.integers(0, 3, 10):
            row = tf.train.FloatList(value=random.normal(size=4))
            features = {
                "x": tf.train.Feature(float_list=row),
                "y": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())
    return path


def programs(folder: Path, text: str, **others: str) -> tuple[Path, Path]:
    """The legacy script and the migrated one, each among its files."""
    legacy, migrated = folder / "legacy", folder / "migrated"
    legacy.mkdir()
    for name, code in {"net.py": NET, "script.py": text, **others}.items():
        (legacy / name).write_text(code)
    result = rewrite_tree(legacy)
    assert result.report.left == 0 and not result.report.failed
    for path, data in result.outputs.items():
        (migrated / path).parent.mkdir(exist_ok=True)
        (migrated / path).write_bytes(data)
    assert "model.evaluate(" in (migrated / "script.py").read_text()
    return legacy / "script.py", migrated / "script.py"


def run(script: Path, *arguments: Any) -> Any:
    """What the script prints."""
    return json.loads(run_script(side_of(script), script, *arguments).splitlines()[-1])


def scalars(folder: Path) -> dict[tuple[str, int], float]:
    """What event files hold, by tag and step."""
    found = {}
    for path in folder.glob("events.*"):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                found[value.tag, event.step] = value.simple_value
    # slim's queues had summaries of their own.
    return {key: v for key, v in found.items() if "/" not in key[0] or key[0].startswith("eval/")}


def is_written(folder: Path, step: int) -> bool:
    """Whether event files hold something of a step, as far as they are written by now."""
    try:
        return any(found == step for _, found in scalars(folder))
    except tf.errors.DataLossError:
        return False


VARIABLES = {
    "all": ("variables = slim.get_variables_to_restore()", False),
    "averages": (
        "averages = tf.train.ExponentialMovingAverage(0.9, step)\n"
        "        variables = averages.variables_to_restore(slim.get_model_variables())\n"
        "        variables[step.op.name] = step",
        True,
    ),
    "averages of the trained": (
        "averages = tf.train.ExponentialMovingAverage(0.9)\n"
        "        variables = averages.variables_to_restore()",
        True,
    ),
}


def test_of_contrib_training(tmp_path: Path) -> None:
    checkpoint(tmp_path / "checkpoints", 4)
    path = records(tmp_path)
    old, new = (
        run(script, path, tmp_path / "checkpoints", tmp_path / f"{script.parent.name}-events")
        for script in programs(tmp_path, OF_TRAINING)
    )
    assert list(new) == list(old) == ["mean", "recall/1", "recall/2"]
    assert new == pytest.approx(old, rel=1e-6)
    before, after = scalars(tmp_path / "legacy-events"), scalars(tmp_path / "migrated-events")
    assert set(after) == {(f"eval/{name}", 4) for name in old}
    assert after == pytest.approx(before, rel=1e-6)


@pytest.mark.parametrize(
    ("variables", "averages"),
    [
        pytest.param(*value, id=name, marks=pytest.mark.slow if name == "averages" else ())
        for name, value in VARIABLES.items()
    ],
)
def test_once(variables: str, averages: bool, tmp_path: Path) -> None:
    checkpoint(tmp_path / "checkpoints", 30, averages)
    path = records(tmp_path)
    legacy, migrated = programs(tmp_path, EVALUATE.replace("{variables}", variables))
    old, new = (
        run(script, path, tmp_path / "checkpoints", tmp_path / f"{script.parent.name}-events")
        for script in (legacy, migrated)
    )
    assert list(new) == list(old)
    for name, value in old.items():
        assert new[name] == pytest.approx(value, rel=1e-6), name
    before, after = scalars(tmp_path / "legacy-events"), scalars(tmp_path / "migrated-events")
    assert set(after) == {(f"eval/{name}", 30) for name in old}
    assert after == pytest.approx(before, rel=1e-6)


def test_the_loop_sees_a_checkpoint_that_comes_later(tmp_path: Path) -> None:
    path = records(tmp_path)
    found = {}
    for script in programs(tmp_path, WATCH):
        side = script.parent.name
        checkpoints, events = tmp_path / f"{side}-checkpoints", tmp_path / f"{side}-events"
        checkpoint(checkpoints, 1)

        def add(checkpoints: Path = checkpoints, events: Path = events) -> None:
            while not is_written(events, 1):
                time.sleep(0.05)
            checkpoint(checkpoints, 2)

        adding = threading.Thread(target=add, daemon=True)
        adding.start()
        found[side] = run(script, path, checkpoints, events), scalars(events)
        adding.join()
    (old, before), (new, after) = found["legacy"], found["migrated"]
    assert new == pytest.approx(old, rel=1e-6)
    assert len(after) == 4 and after["eval/accuracy", 1] != after["eval/accuracy", 2]
    assert after == pytest.approx(before, rel=1e-6)
