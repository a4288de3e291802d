"""A LossModel of two replicas: run by `test_strategies.py` in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clone_steps import new, steps_to

import keras  # isort: skip
import tensorflow as tf  # isort: skip

STRATEGY = new.clone_strategy(num_clones=2, clone_on_cpu=True)
ROWS = np.arange(1, 12, dtype="float32")[:, np.newaxis] * [[1.0, -2.0]]


def model_of(function: Any, rows: Any = None, **options: Any) -> Any:
    """A model of a function of a batch of two rows, which are told apart by their size."""
    data = tf.data.Dataset.from_tensor_slices(ROWS.astype("float32")) if rows is None else rows

    def build_loss() -> Any:
        return function(new.next_batch(data.batch(2)))

    with STRATEGY.scope():
        model = new.LossModel(build_loss)
        model.compile(optimizer=keras.optimizers.SGD(0.1, **options))
    return model


def copies(variable: Any) -> list[np.ndarray]:
    return [copy.numpy() for copy in STRATEGY.experimental_local_results(variable.value)]


def test_steps_end_where_a_replica_lacks_a_batch() -> None:
    seen: list[Any] = []

    def loss(rows: Any) -> Any:
        new.log_scalar("first", rows[0, 0])
        new.log_scalar("whole", tf.cast(rows[0, 0] / 2, tf.int32))
        return tf.reduce_mean(new.fully_connected(rows, 1, activation_fn=None))

    class Seen(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append((float(logs["first"]), float(logs["whole"])))

    model = model_of(loss)  # 6 batches: 1 and 3, 5 and 7, 9 and 11
    model.fit(model.batches, steps_per_epoch=9, verbose=0, callbacks=[Seen()])
    assert seen == [(2, 0.5), (6, 2.5), (10, 4.5)]
    assert model.optimizer.iterations.numpy() == 3
    model = model_of(loss, tf.data.Dataset.from_tensor_slices(ROWS[:6].astype("float32")))
    model.fit(model.batches, steps_per_epoch=9, verbose=0)
    assert model.optimizer.iterations.numpy() == 1  # of 3 batches one is left over


def test_elements_may_be_texts_by_name() -> None:
    data = tf.data.Dataset.from_tensor_slices({"text": ["1", "2", "3", "4"]}).repeat()

    def loss(batch: Any) -> Any:
        numbers = tf.strings.to_number(batch["text"])[:, tf.newaxis]
        return tf.reduce_mean(new.fully_connected(numbers, 1) * 0.0 + numbers)

    model = model_of(loss, data)
    kept = new.LogLoss(0)
    model.fit(model.batches, steps_per_epoch=3, verbose=0, callbacks=[kept])
    assert kept.loss == 2.5
    assert model.evaluate(model.batches, steps=2, verbose=0, return_dict=True) == {"loss": 2.5}
    assert model.train_on_batch(next(iter(model.batches))) == 2.5


def test_each_replica_drops_out_other_elements() -> None:
    def loss(rows: Any) -> Any:
        kept = new.dropout(tf.ones([64]))
        replica = tf.distribute.get_replica_context()
        number = replica.replica_id_in_sync_group if replica else 0
        is_first = tf.cast(tf.equal(number, 0), tf.float32)
        places = tf.reduce_sum(kept * tf.pow(1.1, tf.range(64, dtype=tf.float32)))
        new.log_scalar("difference", places * (2 * is_first - 1))
        return tf.reduce_mean(new.fully_connected(rows, 1))

    model = model_of(loss)
    logs = model.train_on_batch(next(iter(model.batches)), return_dict=True)
    assert abs(logs["difference"]) > 1e-3


@pytest.mark.parametrize("in_place", [False, True])
def test_updates_in_place_are_those_of_all_replicas(in_place: bool) -> None:
    collections = {"updates_collections": None} if in_place else {}

    def loss(rows: Any) -> Any:
        rows = new.batch_norm(rows, momentum=0.75, fused=False, **collections)
        return tf.reduce_mean(new.fully_connected(rows, 1))

    model = model_of(loss)
    model.train_on_batch(next(iter(model.batches)))
    means = [ROWS[0:2].mean(0), ROWS[2:4].mean(0)]
    expected = 0.25 * (sum(means) if in_place else means[0])
    for copy in copies(new.legacy_variables(model)["BatchNorm/moving_mean"]):
        np.testing.assert_allclose(copy, expected, 1e-6)


def test_global_step_counts_once() -> None:
    def loss(rows: Any) -> Any:
        step = new.get_or_create_global_step()
        return tf.reduce_mean(new.fully_connected(rows, 1)) * tf.cast(step + 1, tf.float32)

    model = model_of(loss)
    model.fit(model.batches, steps_per_epoch=3, verbose=0)
    assert copies(new.legacy_variables(model)["global_step"]) == [3, 3]


def test_defaults_that_are_in_force_reach_the_replicas() -> None:
    def loss(rows: Any) -> Any:
        return tf.reduce_mean(new.fully_connected(rows, 1, kernel_initializer="ones"))

    with new.layer_defaults([new.fully_connected], activation=None):
        model = model_of(loss)
    assert model.train_on_batch(next(iter(model.batches))) < 0


def test_what_would_train_otherwise_is_refused() -> None:
    with pytest.raises(ValueError, match=r"clipnorm would clip each replica: .*clip_gradient_norm"):
        model_of(lambda rows: tf.reduce_mean(new.fully_connected(rows, 1)), clipnorm=1.0)
    model = model_of(lambda rows: tf.reduce_mean(new.fully_connected(rows, 1)))
    with pytest.raises(ValueError, match="optimizer in the strategy's scope"):
        model.compile(optimizer=keras.optimizers.SGD(0.1))
    assert new.clone_strategy(2, True) is STRATEGY
    with pytest.raises(ValueError, match=r"(?s)num_clones=3 on the CPU.*LogicalDeviceConf.* \* 3"):
        new.clone_strategy(num_clones=3, clone_on_cpu=True)


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, __file__, str(tmp_path / "run")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    state = None
    while state is None or not state.model_checkpoint_path:
        assert process.poll() is None
        time.sleep(0.05)
        state = tf.train.get_checkpoint_state(str(tmp_path / "run"))
    process.send_signal(signal.SIGKILL)
    process.wait()
    last = int(tf.train.load_variable(str(tmp_path / "run"), "global_step")) + 3
    parts, whole = steps_to(last, tmp_path / "run", STRATEGY), steps_to(last, None, STRATEGY)
    assert set(parts) == set(whole)
    for name, value in whole.items():
        np.testing.assert_allclose(parts[name], value, 1e-4, 1e-6, err_msg=name)


def test_event_files_have_the_summaries_of_the_first_replica(tmp_path: Path) -> None:
    def loss(rows: Any) -> Any:
        new.log_scalar("first", rows[0, 0])
        return tf.reduce_mean(new.fully_connected(rows, 1))

    model = model_of(loss)
    writes = new.Summaries(str(tmp_path), 0)
    model.fit(model.batches, steps_per_epoch=9, verbose=0, callbacks=[writes])
    (path,) = tmp_path.iterdir()
    written = [
        (event.step, value.simple_value)
        for event in tf.compat.v1.train.summary_iterator(str(path))
        for value in event.summary.value
        if value.tag == "first"
    ]
    assert written == [(1, 1), (2, 5), (3, 9)]
    assert model.optimizer.iterations.numpy() == 3


if __name__ == "__main__":
    steps_to(10**6, sys.argv[1], STRATEGY)
