"""Models that are fed, and their checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

import keras  # noqa: E402

from slimport.written.dense import fully_connected  # noqa: E402
from slimport.written.dropout import dropout  # noqa: E402
from slimport.written.event_writer import EventWriter  # noqa: E402
from slimport.written.fed_model import FedModel  # noqa: E402
from slimport.written.logs import log_scalar  # noqa: E402
from slimport.written.model_saver import ModelSaver  # noqa: E402
from slimport.written.moving_average_optimizer import MovingAverageOptimizer  # noqa: E402
from slimport.written.normalization import batch_norm  # noqa: E402


def build_loss(x: Any, y: Any) -> Any:
    predictions = fully_connected(x, 1, activation_fn=None, scope="fc")
    loss = tf.reduce_mean(tf.square(predictions - y))
    return {"loss": loss, "predictions": predictions, "size": tf.shape(x)[0]}


def model() -> FedModel:
    made = FedModel(
        build_loss,
        x=tf.TensorSpec([None, 2], tf.float32),
        y=tf.TensorSpec([None, 1], tf.float32),
    )
    made.compile(optimizer=keras.optimizers.SGD(0.125, momentum=0.5))
    return made


X, Y = np.array([[1, 2], [3, 4]], "uint8"), [[0.5], [1.5]]


def test_a_step() -> None:
    fed = model()
    weights = fed.trainable_variables[0]
    weights.assign([[0.5], [0.25]])
    logs = fed.train_on_batch({"x": X, "y": Y}, return_dict=True)
    np.testing.assert_array_equal(logs["predictions"], [[1.0], [2.5]])
    assert logs["loss"] == 0.625 and isinstance(logs["loss"], np.float32)
    # The mean's gradient: (0.5 * [1, 2] + 1.0 * [3, 4]); a step of an eighth of it.
    np.testing.assert_allclose(weights, [[0.5 - 3.5 / 8], [0.25 - 5.0 / 8]])


def test_other_batches_have_other_sizes() -> None:
    fed = model()
    for size in (1, 2, 5):
        logs = fed.train_on_batch(
            {"x": np.ones([size, 2]), "y": np.ones([size, 1])}, return_dict=True
        )
        assert logs["predictions"].shape == (size, 1)
        assert logs["size"] == size and isinstance(logs["size"], np.int32)


def test_the_rate_is_set_for_each_step() -> None:
    fed = model()
    start = fed.trainable_variables[0].numpy()
    fed.optimizer.learning_rate = 0.0
    fed.train_on_batch({"x": X, "y": Y})
    np.testing.assert_array_equal(fed.trainable_variables[0], start)
    fed.optimizer.learning_rate = 0.1
    fed.train_on_batch({"x": X, "y": Y})
    assert np.abs(fed.trainable_variables[0] - start).max() > 0


@pytest.mark.parametrize(
    ("feed", "message"),
    [
        ({"x": np.ones([2, 3]), "y": Y}, r"x has the shape \(2, 3\)"),
        ({"x": X}, "takes x, y, not x"),
        ({"x": X, "y": Y, "z": X}, "takes x, y, not x, y, z"),
    ],
)
def test_what_is_fed_is_checked(feed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model().train_on_batch(feed)


def build_noisy(x: Any, y: Any) -> Any:
    net = batch_norm(fully_connected(x, 4, activation_fn=None, scope="fc"), decay=0.5)
    net = dropout(net, 0.5)
    return {"loss": tf.reduce_mean(tf.square(net - y)), "net": net, "twice": 2.0 * x}


def test_values_without_a_step() -> None:
    fed = FedModel(
        build_noisy,
        x=tf.TensorSpec([None, 2], tf.float32),
        y=tf.TensorSpec([None, 1], tf.float32),
    )
    fed.compile(optimizer=keras.optimizers.SGD(0.1))
    before = [weight.numpy() for weight in fed.weights]
    several = np.random.default_rng(0).normal(size=[20, 2])
    loss, net = fed.run_on_batch({"x": several, "y": np.ones([20, 1])}, ["loss", "net"])
    assert isinstance(loss, np.float32) and net.shape == (20, 4)
    assert (net == 0).any() and (net != 0).any()  # as in training
    np.testing.assert_allclose(loss, np.square(net - 1.0).mean(), rtol=1e-5)
    again = fed.run_on_batch({"x": several}, "net")  # without labels, with another mask
    assert again.shape == (20, 4) and (again != net).any()
    np.testing.assert_array_equal(fed.run_on_batch({"x": X}, "twice"), [[2, 4], [6, 8]])
    for weight, value in zip(fed.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)
    assert int(fed.optimizer.iterations) == 0
    fed.train_on_batch({"x": several, "y": np.ones([20, 1])})
    moved = {weight.name for weight in fed.non_trainable_weights if weight.numpy().any()}
    assert moved == {"moving_mean", "moving_variance"}


def build_twice(x: Any) -> Any:
    trained = batch_norm(x, is_training=True, decay=0.5, scope="norm")
    usual = batch_norm(x, is_training=False, scope="norm", reuse=True)
    return {"loss": tf.reduce_mean(tf.square(trained)), "usual": usual, "both": [x, {"u": usual}]}


def test_averages_that_another_branch_uses_stay() -> None:
    fed = FedModel(build_twice, x=tf.TensorSpec([None, 2], tf.float32))
    fed.compile(optimizer=keras.optimizers.SGD(0.0))
    batch = np.random.default_rng(1).normal(3.0, 2.0, size=[20, 2]).astype("float32")
    fed.train_on_batch({"x": batch})
    mean, variance = (weight.numpy() for weight in fed.non_trainable_weights)
    assert (np.abs(mean) > 0.5).all()
    expected = (batch + 9.0 - mean) / np.sqrt(variance + 0.001)
    usual, (given, named) = fed.run_on_batch({"x": batch + 9.0}, ["usual", "both"])
    np.testing.assert_allclose(usual, expected, rtol=1e-5)
    np.testing.assert_allclose(named["u"], expected, rtol=1e-5)
    np.testing.assert_array_equal(given, batch + 9.0)
    logs = fed.train_on_batch({"x": batch}, return_dict=True)
    assert isinstance(logs["both"][1]["u"], np.ndarray)
    moved, _ = (weight.numpy() for weight in fed.non_trainable_weights)
    assert np.abs(moved - mean).max() > 0.1  # the next step moves them again


def test_how_much_is_kept_may_be_fed() -> None:
    def build_dropped(x: Any, keep_prob: Any) -> Any:
        net = dropout(fully_connected(x, 1, activation_fn=None, scope="fc"), keep_prob)
        return {"loss": tf.reduce_sum(net), "net": net}

    fed = FedModel(
        build_dropped,
        x=tf.TensorSpec([None, 2], tf.float32),
        keep_prob=tf.TensorSpec([], tf.float32),
    )
    fed.compile(optimizer=keras.optimizers.SGD(0.0))
    fed.trainable_variables[0].assign([[1.0], [1.0]])
    several = np.ones([1000, 2])
    whole = fed.run_on_batch({"x": several, "keep_prob": 1.0}, "net")
    np.testing.assert_array_equal(whole, np.full([1000, 1], 2.0))
    half = fed.run_on_batch({"x": several, "keep_prob": 0.5}, "net")
    assert set(np.unique(half)) == {0.0, 4.0} and 0.4 < (half == 0).mean() < 0.6
    logs = fed.train_on_batch({"x": several, "keep_prob": 0.9}, return_dict=True)
    assert 0.05 < (logs["net"] == 0).mean() < 0.15


def test_values_that_are_asked_for_are_checked() -> None:
    with pytest.raises(ValueError, match=r"x has the shape \(2, 3\)"):
        model().run_on_batch({"x": np.ones([2, 3])}, "predictions")
    with pytest.raises(ValueError, match="takes x, y, not x, y, z"):
        model().run_on_batch({"x": X, "z": X}, "predictions")
    with pytest.raises(KeyError):
        model().run_on_batch({"x": X, "y": Y}, "accuracy")


def test_a_loss_that_is_no_number_goes_on_as_it_did() -> None:
    logs = model().train_on_batch({"x": X, "y": [[np.nan], [1.0]]}, return_dict=True)
    assert np.isnan(logs["loss"])


def test_a_checkpoint_has_everything(tmp_path: Path) -> None:
    fed, path = model(), str(tmp_path / "deep" / "model.ckpt")
    fed.train_on_batch({"x": X, "y": Y})
    assert ModelSaver(fed).save(path, global_step=7) == f"{path}-7"
    assert tf.train.latest_checkpoint(str(tmp_path / "deep")) == f"{path}-7"
    reader = tf.train.load_checkpoint(f"{path}-7")
    assert {"fc/weights", "fc/biases", "global_step"} < reader.get_variable_to_shape_map().keys()
    assert reader.get_tensor("global_step") == 1
    other = model()
    ModelSaver(other).restore(f"{path}-7")
    for each in (fed, other):
        each.train_on_batch({"x": X, "y": Y})
    for mine, theirs in zip(fed.variables, other.variables, strict=True):
        np.testing.assert_array_equal(mine, theirs)  # momentum too
    assert int(other.optimizer.iterations) == 2


def test_some_variables(tmp_path: Path) -> None:
    fed, path = model(), str(tmp_path / "model.ckpt")
    weights, biases = fed.trainable_variables
    biases.assign([7.0])
    ModelSaver(fed, var_list=[weights]).save(path)
    assert set(tf.train.load_checkpoint(path).get_variable_to_shape_map()) == {"fc/weights"}
    other = model()
    fed.train_on_batch({"x": X, "y": Y})
    ModelSaver(other, var_list=other.trainable_variables[:1]).restore(path)
    ModelSaver(fed, var_list={"fc/weights": weights}).restore(path)
    np.testing.assert_array_equal(other.trainable_variables[0], weights)
    np.testing.assert_array_equal(other.trainable_variables[1], [0.0])
    with pytest.raises(ValueError, match="has no fc/biases"):
        ModelSaver(fed, var_list=[biases]).restore(path)


def test_moving_averages_have_the_names_of_shadows(tmp_path: Path) -> None:
    path = str(tmp_path / "model.ckpt")
    saved = []
    for _ in range(2):
        fed = model()
        fed.compile(MovingAverageOptimizer(keras.optimizers.SGD(0.125), average_decay=0.5))
        if saved:
            ModelSaver(fed).restore(path)
        else:
            fed.train_on_batch({"x": X, "y": Y})
        ModelSaver(fed).save(path)
        reader = tf.train.load_checkpoint(path)
        saved.append(reader.get_tensor("fc/weights/ExponentialMovingAverage"))
        names = set(reader.get_variable_to_shape_map())
        weights = {"fc/weights", "fc/biases"}
        averages = {f"{name}/ExponentialMovingAverage" for name in weights}
        assert names == {*weights, *averages, "global_step", "optimizer/iteration"}
        assert (saved[-1] != reader.get_tensor("fc/weights")).all()
    np.testing.assert_array_equal(*saved)


def test_the_last_are_kept(tmp_path: Path) -> None:
    saver, path = ModelSaver(model(), max_to_keep=2), str(tmp_path / "model.ckpt")
    for step in (1, 2, 3, 3):
        saver.save(path, step)
    found = sorted(file.name for file in tmp_path.glob("*.index"))
    assert found == ["model.ckpt-2.index", "model.ckpt-3.index"]


def test_a_checkpoint_of_tensorflow_1(tmp_path: Path) -> None:
    path = str(tmp_path / "model.ckpt")
    values = {"fc/weights": [[3.0], [4.0]], "fc/biases": [5.0]}
    tf.raw_ops.SaveV2(
        prefix=path,
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=[tf.constant(value) for value in values.values()],
    )
    fed = model()
    ModelSaver(fed).restore(path)  # slots: test_legacy_slots.py
    np.testing.assert_array_equal(fed.trainable_variables[0], [[3.0], [4.0]])
    assert int(fed.optimizer.iterations) == 0


@pytest.mark.parametrize(
    ("name", "message"), [("fc/weights", "has no fc/biases"), ("other", "has no fc/")]
)
def test_a_checkpoint_that_lacks_a_variable(name: str, message: str, tmp_path: Path) -> None:
    path = str(tmp_path / "model.ckpt")
    tf.raw_ops.SaveV2(
        prefix=path, tensor_names=[name], shape_and_slices=[""], tensors=[tf.zeros([2, 1])]
    )
    with pytest.raises(ValueError, match=message):
        ModelSaver(model()).restore(path)


def build_logged(x: Any) -> Any:
    log_scalar("average", tf.reduce_mean(x))
    return tf.reduce_sum(fully_connected(x, 1, activation_fn=None, scope="fc"))


def values_of(text: bytes) -> dict[str, float]:
    summary = tf.compat.v1.Summary.FromString(text)
    return {value.tag: value.simple_value for value in summary.value}


def test_summaries_of_a_step_and_without_one(tmp_path: Path) -> None:
    fed = FedModel(build_logged, x=tf.TensorSpec([None, 2], tf.float32))
    fed.compile(optimizer=keras.optimizers.SGD(0.125))
    for size in (1, 3):  # a trace for each shape
        logs = fed.train_on_batch({"x": np.ones([size, 2])}, return_dict=True, summaries=True)
        assert logs.keys() == {"loss", "average", "summaries"}
        assert values_of(logs["summaries"]) == {"average": 1.0}
    assert fed.train_on_batch({"x": X}, return_dict=True).keys() == {"loss", "average"}
    text, loss = fed.run_on_batch({"x": X}, ["summaries", "loss"])
    assert values_of(text) == {"average": 2.5} and isinstance(loss, np.float32)
    assert int(fed.optimizer.iterations) == 3
    fed.compile(optimizer=keras.optimizers.SGD(0.0))  # the next step is by another optimizer
    before = fed.weights[0].numpy()
    fed.train_on_batch({"x": X}, summaries=True)
    np.testing.assert_array_equal(fed.weights[0], before)
    writer = EventWriter(str(tmp_path / "events"))
    writer.add_summary(text, 7)
    writer.add_summary(tf.compat.v1.Summary.FromString(text))
    writer.flush()
    writer.close()
    (path,) = (tmp_path / "events").iterdir()
    events = list(tf.compat.v1.train.summary_iterator(str(path)))
    assert [e.step for e in events if e.summary.value] == [7, 0]
