"""Pipelines behind queues of TF 1: the same batches in the same order, over two epochs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from slimport.rewrite.tree import rewrite_tree
from tests.verify.scripts import run_script, side_of

tf = pytest.importorskip("tensorflow")
pytest.importorskip("tf_slim")

NUMBERS = (2, 7)  # 10 examples: batches of 4 go across the epochs
HEAD = """
import json
import sys

import tensorflow as tf
import tf_slim as slim


def flat(values):
    return [x for value in values for x in (value if isinstance(value, list) else [value])]


def dataset_of(path):
    decoder = slim.tfexample_decoder.TFExampleDecoder(
        {'x': tf.FixedLenFeature([4], tf.float32), 'y': tf.FixedLenFeature([], tf.int64)},
        {'row': slim.tfexample_decoder.Tensor('x'), 'label': slim.tfexample_decoder.Tensor('y')})
    return slim.dataset.Dataset(
        path, tf.TFRecordReader, decoder, num_samples=10,
        items_to_descriptions={'row': '', 'label': ''})


def loss_of(rows, labels):
    logits = slim.fully_connected(
        rows, 3, activation_fn=None, weights_initializer=tf.constant_initializer(0.1))
    tf.losses.softmax_cross_entropy(labels, logits)
    return tf.losses.get_total_loss()


def parse(record):
    found = tf.parse_single_example(
        record, {'x': tf.FixedLenFeature([4], tf.float32), 'y': tf.FixedLenFeature([], tf.int64)})
    return tf.square(found['x']), tf.one_hot(found['y'], 3)


def dequeued(queue, factor):
    rows, labels = queue.dequeue()
    return loss_of(rows * factor, labels)

"""
BUILD = """
def build_{name}(path):
    {lines}


def train_{name}(path, folder, steps):
    with tf.Graph().as_default():
        total_loss = build_{name}(path)
        train_op = slim.learning.create_train_op(total_loss, tf.train.MomentumOptimizer(0.1, 0.9))
        return slim.learning.train(train_op, folder, number_of_steps=steps)

"""
TAIL = """
if __name__ == '__main__':
    folder, path, names, numbers = sys.argv[1:]
    losses = {}
    for name in names.split(','):
        for n in numbers.split(','):
            train = globals()['train_' + name]
            losses[name + n] = float(train(path, folder + name + n, int(n)))
    with open(folder + 'losses', 'w') as out:
        json.dump(losses, out)
"""
PROVIDER = (
    "provider = slim.dataset_data_provider.DatasetDataProvider(dataset_of(path), shuffle=False)"
)
GET = "row, label = provider.get(['row', 'label'])\n    row = tf.square(row) / 2.0\n"
QUEUED = "    queue = slim.prefetch_queue.prefetch_queue"
PIPELINES = {
    "one_hot": GET + "    rows, labels = tf.train.batch([row, label], 4)\n"
    "    labels = slim.one_hot_encoding(labels, 3)\n" + QUEUED + "([rows, labels], capacity=2)\n"
    "    return dequeued(queue, 2.0)",
    "as_it_is": GET + "    label = tf.one_hot(label, 3)\n"
    "    batch = tf.train.batch([row, label], 4)\n" + QUEUED + "(batch)\n"
    "    rows, labels = queue.dequeue()\n"
    "    return loss_of(rows, labels)",
    "spread": "with tf.name_scope('reading'):\n"
    "        row, label = provider.get(['row', 'label'])\n"
    "    width = 4 * len([path])\n    row = tf.reshape(row, [width])\n"
    "    with tf.name_scope('batching'):\n        rows, labels = tf.train.batch([row, label], 4)\n"
    "    rows = tf.reshape(rows, [-1, width])\n"
    "    return loss_of(rows, tf.one_hot(labels, 3))",
    "numbers": "width = 2\n    " + GET + "    width *= 2\n    row = tf.reshape(row, [width])\n"
    "    rows, labels = tf.train.batch([row, label], 4)\n"
    "    return loss_of(rows / width, tf.one_hot(labels, 3))",
    # A queue sorts by name; so do `values()` and the arithmetic behind.
    "by_name": GET + "    batch = tf.train.batch({'rows': row, 'labels': label}, 4)\n"
    "    batch['more'] = slim.one_hot_encoding(batch['labels'], 3)\n" + QUEUED + "(batch)\n"
    "    labels, more, rows = queue.dequeue().values()\n"
    "    return loss_of(rows, more * tf.cast(labels[:, None] > 0, tf.float32))",
    "a_dictionary": GET + "    batch = tf.train.batch({'rows': row, 'labels': label}, 4)\n"
    "    labels, rows = batch.values()\n"
    "    return loss_of(rows, tf.one_hot(labels, 3))",
    "computed": GET + "    r = tf.train.batch(flat([row, [label, row + 1.0]]), 4)\n"
    "    rows, labels, others = flat(r)\n"
    "    labels = tf.one_hot(labels, 3)\n" + QUEUED + "(flat([rows, [labels], others]))\n"
    "    rows, labels, others = flat(queue.dequeue()[:3])\n"
    "    return loss_of(rows * 2.0 - others, labels)",
    "a_list": GET + "    r = tf.train.batch(flat([row, [label]]), 4)\n"
    "    return loss_of(r[0], tf.one_hot((r + [None])[1], 3))",
    "joined": "examples = []\n    for _ in range(1):\n"
    "        row, label = provider.get(['row', 'label'])\n"
    "        examples.append([row, tf.one_hot(label, 3)])\n"
    "    rows, labels = tf.train.batch_join(examples, 4)\n"
    "    return loss_of(rows, labels)",
    "comprehended": "rows, labels = tf.train.batch_join(\n"
    "        [provider.get(['row', 'label']) for _ in range(1)], batch_size=4)\n"
    "    return loss_of(rows, tf.one_hot(labels, 3))",
}
DATA = "data = tf.data.TFRecordDataset([path]).map(parse).repeat().batch(4)\n"
ITERATORS = {
    "one_shot": DATA + "    iterator = data.make_one_shot_iterator()\n"
    "    rows, labels = iterator.get_next()\n    return loss_of(rows, labels)",
    "at_once": DATA
    + "    return loss_of(*tf.data.make_one_shot_iterator(data.take(9)).get_next())",
    "initialized": DATA + "    iterator = data.make_initializable_iterator()\n"
    "    data = data.skip(1)\n"
    "    tf.add_to_collection(tf.GraphKeys.TABLE_INITIALIZERS, iterator.initializer)\n"
    "    rows, labels = iterator.get_next()\n    return loss_of(rows, labels)",
}


def write_rows(path: str) -> None:
    random = np.random.default_rng(4)
    with tf.io.TFRecordWriter(path) as writer:
        for label in random.integers(0, 3, 10):
            row = tf.train.FloatList(value=random.normal(size=4))
            features = {
                "x": tf.train.Feature(float_list=row),
                "y": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())


def losses(script: Path, folder: Path, *arguments: str) -> dict[str, float]:
    """The last losses of a script's trainings, by name and number of steps."""
    begin = f"{folder}/{script.parent.name}-"
    run_script(side_of(script), script, begin, *arguments)
    found = json.loads(Path(f"{begin}losses").read_text())
    return {name: float(loss) for name, loss in found.items()}


@pytest.mark.slow
def test_batches_are_those_of_the_queues(tmp_path: Path) -> None:
    records = str(tmp_path / "data.tfrecord")
    write_rows(records)
    read = {name: f"{PROVIDER}\n    {lines}" for name, lines in PIPELINES.items()}
    programs = read | ITERATORS
    built = "".join(BUILD.format(name=name, lines=lines) for name, lines in programs.items())
    legacy, migrated = tmp_path / "legacy", tmp_path / "migrated"
    legacy.mkdir()
    (legacy / "train.py").write_text(HEAD + built + TAIL)
    result = rewrite_tree(legacy)
    assert result.report.left == 0 and not result.report.failed
    for path, data in result.outputs.items():
        (migrated / path).parent.mkdir(exist_ok=True)
        (migrated / path).write_bytes(data)
    text = (migrated / "train.py").read_text()
    assert text.count(".map(prepare") == len(PIPELINES)
    assert text.count("LossModel(") == len(programs)
    assert text.count(".map(arrange") == 3 and "dequeue()" not in text
    names, numbers = ",".join(programs), ",".join(map(str, NUMBERS))
    before, after = (
        losses(folder / "train.py", tmp_path, records, names, numbers)
        for folder in (legacy, migrated)
    )
    assert before.keys() == after.keys() and len(before) == len(programs) * len(NUMBERS)
    assert after == pytest.approx(before, rel=1e-5)
