"""What fit writes to event files: the summaries of a LossModel's function, under TF 1's tags."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

import keras  # noqa: E402

from slimport.written.convolution import conv2d  # noqa: E402
from slimport.written.dense import fully_connected  # noqa: E402
from slimport.written.dropout import dropout  # noqa: E402
from slimport.written.logs import (  # noqa: E402
    log_audio,
    log_histogram,
    log_image,
    log_scalar,
    log_text,
)
from slimport.written.loss_model import LossModel, next_batch  # noqa: E402
from slimport.written.models import TracedModel  # noqa: E402
from slimport.written.normalization import batch_norm  # noqa: E402
from slimport.written.scopes import variable_scope  # noqa: E402
from slimport.written.shaping import flatten  # noqa: E402
from slimport.written.summaries import add_histogram_summary  # noqa: E402
from slimport.written.training_callbacks import Summaries  # noqa: E402
from slimport.written.variables import get_model_variables  # noqa: E402


def build_loss() -> Any:
    loss = tf.reduce_mean(tf.square(fully_connected(tf.ones([2, 3]), 1, activation=None)))
    log_scalar("losses/squares of all", 2.0 * loss)
    log_scalar("loss", loss + 1.0)
    return loss


def values_in(folder: Path) -> dict[str, dict[int, Any]]:
    found: dict[str, dict[int, Any]] = {}
    for path in sorted(folder.glob("events*")):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                found.setdefault(value.tag, {})[event.step] = value
    return found


def written(folder: Path) -> dict[str, dict[int, float]]:
    return {
        tag: {step: value.simple_value for step, value in values.items()}
        for tag, values in values_in(folder).items()
    }


def fitted(
    callback: Summaries | None, steps: int, build: Any = build_loss, rate: Any = 0.0
) -> LossModel:
    model = LossModel(build)
    model.compile(optimizer=keras.optimizers.SGD(rate))
    callbacks = [callback] if callback is not None else []
    model.fit(model.batches, steps_per_epoch=steps, callbacks=callbacks, verbose=0)
    return model


def test_the_first_step_and_then_by_the_clock(tmp_path: Path) -> None:
    model = fitted(Summaries(str(tmp_path), 1000), 5)
    found = written(tmp_path)
    assert found.keys() == {"loss", "losses/squares_of_all"}
    loss = float(model(0)["loss"])
    assert found["losses/squares_of_all"] == {1: pytest.approx(2.0 * loss)}
    assert found["loss"] == {1: pytest.approx(loss + 1.0)}


def test_every_step(tmp_path: Path) -> None:
    rate = keras.optimizers.schedules.ExponentialDecay(0.5, 1, 0.5)
    fitted(Summaries(str(tmp_path), 0, loss="total_loss", learning_rate="rate"), 3, rate=rate)
    found = written(tmp_path)
    assert list(found["total_loss"]) == [1, 2, 3]
    assert found["rate"] == {1: 0.25, 2: 0.125, 3: 0.0625}
    speeds = found["global_step/sec"]
    assert list(speeds) == [2, 3] and all(speed > 0 for speed in speeds.values())


def test_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(0, 10000, 10))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(now)))
    callback = Summaries(str(tmp_path), 25)
    fitted(callback, 12)
    steps = list(written(tmp_path)["loss"])
    assert steps[0] == 1 and 3 <= len(steps) < 12


def test_nowhere(tmp_path: Path) -> None:
    model = fitted(Summaries(None), 2)
    assert list(tmp_path.iterdir()) == [] and not model.keeps_batch


def test_of_a_plain_model(tmp_path: Path) -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.5), loss="mse", metrics=["mae"])
    callback = Summaries(str(tmp_path), 0, loss="squares", learning_rate="rate")
    model.fit(np.ones([2, 3]), np.ones([2, 1]), batch_size=2, callbacks=[callback], verbose=0)
    assert written(tmp_path).keys() == {"squares", "mae", "rate"}


IMAGES = np.random.default_rng(1).normal(size=[24, 6, 6, 3]).astype("float32")


def build_network() -> Any:
    """A network with everything that a run may change, and with every kind of summary."""
    images = next_batch(tf.data.Dataset.from_tensor_slices(IMAGES).shuffle(24, 7).repeat().batch(4))
    with variable_scope("net"):
        net = conv2d(images, 4, 3, normalizer=batch_norm, name="c1")
        log_histogram("activations", net)
        net = dropout(net, 0.5)
        add_histogram_summary(net, "dropped")
    net = fully_connected(flatten(net), 2, activation=None)
    noise = tf.random.stateless_uniform([2], [1, 2])
    loss = tf.reduce_mean(tf.square(net - noise), name="loss")
    log_scalar("loss", loss)
    log_image("images", images, 2)
    log_audio("sound", tf.reshape(images, [4, -1, 1]), 8000.0)
    log_text("name of it", tf.constant("text"))
    for variable in get_model_variables():
        log_histogram(variable.op.name, variable)
    tf.compat.v1.summary.histogram("elsewhere", net, collections=["others"])
    tf.compat.v1.summary.histogram("net/activations", net, family="kinds")
    return loss


def test_every_kind(tmp_path: Path) -> None:
    fitted(Summaries(str(tmp_path)), 2, build_network)
    found = values_in(tmp_path)
    assert found.keys() == {
        "net/activations",
        "net/dropped",
        "loss_1",
        "images/image/0",
        "images/image/1",
        "sound/audio/0",
        "sound/audio/1",
        "sound/audio/2",
        "name_of_it",
        "net/c1/weights_1",  # the variable has the name
        "net/c1/BatchNorm/beta_1",
        "net/c1/BatchNorm/moving_mean_1",
        "net/c1/BatchNorm/moving_variance_1",
        "fully_connected/weights_1",
        "fully_connected/biases_1",
        "kinds/kinds/net/activations",
    }
    assert all(list(values) == [1] for values in found.values())
    assert found["net/activations"][1].histo.num == 4 * 6 * 6 * 4
    assert found["images/image/0"][1].image.width == 6


@pytest.mark.parametrize("every", [0.0, 600.0])
def test_training_is_the_same_with_summaries(tmp_path: Path, every: float) -> None:
    states = []
    for callback in (None, Summaries(str(tmp_path), every)):
        keras.utils.set_random_seed(3)
        model = fitted(callback, 7, build_network, 0.1)
        states.append([np.asarray(variable) for variable in model.variables])
    assert len(states[0]) > 6
    for without, with_them in zip(*states, strict=True):
        np.testing.assert_array_equal(without, with_them)
    steps = values_in(tmp_path)["loss_1"]
    assert len(steps) == (7 if every == 0.0 else 1)


def test_they_are_of_the_batch_of_the_step(tmp_path: Path) -> None:
    seen = []

    def build() -> Any:
        number = next_batch(tf.data.Dataset.range(100).batch(1))
        log_scalar("number", tf.reduce_sum(number))
        return tf.reduce_mean(fully_connected(tf.cast(number, tf.float32)[:, tf.newaxis], 1))

    class Seen(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append((logs["number"], sorted(logs)))

    model = LossModel(build)
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    callbacks = [Summaries(str(tmp_path), 0), Seen()]
    model.fit(model.batches, steps_per_epoch=3, callbacks=callbacks, verbose=0)
    assert seen == [(number, ["loss", "number"]) for number in range(3)]
    assert written(tmp_path)["number"] == {1: 0.0, 2: 1.0, 3: 2.0}


def test_steps_by_hand() -> None:
    model = LossModel(build_loss)
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    model.keeps_batch = True
    assert model.train_on_batch(0, return_dict=True).keys() == {
        "loss", "losses/squares of all", "loss_1"
    }  # fmt: skip
    summary = tf.compat.v1.Summary.FromString(model.summaries())
    assert [value.tag for value in summary.value] == ["losses/squares_of_all", "loss"]


def test_gradients() -> None:
    model = LossModel(build_loss)
    model.compile(keras.optimizers.SGD(0.0), clip_gradient_norm=0.5, summarize_gradients=True)
    model.keeps_batch = True
    model.train_on_batch(0)
    summary = tf.compat.v1.Summary.FromString(model.summaries())
    found = {value.tag: value for value in summary.value}
    head = "summarize_grads/fully_connected/"
    assert found.keys() == {
        "losses/squares_of_all", "loss", f"{head}weights_gradient", f"{head}biases_gradient",
        f"{head}weights_gradient_norm", f"{head}biases_gradient_norm",
    }  # fmt: skip
    assert found[f"{head}weights_gradient"].histo.num == 3
    assert 0 < found[f"{head}weights_gradient_norm"].simple_value <= 0.501
    model.compile(keras.optimizers.SGD(0.0))
    model.train_on_batch(0)
    summary = tf.compat.v1.Summary.FromString(model.summaries())
    assert len(summary.value) == 2


def test_beside_a_writer_of_tensorflow_2(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    model = LossModel(build_network)
    model.compile(keras.optimizers.SGD(0.0), summarize_gradients=True)
    model.keeps_batch = True
    writer = tf.summary.create_file_writer(str(tmp_path))
    with writer.as_default(7):
        model.train_on_batch(IMAGES[:4])
        summary = tf.compat.v1.Summary.FromString(model.summaries())
    writer.close()
    assert len(summary.value) > 15 and written(tmp_path) == {}
    assert not [w for w in recwarn if "TF1 summary" in str(w.message)]


def test_a_function_without_summaries(tmp_path: Path) -> None:
    fitted(Summaries(str(tmp_path)), 2, lambda: tf.reduce_sum(fully_connected(tf.ones([1, 2]), 1)))
    assert written(tmp_path) == {}


def test_histograms_cost_a_step_nothing() -> None:
    model = LossModel(build_network)
    graph = model._replay.get_concrete_function(model._input_specs, True).graph
    types = {operation.type for operation in graph.get_operations()}
    assert "Conv2D" in types
    assert not types & {"ImageSummary", "AudioSummaryV2", "TensorSummaryV2", "ScalarSummary"}


def test_elsewhere() -> None:
    def network(inputs: Any) -> Any:
        log_scalar("number", inputs[0])
        log_histogram("inputs", inputs)
        return inputs + 1.0

    assert TracedModel(network)(np.zeros([1])).numpy() == [1.0]
    with tf.Graph().as_default():
        network(tf.zeros([1]))
        tags = [tensor.op.name for tensor in tf.compat.v1.get_collection("summaries")]
    assert tags == ["number", "inputs"]


def test_of_the_first_replica(tmp_path: Path) -> None:
    script = Path(__file__).with_name("replica_summaries.py")
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, str(script), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    texts = {step: v.tensor.string_val for step, v in values_in(tmp_path)["numbers"].items()}
    # Each replica takes the next batch of two.
    assert texts == {1: [b"0", b"1"], 2: [b"4", b"5"], 3: [b"8", b"9"]}
