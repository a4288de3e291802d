"""`tf.layers` against the legacy layers in a TF 1 graph: names, values, updates, losses.

Each case is one function of a namespace that has `tf.layers`' functions and TF 1's scopes, run on
both sides in each place where migrated code runs. Weights are random and moved by name.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from old_side import placeholder_for, random_value, v1

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

IMAGES = np.random.default_rng(1).normal(size=(2, 9, 8, 6)).astype("float32")
ROWS = np.random.default_rng(2).normal(size=(5, 7)).astype("float32")
SEQUENCES = np.random.default_rng(3).normal(size=(2, 8, 4)).astype("float32")
VOLUMES = np.random.default_rng(4).normal(size=(2, 5, 6, 4, 3)).astype("float32")
CHANNELS_FIRST = np.ascontiguousarray(IMAGES.transpose(0, 3, 1, 2))
SEQUENCES_FIRST = np.ascontiguousarray(SEQUENCES.transpose(0, 2, 1))

NAMES = (
    "dense conv1d conv2d conv3d conv2d_transpose conv3d_transpose separable_conv1d "
    "separable_conv2d max_pooling1d max_pooling2d max_pooling3d average_pooling1d "
    "average_pooling2d average_pooling3d batch_normalization dropout flatten"
).split()


def l2(scale: float) -> Any:
    """A regularizer that either side understands."""
    return lambda weights: scale * tf.reduce_sum(tf.square(weights))


def under_a_scope(s: Any, x: Any, t: Any) -> Any:
    with s.variable_scope("outer", initializer=tf.constant_initializer(0.5), regularizer=l2(0.1)):
        x = s.conv2d(x, 4, 3, name="a", kernel_regularizer=l2(0.2))
        with s.variable_scope("inner"):
            return s.dense(x, 3), s.dense(x, 2, use_bias=False)


def default_names(s: Any, x: Any, t: Any) -> Any:
    """Names are counted across layers with and without variables, given names included."""
    x = s.conv2d(x, 4, 3)
    x = s.conv2d(x, 4, 1, name="conv2d_2")
    x = s.max_pooling2d(x, 2, 2, name="pool")
    x = s.conv2d(x, 4, 1)
    x = s.batch_normalization(x, training=t)
    with s.variable_scope("pool"):
        x = s.conv2d(x, 4, 1, name="pool_1") + s.conv2d(x, 4, 1)
    with s.variable_scope("drop"):
        x = s.dropout(x)
    x = s.conv2d(s.dropout(x, name="drop"), 3, 1)
    with s.variable_scope(None, "drop"):
        x = s.conv2d(x, 3, 1)
    x = s.max_pooling2d(x, 1, 1, name="pool")
    with s.variable_scope(None, "pool"):
        x = s.conv2d(x, 2, 1)
    x = s.flatten(s.flatten(x), name="dense")
    with s.variable_scope(None, "dense"):
        return s.dense(x, 3), s.dense(x, 2)


def shared(s: Any, x: Any, t: Any) -> Any:
    first = s.dense(x, 4, name="fc", kernel_regularizer=l2(0.3))
    second = s.dense(first[:, :1] * x, 4, name="fc", reuse=True, kernel_regularizer=l2(0.3))
    third = s.dense(x, 3)
    fourth = s.dense(x, 3, reuse=True)
    with s.variable_scope("tower", reuse=s.AUTO_REUSE):
        fifth = s.dense(x, 2)
    with s.variable_scope("tower", reuse=s.AUTO_REUSE):
        sixth = s.dense(2 * x, 2)
    with s.variable_scope("scope") as scope:
        pass
    seventh = s.dense(x, 3, name=scope)
    return first, second, third, fourth, fifth, sixth, seventh


def shared_norm(s: Any, x: Any, t: Any) -> Any:
    first = s.batch_normalization(x, training=t, name="bn", momentum=0.8)
    return first, s.batch_normalization(2 * x, training=t, name="bn", momentum=0.8, reuse=True)


def norm(x: Any = IMAGES, **settings: Any) -> tuple[Any, Any]:
    return lambda s, x, t: s.batch_normalization(x, training=t, **settings), x


def activity(s: Any, x: Any, t: Any) -> Any:
    x = s.dense(x, 4, activation=tf.nn.softplus, activity_regularizer=l2(0.1), name="a")
    return s.dense(x, 4, activity_regularizer=l2(0.2), kernel_regularizer=l2(0.3), name="b")


CASES: dict[str, tuple[Callable[..., Any], Any]] = {
    "dense": (lambda s, x, t: s.dense(x, 4), ROWS),
    "dense_positional": (lambda s, x, t: s.dense(x, 4, "tanh", False), ROWS),
    "dense_rank_4": (lambda s, x, t: s.dense(x, 4, activation="hard_sigmoid", name="a/b"), IMAGES),
    "dense_number": (lambda s, x, t: s.dense(x, np.int64(4)), ROWS),
    "dense_regularized": (
        lambda s, x, t: s.dense(x, 4, kernel_regularizer=l2(0.1), bias_regularizer=l2(0.2)),
        ROWS,
    ),
    "dense_glorot_bias": (lambda s, x, t: s.dense(x, 4, bias_initializer=None), ROWS),
    "dense_not_trainable": (lambda s, x, t: s.dense(x, 4, trainable=False), ROWS),
    "conv1d": (lambda s, x, t: s.conv1d(x, 3, 3, 2, "same"), SEQUENCES),
    "conv1d_causal": (lambda s, x, t: s.conv1d(x, 3, 3, padding="CAUSAL"), SEQUENCES),
    "conv1d_first": (
        lambda s, x, t: s.conv1d(x, 3, 3, data_format="channels_first"),
        SEQUENCES_FIRST,
    ),
    "conv2d": (lambda s, x, t: s.conv2d(x, 4, 3), IMAGES),
    "conv2d_positional": (
        lambda s, x, t: s.conv2d(x, 4, [3, 2], (2, 1), "SAME", "channels_last", 1, "relu", False),
        IMAGES,
    ),
    "conv2d_dilated": (lambda s, x, t: s.conv2d(x, 4, 3, dilation_rate=(2, 1)), IMAGES),
    "conv2d_first": (
        lambda s, x, t: s.conv2d(
            x, 4, 3, 2, "same", "channels_first", activation=lambda y: tf.nn.softmax(y, axis=1)
        ),
        CHANNELS_FIRST,
    ),
    "conv3d": (lambda s, x, t: s.conv3d(x, 4, (2, 3, 3), 2, padding="same"), VOLUMES),
    "conv2d_transpose": (lambda s, x, t: s.conv2d_transpose(x, 4, 3, 2), IMAGES),
    "conv2d_transpose_same": (
        lambda s, x, t: s.conv2d_transpose(x, 4, [4, 5], (2, 3), "same"),
        IMAGES,
    ),
    "conv2d_transpose_gaps": (lambda s, x, t: s.conv2d_transpose(x, 4, 2, 3), IMAGES),
    "conv2d_transpose_first": (
        lambda s, x, t: s.conv2d_transpose(x, 4, 3, 2, data_format="channels_first"),
        CHANNELS_FIRST,
    ),
    "conv3d_transpose": (lambda s, x, t: s.conv3d_transpose(x, 2, 3, 2, "same"), VOLUMES),
    "separable_conv1d": (
        lambda s, x, t: s.separable_conv1d(
            x, 5, 3, 2, depth_multiplier=2, pointwise_regularizer=l2(0.1)
        ),
        SEQUENCES,
    ),
    "separable_conv1d_causal": (
        lambda s, x, t: s.separable_conv1d(x, 5, 3, padding="causal", dilation_rate=[2]),
        SEQUENCES,
    ),
    "separable_conv2d": (
        lambda s, x, t: s.separable_conv2d(
            x, 5, 3, (2, 2), "same", depth_multiplier=2, depthwise_regularizer=l2(0.1)
        ),
        IMAGES,
    ),
    "separable_conv2d_dilated": (
        lambda s, x, t: s.separable_conv2d(x, 5, 3, dilation_rate=2, activation="elu"),
        IMAGES,
    ),
    "max_pooling1d": (lambda s, x, t: s.max_pooling1d(x, 3, 2, "same"), SEQUENCES),
    "max_pooling2d": (lambda s, x, t: s.max_pooling2d(x, [3, 2], 2, name="p"), IMAGES),
    "max_pooling3d": (lambda s, x, t: s.max_pooling3d(x, 2, (1, 2, 2), padding="SAME"), VOLUMES),
    "average_pooling1d": (lambda s, x, t: s.average_pooling1d(x, 3, 1), SEQUENCES),
    "average_pooling2d": (lambda s, x, t: s.average_pooling2d(x, 3, 2, "same"), IMAGES),
    "average_pooling3d": (lambda s, x, t: s.average_pooling3d(x, 2, 1, "same"), VOLUMES),
    "max_pooling2d_first": (
        lambda s, x, t: s.max_pooling2d(x, 2, 1, data_format="channels_first"),
        CHANNELS_FIRST,
    ),
    "flatten": (lambda s, x, t: s.flatten(x), IMAGES),
    "flatten_first": (lambda s, x, t: s.flatten(x, data_format="channels_first"), CHANNELS_FIRST),
    "flatten_rank_1": (lambda s, x, t: s.flatten(x), ROWS[:, 0]),
    "dropout_off": (lambda s, x, t: s.dropout(x, 0.4), ROWS),
    "norm": norm(),
    "norm_positional": (lambda s, x, t: s.batch_normalization(x, 3, 0.9, 0.01, False), IMAGES),
    "norm_rank_2": norm(ROWS, momentum=0.5),
    "norm_rank_3": norm(SEQUENCES, momentum=0.5, axis=[2]),
    "norm_rank_3_first": norm(SEQUENCES, momentum=0.5, axis=1),
    "norm_first": norm(CHANNELS_FIRST, axis=1, fused=False, momentum=0.5),
    "norm_first_fused": norm(CHANNELS_FIRST, axis=-3, momentum=0.5),
    "norm_not_fused": norm(fused=False, momentum=0.5, scale=False),
    "norm_not_trainable": norm(trainable=False, momentum=0.5),
    "norm_tiny_epsilon": norm(epsilon=1e-6),
    "norm_regularized": norm(gamma_regularizer=l2(0.1), beta_regularizer=l2(0.2)),
    "activity": (activity, ROWS),
    "under_a_scope": (under_a_scope, IMAGES),
    "default_names": (default_names, IMAGES),
    "shared": (shared, ROWS),
    "shared_norm": (shared_norm, IMAGES),
}


@pytest.fixture(scope="module")
def old() -> Any:
    """The legacy layers, whose functions are `tf.layers`'."""
    home = "tf_keras.src.legacy_tf_layers"
    parts = [
        importlib.import_module(f"{home}.{part}")
        for part in ("core", "convolutional", "pooling", "normalization")
    ]
    layers = {name: getattr(part, name) for part in parts for name in NAMES if hasattr(part, name)}
    assert len(layers) == len(NAMES)
    scopes = ("variable_scope", "AUTO_REUSE", "get_variable")
    return SimpleNamespace(**layers, **{name: getattr(v1, name) for name in scopes})


@pytest.fixture(scope="module")
def new_layers(new: Any) -> Any:
    """The written module's functions under the names of `tf.layers`."""
    layers = {name: getattr(new, f"tf_{name}") for name in NAMES}
    scopes = ("variable_scope", "AUTO_REUSE", "get_variable")
    return SimpleNamespace(**layers, **{name: getattr(new, name) for name in scopes})


def in_graph(s: Any, build: Any, x: np.ndarray, training: Any) -> dict[str, Any]:
    """What a session sees of the layers: all that a script may ask of the graph."""
    with tf.Graph().as_default(), v1.Session() as session:
        placeholder = placeholder_for(x, static=x.ndim == 1)
        outputs = build(s, placeholder, training)
        variables = {v.op.name: v for v in v1.global_variables()}
        session.run(v1.global_variables_initializer())
        for name, variable in variables.items():
            variable.load(random_value(name, tuple(variable.shape)), session)
        losses = v1.losses.get_regularization_losses()
        loss = session.run(tf.add_n(losses), {placeholder: x}) if losses else 0.0
        updates = v1.get_collection("update_ops")
        values, _ = session.run([outputs, updates], {placeholder: x})
        return {
            "outputs": tf.nest.flatten(values),
            "variables": {name: tuple(v.shape) for name, v in variables.items()},
            "trainable": {v.op.name for v in v1.trainable_variables()},
            "model": [v.op.name for v in v1.get_collection("model_variables")],
            "loss": loss,
            "updates": len(updates),
            "after": {name: session.run(v) for name, v in variables.items()},
        }


def assert_close(found: Any, expected: Any) -> None:
    for value, other in zip(found, expected, strict=True):
        value, other = np.asarray(value), np.asarray(other)
        assert value.shape == other.shape and value.dtype == other.dtype
        assert np.abs(value - other).max() <= 1e-5 * max(1.0, np.abs(other).max())


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_in_a_tf_1_graph(name: str, training: bool, old: Any, new_layers: Any) -> None:
    build, x = CASES[name]
    expected, found = (in_graph(s, build, x, training) for s in (old, new_layers))
    assert_close(found["outputs"], expected["outputs"])
    for key in ("variables", "trainable", "model", "updates"):
        assert found[key] == expected[key], key
    assert list(found["variables"]) == list(expected["variables"])
    assert np.allclose(found["loss"], expected["loss"], rtol=1e-5)
    for path, value in expected["after"].items() if name != "shared_norm" else ():
        assert np.allclose(found["after"][path], value, atol=1e-6), path


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kind", ["functional", "traced"])
@pytest.mark.parametrize("name", CASES)
def test_in_a_model(
    name: str, kind: str, training: bool, old: Any, new_layers: Any, new: Any
) -> None:
    build, x = CASES[name]
    if kind == "functional" and name in ("conv2d_first", "activity"):
        pytest.skip("holds TensorFlow code")
    expected = in_graph(old, build, x, training)
    if kind == "functional":
        model = new.functional_model(
            lambda x: build(new_layers, x, training), keras.Input(x.shape[1:])
        )
    else:
        model = new.TracedModel(lambda x: build(new_layers, x, training))
        model(x)
    variables = new.legacy_variables(model)
    assert {k: tuple(v.shape) for k, v in variables.items()} == expected["variables"]
    assert {k for k, v in variables.items() if v.trainable} == expected["trainable"]
    for path, variable in variables.items():
        variable.assign(random_value(path, tuple(variable.shape)))
    assert_close(tf.nest.flatten(model(x, training=training)), expected["outputs"])
    assert np.allclose(sum(float(loss) for loss in model.losses), expected["loss"], rtol=1e-5)
    if name == "shared_norm":
        return  # two updates of one average: TF 1 left their order open
    for path, variable in variables.items():
        assert np.allclose(variable.numpy(), expected["after"][path], atol=1e-6), path


@pytest.mark.parametrize("name", ["dense", "separable_conv2d", "norm"])
def test_float64(name: str, old: Any, new_layers: Any) -> None:
    build, x = CASES[name]
    expected, found = (in_graph(s, build, x.astype("float64"), False) for s in (old, new_layers))
    assert_close(found["outputs"], expected["outputs"])
    assert found["outputs"][0].dtype == "float64"


def training_flags(s: Any, x: np.ndarray) -> list[Any]:
    """Batch normalization and dropout switched by a placeholder, over some steps."""
    with tf.Graph().as_default(), v1.Session() as session:
        flag, placeholder = v1.placeholder("bool", []), placeholder_for(x)
        y = s.batch_normalization(placeholder, momentum=0.5, training=flag)
        dropped = s.dropout(placeholder, 0.4, noise_shape=[None, 1, 1, 6], training=flag)
        updates = v1.get_collection("update_ops")
        session.run(v1.global_variables_initializer())
        found = []
        for training in (True, True, False, True, False):
            found.append(session.run([y, updates], {flag: training, placeholder: x})[0])
        found.append(session.run(dropped, {flag: False, placeholder: x}))
        mask = session.run(dropped, {flag: True, placeholder: x}) / x
        assert np.isclose(mask, 0).any() and np.isclose(mask, 1 / 0.6).any()
        assert np.all(np.isclose(mask[:, :1, :1], mask) | (x == 0))
        return [*found, len(updates)]


def test_a_training_placeholder(old: Any, new_layers: Any) -> None:
    expected, found = training_flags(old, IMAGES), training_flags(new_layers, IMAGES)
    assert_close(found, expected)


def test_dropout_follows_keras(new: Any, new_layers: Any) -> None:
    rows = np.ones((50, 40), "float32")
    for model in (
        new.functional_model(new.tf_dropout, keras.Input((40,)), 0.25, training=True),
        new.TracedModel(new.tf_dropout, 0.25, training=True),
    ):
        assert np.array_equal(model(rows), rows)
        first, second = model(rows, training=True), model(rows, training=True)
        assert np.any(first != second)
        assert set(np.unique(first)) == {0.0, np.float32(1 / 0.75)}
        assert 0.7 < np.mean(np.asarray(first) > 0) < 0.8


def constrained(s: Any) -> dict[str, Any]:
    """Weights after a step of an optimizer of TF 1, which applies constraints."""
    with tf.Graph().as_default(), v1.Session() as session:
        x = s.dense(
            tf.constant(ROWS), 4, kernel_constraint=tf.nn.relu, bias_constraint=lambda b: b + 1.0
        )
        x = s.separable_conv1d(x[:, :, None], 2, 1, pointwise_constraint=lambda w: 0.5 * w)
        x = s.batch_normalization(x, gamma_constraint=lambda g: g + 2.0)
        step = v1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(x**2))
        session.run(v1.global_variables_initializer())
        for v in v1.global_variables():
            v.load(random_value(v.op.name, tuple(v.shape)), session)
        session.run(step)
        return {v.op.name: session.run(v) for v in v1.global_variables()}


def test_constraints_in_a_tf_1_graph(old: Any, new_layers: Any) -> None:
    expected, found = constrained(old), constrained(new_layers)
    assert list(found) == list(expected)
    assert_close(found.values(), expected.values())
    assert found["dense/kernel"].min() == 0.0


def test_constraints_of_a_model(new: Any) -> None:
    model = new.functional_model(
        new.tf_dense, keras.Input((7,)), 3, kernel_constraint=keras.constraints.NonNeg()
    )
    model.compile("sgd", "mse")
    model.fit(ROWS, np.zeros((5, 3)), verbose=0)
    assert model.weights[0].numpy().min() == 0.0


def test_activity_losses_of_models(new: Any) -> None:
    def net(x: Any) -> Any:
        return new.tf_dense(x, 3, activity_regularizer=keras.regularizers.L2(0.5))

    for model in (new.functional_model(net, keras.Input((7,))), new.TracedModel(net)):
        for rows in (ROWS, ROWS[:2]):
            expected = 0.5 * np.sum(np.square(model(rows))) / len(rows)
            assert np.allclose(sum(model.losses), expected, rtol=1e-5)
        model.compile("sgd", lambda y, p: 0.0 * keras.ops.sum(p))
        expected = 0.5 * np.sum(np.square(model(ROWS))) / len(ROWS)
        assert np.allclose(model.evaluate(ROWS, np.zeros((5, 3)), verbose=0), expected, rtol=1e-5)
        model.fit(ROWS, np.zeros((5, 3)), verbose=0)
        assert 0.5 * np.sum(np.square(model(ROWS))) / len(ROWS) < expected


def test_saving(new: Any, new_layers: Any, tmp_path: Path) -> None:
    def net(x: Any) -> Any:
        x = new.tf_conv2d(x, 4, 3, activity_regularizer=keras.regularizers.L2(0.1))
        x = new.tf_batch_normalization(new.tf_separable_conv2d(x, 3, 1), training=True)
        x = new.tf_dropout(new.tf_max_pooling2d(x, 2, 2), training=True)
        return new.tf_dense(new.tf_flatten(x), 2, name="logits")

    model = new.functional_model(net, keras.Input((9, 8, 6)))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert list(new.legacy_variables(loaded)) == list(new.legacy_variables(model))
    assert "separable_conv2d/depthwise_kernel" in new.legacy_variables(loaded)
    assert np.allclose(loaded(IMAGES), model(IMAGES))


def test_variables_by_slims_lists(new: Any) -> None:
    """TF 1 counted slim's variables as the model's, those of tf.layers not."""

    def net(x: Any) -> Any:
        x = new.tf_dense(new.fully_connected(x, 3), 2)
        assert len(new.get_model_variables()) == 2
        assert len(new.get_variables()) == len(new.get_trainable_variables()) == 4
        return x

    new.functional_model(net, keras.Input((7,)))
    new.TracedModel(net)(ROWS)
    with tf.Graph().as_default():
        net(tf.constant(ROWS))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("batch_normalization", {"renorm": True}),
        ("batch_normalization", {"virtual_batch_size": 1}),
        ("batch_normalization", {"adjustment": lambda shape: (1.0, 0.0)}),
        ("batch_normalization", {"axis": [1, 2]}),
        ("batch_normalization", {"axis": 2}),
        ("max_pooling2d", {"pool_size": 2, "strides": None}),
        ("conv2d", {"filters": 2, "kernel_size": 1, "data_format": "sideways"}),
    ],
)
def test_what_is_refused(name: str, settings: dict[str, Any], new: Any) -> None:
    with new.layer_graph(), pytest.raises(ValueError, match=r"none of|axis|strides|data_format"):
        getattr(new, f"tf_{name}")(tf.constant(IMAGES), **settings)


def test_a_name_met_twice_without_reuse(new: Any) -> None:
    def net(x: Any) -> Any:
        return new.tf_dense(new.tf_dense(x, 7, name="fc"), 7, name="fc")

    with pytest.raises(ValueError, match="fc/kernel already exists"):
        new.functional_model(net, keras.Input((7,)))
    with tf.Graph().as_default(), pytest.raises(ValueError, match="fc/kernel already exists"):
        net(tf.constant(ROWS))


def test_every_part_is_served(new: Any) -> None:
    assert all(callable(getattr(new, f"tf_{name}")) for name in NAMES)
