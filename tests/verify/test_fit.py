"""Programs that trained in slim's loop: what fit makes of them, beside the loop, step by step."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slimport.rewrite.tree import rewrite_tree
from tests.verify.scripts import run_script, side_of

tf = pytest.importorskip("tensorflow")
pytest.importorskip("tf_slim")

MAIN = """if __name__ == '__main__':
    folder, start, names, numbers = sys.argv[1:]
    losses = {{}}
    for name in names.split(','):
        train = globals()['train_' + name]
        for n in numbers.split(','):
            losses[name + n] = float(train(folder + name + n, start, int(n)))
    with open(folder + 'losses', 'w') as out:
        json.dump(losses, out)
"""
PROGRAM = (
    """
import json
import sys

import numpy as np
import tensorflow as tf
import tf_slim as slim


def data():
    random = np.random.RandomState(3)
    return random.randn(16, 6, 6, 3).astype('float32'), random.randint(0, 3, 16)


def net(images, is_training=True):
    params = {{'is_training': is_training, 'decay': 0.9}}
    with slim.arg_scope([slim.conv2d, slim.fully_connected],
                        weights_regularizer=slim.l2_regularizer(0.01)):
        net = slim.conv2d(images, 4, 3, normalizer_fn=slim.batch_norm, normalizer_params=params)
        net = slim.conv2d(net, 4, 3, stride=2)
        return slim.fully_connected(slim.flatten(net), 3, activation_fn=None, scope='logits')


{trainings}
"""
    + MAIN
)
OF_PROGRAM = '''
def train_{name}(folder, start, steps):
    """Trains, and returns the last loss."""
    with tf.Graph().as_default():
        step = slim.get_or_create_global_step()
        images, labels = data()
        # The loss, with its regularization.
        logits = net(tf.constant(images))
        tf.losses.sparse_softmax_cross_entropy(tf.constant(labels), logits)
        total_loss = tf.losses.get_total_loss()
        tf.summary.scalar('total_loss', total_loss)

        {optimizer}
        train_op = slim.learning.create_train_op(
            total_loss, optimizer, global_step=step{options})
        restore = slim.assign_from_checkpoint_fn(start, slim.get_model_variables())
        return slim.learning.train(
            train_op, folder, init_fn=restore, number_of_steps=steps,
            log_every_n_steps=10, save_interval_secs={interval},
            saver=tf.train.Saver(max_to_keep=2))

'''
STEPS = (1, 40)
PROGRAMS = {
    "sgd": ("optimizer = tf.train.GradientDescentOptimizer(0.05)", ""),
    "scheduled_and_clipped": (
        "rate = tf.train.exponential_decay(0.05, step, 7, 0.8, staircase=True)\n"
        "        optimizer = tf.train.MomentumOptimizer(rate, 0.9)",
        ", clip_gradient_norm=0.3",
    ),
    "warmed_up": (
        "def warmed(n):\n"
        "            rate = tf.train.exponential_decay(0.05, n, 7, 0.8)\n"
        "            return tf.minimum(0.05 * tf.cast(n + 1, tf.float32) / 20.0, rate)\n"
        "        rate = warmed(step)\n"
        "        optimizer = tf.train.MomentumOptimizer(rate, 0.9)",
        "",
    ),
    "rates_by_hand": (
        "rate = tf.where(step < 2, 0.01, 0.05)\n"
        "        for begin, lower in ((10, 0.02), (25, 0.004)):\n"
        "            rate = tf.cond(step < begin, lambda: rate, lambda: lower)\n"
        "        optimizer = tf.train.MomentumOptimizer(rate, 0.9)",
        "",
    ),
    "rmsprop": ("optimizer = tf.train.RMSPropOptimizer(0.002, momentum=0.9, epsilon=1.0)", ""),
    "one_layer": (
        "optimizer = tf.train.AdamOptimizer(0.003)",
        ",\n            variables_to_train=slim.get_trainable_variables('logits')",
    ),
    "multiplied": (
        "optimizer = tf.train.AdagradOptimizer(0.02)",
        ", gradient_multipliers={{'logits/biases': 3.0}}",
    ),
}


def start_of(folder: Path, norm: bool = True) -> str:
    """A checkpoint of random weights, which both sides begin with."""
    names = ("beta", "moving_mean", "moving_variance")
    shapes = {
        "Conv/weights": (3, 3, 3, 4),
        **({f"Conv/BatchNorm/{name}": (4,) for name in names} if norm else {"Conv/biases": (4,)}),
        "Conv_1/weights": (3, 3, 4, 4),
        "Conv_1/biases": (4,),
        "logits/weights": (36, 3),
        "logits/biases": (3,),
    }
    random = np.random.default_rng(7)
    tensors = [random.uniform(0.1, 0.4, shape).astype("float32") for shape in shapes.values()]
    tensors[0] -= 0.25
    path = str(folder / "start")
    tf.raw_ops.SaveV2(
        prefix=path,
        tensor_names=list(shapes),
        shape_and_slices=[""] * len(shapes),
        tensors=tensors,
    )
    return path


def programs(folder: Path, names: Iterable[str], interval: float = 600) -> tuple[Path, Path]:
    """The legacy script and the migrated one, of these trainings."""
    trainings = [
        OF_PROGRAM.format(
            name=name, optimizer=optimizer, options=options.format(), interval=interval
        )
        for name, (optimizer, options) in PROGRAMS.items()
        if name in names
    ]
    return written(folder, PROGRAM.format(trainings="".join(trainings)))


def written(folder: Path, text: str) -> tuple[Path, Path]:
    legacy, migrated = folder / "legacy", folder / "migrated"
    legacy.mkdir()
    (legacy / "train.py").write_text(text)
    result = rewrite_tree(legacy)
    assert result.report.left == 0 and not result.report.failed
    for path, data in result.outputs.items():
        (migrated / path).parent.mkdir(exist_ok=True)
        (migrated / path).write_bytes(data)
    assert "model.fit(" in (migrated / "train.py").read_text()
    return legacy / "train.py", migrated / "train.py"


Run = tuple[float, dict[str, Any]]


def trained(
    script: Path,
    start: str,
    steps: Iterable[int],
    folder: Path,
    *losses: str,
    path: Path | None = None,
) -> Iterator[Run]:
    """The last loss and what the last checkpoint holds, for each loss and number of steps."""
    names = [",".join(losses)] if losses else []
    numbers = ",".join(map(str, steps))
    run_script(side_of(script), script, f"{folder}-", start, *names, numbers, path=path)
    for number, loss in json.loads(Path(f"{folder}-losses").read_text()).items():
        reader = tf.train.load_checkpoint(tf.train.latest_checkpoint(f"{folder}-{number}"))
        names = reader.get_variable_to_shape_map()
        yield loss, {name: reader.get_tensor(name) for name in names}


def test_steps_are_those_of_the_loop(tmp_path: Path) -> None:
    start = start_of(tmp_path)
    begun = {
        name: tf.train.load_variable(start, name) for name, _ in tf.train.list_variables(start)
    }
    before, after = (
        trained(script, start, STEPS, tmp_path / script.parent.name, *PROGRAMS)
        for script in programs(tmp_path, PROGRAMS)
    )
    runs = [(program, steps) for program in PROGRAMS for steps in STEPS]
    for run, (old_loss, old), (new_loss, new) in zip(runs, before, after, strict=True):
        assert new_loss == pytest.approx(old_loss, rel=2e-5), run
        assert new["global_step"] == old["global_step"] == run[1]
        for name, value in begun.items():
            way = np.abs(old[name] - value).max()
            assert np.abs(new[name] - old[name]).max() <= 1e-4 * way + 1e-6, (run, name)


RECORDS = (
    """
import json
import sys

import tensorflow as tf
import tf_slim as slim

{trainings}
"""
    + MAIN
)
TRAINING = """
def batch_{name}(path, size):
    decoder = slim.tfexample_decoder.TFExampleDecoder(
        {{'x': tf.FixedLenFeature([4], tf.float32), 'y': tf.FixedLenFeature([], tf.int64)}},
        {{'row': slim.tfexample_decoder.Tensor('x'), 'label': slim.tfexample_decoder.Tensor('y')}})
    dataset = slim.dataset.Dataset(
        path, tf.TFRecordReader, decoder, num_samples=10,
        items_to_descriptions={{'row': '', 'label': ''}})
    provider = slim.dataset_data_provider.DatasetDataProvider(dataset, shuffle=False)
    row, label = provider.get(['row', 'label'])
    # Powers too.
    row = tf.concat([row, tf.square(row)], 0) / 2.0
    label = {label}
    return tf.train.batch([row, label], batch_size=size, num_threads=1, capacity=8)


def train_{name}(folder, path, steps):
    with tf.Graph().as_default():
        rows, labels = batch_{name}(path, 4)
        logits = slim.fully_connected(
            rows, 3, activation_fn=None, scope='logits',
            weights_initializer=tf.constant_initializer(0.1),
            weights_regularizer=slim.l2_regularizer(0.1))
        {loss}
        {total}
        train_op = slim.learning.create_train_op(
            total_loss, tf.train.MomentumOptimizer(0.1, 0.9))
        return slim.learning.train(train_op, folder, number_of_steps=steps)

"""
READ = """
def read_queued(queue):
    reader = tf.TFRecordReader()
    _, record = reader.read(queue)
    example = tf.parse_single_example(
        record, {'x': tf.FixedLenFeature([4], tf.float32), 'y': tf.FixedLenFeature([], tf.int64)})
    return example['x'], example['y']

"""
# Without the total there is no regularization: only a LossModel can leave it out.
LOSSES = {
    "alone": "total_loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)",
    "sparse": "tf.losses.sparse_softmax_cross_entropy(labels, logits)",
    "squares": "slim.losses.mean_squared_error(logits, labels)",
    "differences": "tf.losses.absolute_difference(labels, logits)",
    "huber": "tf.losses.huber_loss(labels, logits, delta=0.3)",
    "sigmoid": "tf.losses.sigmoid_cross_entropy(labels, logits, label_smoothing=0.2)",
    "softmax": "slim.losses.softmax_cross_entropy(logits, labels, label_smoothing=0.2)",
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


@pytest.mark.slow
def test_batches_and_losses_are_those_of_the_queues(tmp_path: Path) -> None:
    records = str(tmp_path / "data.tfrecord")
    write_rows(records)
    trainings = [
        TRAINING.format(
            name=name,
            loss=loss,
            label="label" if "sparse" in loss else "tf.one_hot(label, 3)",
            total="pass" if name == "alone" else "total_loss = tf.losses.get_total_loss()",
        )
        for name, loss in LOSSES.items()
    ]
    queued = READ + trainings[1].replace("_sparse", "_queued")
    begin, end = queued.index("    decoder = "), queued.index("    # Powers too.")
    queue = "    queue = tf.train.string_input_producer([path], shuffle=False)\n"
    trainings.append(
        queued[:begin] + queue + "    row, label = read_queued(queue)\n" + queued[end:]
    )
    names = [*LOSSES, "queued"]
    legacy, migrated = written(tmp_path, RECORDS.format(trainings="".join(trainings)))
    text = migrated.read_text()
    assert text.count("model = keras.Model(rows, logits)\n") == len(names) - 1
    assert text.count(".map(prepare") == len(names) and text.count("LossModel(") == 1
    assert "queued_files([path], shuffle=False)" in text
    numbers = (2, 12)  # 10 examples: batches of 4 go across the epochs
    runs = [f"{name}{number}" for name in names for number in numbers]
    before, after = (
        trained(script, records, numbers, tmp_path / script.parent.name, *names)
        for script in (legacy, migrated)
    )
    for run, (old_loss, old), (new_loss, new) in zip(runs, before, after, strict=True):
        assert new_loss == pytest.approx(old_loss, rel=1e-5), run
        for name in ("logits/weights", "logits/biases"):
            np.testing.assert_allclose(new[name], old[name], 1e-5, 1e-6, err_msg=f"{run} {name}")


@pytest.mark.slow
def test_a_killed_run_goes_on_from_its_last_checkpoint(tmp_path: Path) -> None:
    start = start_of(tmp_path)
    name = "scheduled_and_clipped"
    _, migrated = programs(tmp_path, [name], interval=0)
    folder = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, migrated, f"{folder}-", start, name, str(10**6)],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    state = None
    while state is None or not state.model_checkpoint_path:
        assert process.poll() is None
        time.sleep(0.05)
        state = tf.train.get_checkpoint_state(f"{folder}-{name}1000000")
    process.send_signal(signal.SIGKILL)
    process.wait()
    reached = int(tf.train.load_variable(f"{folder}-{name}1000000", "global_step"))
    last = reached + 5
    Path(f"{folder}-{name}1000000").rename(f"{folder}-{name}{last}")
    (loss, values), (whole_loss, whole) = (
        next(trained(migrated, start, [last], tmp_path / run, name)) for run in ("run", "whole")
    )
    assert values["global_step"] == last
    assert loss == pytest.approx(whole_loss, rel=1e-5)
    for variable, value in whole.items():
        np.testing.assert_allclose(values[variable], value, 1e-4, 1e-6, err_msg=variable)


@pytest.mark.slow
def test_a_run_of_the_old_program_goes_on(tmp_path: Path) -> None:
    start = start_of(tmp_path)
    legacy, migrated = programs(tmp_path, PROGRAMS)
    before = list(trained(legacy, start, (5, 10), tmp_path / "legacy", *PROGRAMS))
    for name in PROGRAMS:
        (tmp_path / f"migrated-{name}10").symlink_to(tmp_path / f"legacy-{name}5")
    after = trained(migrated, start, [10], tmp_path / "migrated", *PROGRAMS)
    pairs = zip(PROGRAMS, before[::2], before[1::2], after, strict=True)
    for program, (_, fifth), (old_loss, old), (new_loss, new) in pairs:
        assert new_loss == pytest.approx(old_loss, rel=2e-5), program
        assert new["global_step"] == old["global_step"] == 10
        for name in new.keys() & old.keys() - {"global_step"}:
            way = np.abs(old[name] - fifth[name]).max()
            assert np.abs(new[name] - old[name]).max() <= 1e-4 * way + 1e-6, (program, name)
