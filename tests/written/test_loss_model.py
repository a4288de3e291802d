"""A loss built step by step: TF 1's graph with sessions beside `LossModel.fit`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from old_side import ops, random_value, slim, v1

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

ops.IndexedSlices = tf.IndexedSlices  # TF-Slim looks for it where it was in TF 1
RNG = np.random.default_rng(2)
IMAGES = RNG.normal(size=(24, 6, 6, 3)).astype("float32")
LABELS = RNG.integers(0, 3, 24).astype("int64")
BATCH = 8


def total_loss(s: Any, get_total_loss: Any, images: Any, labels: Any) -> Any:
    """A loss of a classifier with batch norm, and its regularization."""
    with (
        s.variable_scope("net"),
        s.arg_scope([s.conv2d, s.fully_connected], weights_regularizer=s.l2_regularizer(0.01)),
    ):
        net = s.conv2d(images, 4, 3, normalizer_fn=s.batch_norm)
        net = s.fully_connected(s.flatten(net), 3, activation_fn=None)
    v1.losses.sparse_softmax_cross_entropy(labels, net)
    return get_total_loss()


def batches() -> Any:
    return tf.data.Dataset.from_tensor_slices((IMAGES, LABELS)).repeat().batch(BATCH, True)


def old_steps(steps: int, **options: Any) -> dict[str, Any]:
    """Losses and variables of slim's own training operation."""
    learning = __import__("tf_slim.learning").learning
    with tf.Graph().as_default(), v1.Session() as session:
        images, labels = v1.data.make_one_shot_iterator(batches()).get_next()
        s = type("S", (), {n: getattr(slim, n) for n in NAMES} | {"variable_scope": SCOPE})
        loss = total_loss(s, v1.losses.get_total_loss, images, labels)
        optimizer = v1.train.GradientDescentOptimizer(0.05)
        train_op = learning.create_train_op(loss, optimizer, **options)
        session.run(v1.global_variables_initializer())
        variables = {v.op.name: v for v in v1.global_variables() if v.op.name != "global_step"}
        for name, variable in variables.items():
            session.run(variable.assign(random_value(name, tuple(variable.shape))))
        losses = [float(session.run(train_op)) for _ in range(steps)]
        return {"losses": losses, **{name: session.run(v) for name, v in variables.items()}}


SCOPE = staticmethod(v1.variable_scope)
NAMES = "arg_scope conv2d fully_connected l2_regularizer batch_norm flatten".split()


class Losses(keras.callbacks.Callback):
    """The loss of each step, not their mean."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.losses.append(float(logs["loss"]))


def new_steps(new: Any, steps: int, **options: Any) -> dict[str, Any]:
    def loss() -> Any:
        images, labels = new.next_batch(batches())
        return total_loss(new, new.get_total_loss, images, labels)

    model = new.LossModel(loss)
    variables = new.legacy_variables(model)
    for name, variable in variables.items():
        variable.assign(random_value(name, tuple(variable.shape)))
    model.compile(optimizer=keras.optimizers.SGD(0.05), **options)
    kept = Losses()
    model.fit(model.batches, steps_per_epoch=steps, verbose=0, callbacks=[kept])
    return {"losses": kept.losses, **{name: v.numpy() for name, v in variables.items()}}


OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "clipped": {"clip_gradient_norm": 0.05},
    "multiplied": {"gradient_multipliers": {"net/Conv/weights": 3.0}},
}


@pytest.mark.parametrize("steps", [1, 3, 40])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=list(OPTIONS))
def test_steps_are_those_of_the_graph(options: Any, steps: int, new: Any) -> None:
    expected, found = old_steps(steps, **options), new_steps(new, steps, **options)
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, 1e-4, 1e-5, err_msg=name)


def trained(new: Any, folder: Any, until: int, **options: Any) -> dict[str, Any]:
    """Fits on one batch again and again up to a step, from the last checkpoint of the folder."""

    def loss() -> Any:
        images, labels = new.next_batch(tf.data.Dataset.from_tensors((IMAGES, LABELS)).repeat())
        return total_loss(new, new.get_total_loss, images, labels)

    model = new.LossModel(loss)
    variables = new.legacy_variables(model)
    for name, variable in variables.items():
        variable.assign(random_value(name, tuple(variable.shape)))
    model.compile(optimizer=keras.optimizers.SGD(0.05, momentum=0.9))
    logged = new.LogLoss(2)
    callbacks = [new.Checkpoints(folder, **options), new.StopAtStep(until), logged]
    model.fit(model.batches, steps_per_epoch=until, verbose=0, callbacks=callbacks)
    slots = {
        v.name.partition("_net")[2]: v.numpy()
        for v in model.optimizer.variables
        if v.name.endswith("momentum")
    }
    values = {name: v.numpy() for name, v in variables.items()}
    return {"loss": logged.loss, "step": int(model.optimizer.iterations), **slots, **values}


def test_a_run_in_two_parts_is_one_run(new: Any, tmp_path: Any) -> None:
    whole = trained(new, None, 7)
    folder = str(tmp_path / "run")
    trained(new, folder, 3)
    parts = trained(new, folder, 7)
    assert parts["step"] == 7 and len(parts) > 8
    for name, value in whole.items():
        np.testing.assert_allclose(parts[name], value, 1e-5, 1e-6, err_msg=name)


def test_checkpoints_are_read_by_name(new: Any, tmp_path: Any) -> None:
    values = trained(new, str(tmp_path), 4, save_interval_secs=0, max_to_keep=2)
    state = tf.train.get_checkpoint_state(str(tmp_path))
    kept = [str(tmp_path / f"model.ckpt-{step}") for step in (3, 4)]
    assert list(state.all_model_checkpoint_paths) == kept
    assert sorted(p.name for p in tmp_path.glob("*.index")) == [
        "model.ckpt-3.index", "model.ckpt-4.index"
    ]  # fmt: skip
    with tf.Graph().as_default(), v1.Session() as session:
        step = v1.train.get_or_create_global_step()
        weights = v1.get_variable("net/Conv/weights", [3, 3, 3, 4])
        v1.train.Saver([step, weights]).restore(session, state.model_checkpoint_path)
        assert session.run(step) == 4
        np.testing.assert_array_equal(session.run(weights), values["net/Conv/weights"])


def test_init_fn_is_for_the_first_run(new: Any, tmp_path: Any) -> None:
    called: list[Any] = []
    trained(new, str(tmp_path), 1, init_fn=called.append)
    trained(new, str(tmp_path), 2, init_fn=called.append)
    assert called == [None]


def test_a_checkpoint_of_another_model(new: Any, tmp_path: Any) -> None:
    with tf.Graph().as_default(), v1.Session() as session:
        v1.train.create_global_step()
        v1.get_variable("net/Conv/weights", [1, 1, 3, 4])
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(tmp_path / "model.ckpt"))
    with pytest.raises(ValueError, match=r"net/Conv/weights has the shape \(1, 1, 3, 4\)"):
        trained(new, str(tmp_path), 1)


def test_batches_belong_to_a_loss_model(new: Any) -> None:
    with pytest.raises(RuntimeError, match="iterate over the dataset"):
        new.next_batch(batches())
    with pytest.raises(ValueError, match="may read one dataset"):
        new.LossModel(lambda: new.next_batch(batches())[0] + new.next_batch(batches())[0])


@pytest.mark.parametrize("looks_up", [False, True])
def test_batches_in_a_graph(looks_up: bool, new: Any) -> None:
    def named(image: Any, label: Any) -> Any:
        return image, table.lookup(label) if looks_up else tf.strings.as_string(label)

    with tf.Graph().as_default(), v1.Session() as session:
        keys = tf.range(3, dtype=tf.int64)
        values = tf.strings.as_string(keys)
        initializer = tf.lookup.KeyValueTensorInitializer(keys, values)
        table = tf.lookup.StaticHashTable(initializer, "?")
        images, labels = new.next_batch(batches().map(named))
        if looks_up:
            session.run(v1.tables_initializer())
        for step in range(2):
            found = session.run([images, labels])
            part = slice(BATCH * step, BATCH * (step + 1))
            np.testing.assert_array_equal(found[0], IMAGES[part])
            assert [int(label) for label in found[1]] == LABELS[part].tolist()


def test_constants_with_losses_that_eager_code_does_not_keep(new: Any) -> None:
    def build_loss() -> Any:
        logits = new.fully_connected(IMAGES.reshape(24, -1), 3, activation_fn=None)
        v1.losses.sparse_softmax_cross_entropy(LABELS, logits)
        return new.get_total_loss()

    model = new.LossModel(build_loss)
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    first, second = (model.train_on_batch(0) for _ in range(2))
    assert 0 < second < first


def test_there_is_something_to_train(new: Any) -> None:
    def build_loss() -> Any:
        return tf.reduce_mean(new.fully_connected(IMAGES.reshape(24, -1), 3))

    model = new.LossModel(build_loss)
    with pytest.raises(ValueError, match="variables_to_train is empty"):
        model.compile(optimizer=keras.optimizers.SGD(0.1), variables_to_train=[])


def test_a_function_that_fails_before_it_reads(new: Any) -> None:
    def build_loss() -> Any:
        if not tf.inside_function():
            raise KeyError("images")
        return tf.reduce_mean(tf.cast(new.next_batch(batches())[0], tf.float32))

    with pytest.raises(RuntimeError, match="fails before it reads a batch"):
        new.LossModel(build_loss)


def test_a_function_that_fails(new: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        new.LossModel(lambda: 1 / 0)
