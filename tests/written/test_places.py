"""The places where a network runs: functional model, traced model, TF 1 graph; and reuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import imported
from old_side import random_value, run_old, slim, v1

from slimport.verify.workers.migrated import traced_model
from slimport.written.assemble import assemble

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

IMAGES = np.random.default_rng(0).normal(size=(4, 12, 12, 3)).astype("float32")


def net(s: Any, x: Any, is_training: Any = True, collection: Any = "points") -> Any:
    """A small network with unnamed and named layers, end points and a shared collection."""
    params = {"is_training": is_training, "decay": 0.9}
    convolutions = [s.conv2d, s.separable_conv2d]
    with s.variable_scope("Net") as scope:
        with (
            s.arg_scope(convolutions, normalizer_fn=s.batch_norm, normalizer_params=params),
            s.arg_scope([*convolutions, s.max_pool2d], outputs_collections=collection),
        ):
            x = s.separable_conv2d(x, 8, 3, 1, 2, scope="first")
            x = s.repeat(x, 2, s.conv2d, 8, [3, 3])
            with s.variable_scope("branch", values=[x]):
                x = s.conv2d(x, 4, 1) + s.conv2d(x, 4, 1)
                x = s.max_pool2d(x, 2, scope="pool")
            x = s.max_pool2d(x, 2, padding="SAME")
        x = s.flatten(x)
        x = s.fully_connected(x, 5, activation_fn=None, scope="logits")
        return {"logits": x, **s.convert_collection_to_dict("points")}, scope.name


def outputs(s: Any, x: Any, is_training: Any = True) -> Any:
    return net(s, x, is_training)[0]


def set_random(variables: dict[str, Any]) -> None:
    for path, variable in variables.items():
        variable.assign(random_value(path, tuple(variable.shape)))


def assert_close(new_values: Any, old_values: Any, tolerance: float = 1e-5) -> None:
    assert list(new_values) == list(old_values)
    for name, value in old_values.items():
        assert np.abs(np.asarray(new_values[name]) - value).max() <= tolerance * np.abs(value).max()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", ["functional", "traced"])
def test_a_network_with_end_points(kind: str, training: bool, old: Any, new: Any) -> None:
    expected = run_old(lambda x: outputs(old, x, training), IMAGES)
    if kind == "functional":
        model = new.functional_model(
            lambda x: outputs(new, x, training), keras.Input(IMAGES.shape[1:])
        )
    else:
        model = new.TracedModel(lambda x: outputs(new, x, training))
        model.build((None, *IMAGES.shape[1:]))
    variables = new.legacy_variables(model)
    assert {k: tuple(v.shape) for k, v in variables.items()} == expected.variables
    set_random(variables)
    assert_close(model(IMAGES, training=training), expected.outputs)
    for path, variable in variables.items():
        assert np.allclose(variable.numpy(), expected.after[path], atol=1e-6)


def test_false_means_inference_even_while_the_model_trains(old: Any, new: Any) -> None:
    expected = run_old(lambda x: outputs(old, x, False), IMAGES)
    for model in (
        new.functional_model(lambda x: outputs(new, x, False), keras.Input(IMAGES.shape[1:])),
        new.TracedModel(lambda x: outputs(new, x, False)),
    ):
        model(IMAGES)
        variables = new.legacy_variables(model)
        set_random(variables)
        assert_close(model(IMAGES, training=True), expected.outputs)
        for path, variable in variables.items():
            assert np.array_equal(variable.numpy(), random_value(path, tuple(variable.shape)))


def test_layer_names_of_a_functional_model(new: Any) -> None:
    model = new.functional_model(lambda x: outputs(new, x), keras.Input((12, 12, 3)))
    names = [layer.name for layer in model.layers]
    assert "Net__first" in names and "Net__first__BatchNorm" in names
    assert "Net__Repeat__convolution2d_1" in names
    assert "Net__branch__Conv" in names and "Net__branch__Conv_1" in names
    assert "Net__branch__pool" in names and "Net__MaxPool2D" in names


def test_names_survive_saving(new: Any, tmp_path: Path) -> None:
    model = new.functional_model(lambda x: outputs(new, x)["logits"], keras.Input((12, 12, 3)))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert list(new.legacy_variables(loaded)) == list(new.legacy_variables(model))
    assert np.allclose(loaded(IMAGES), model(IMAGES))


def test_paths_with_underscores_map_exactly(new: Any) -> None:
    def build(x: Any) -> Any:
        x = new.conv2d(x, 2, 1, name="a__b/c")
        return new.conv2d(x, 2, 1, name="a/b__c")

    model = new.functional_model(build, keras.Input((4, 4, 3)))
    assert {name.rpartition("/")[0] for name in new.legacy_variables(model)} == {"a__b/c", "a/b__c"}


def test_plain_keras_layers_under_a_name_scope(new: Any) -> None:
    with keras.name_scope("Net"), keras.name_scope("block"):
        layer = keras.layers.DepthwiseConv2D(3, name="dw")
        dense = keras.layers.Dense(2, name="in__fc")
        inputs = keras.Input((5, 5, 2))
        model = keras.Model(inputs, dense(layer(inputs)))
    assert set(new.legacy_variables(model)) == {
        "Net/block/dw/depthwise_weights",
        "Net/block/dw/biases",
        "Net/block/in/fc/weights",
        "Net/block/in/fc/biases",
    }


def test_the_moving_variance_of_volumes_is_biased_as_in_tf_1(new: Any) -> None:
    """TF 1.15 had no fused kernel for rank 5; TF-Slim on TF 2 uses one and averages n / (n - 1)."""
    volumes = np.random.default_rng(5).normal(size=(2, 2, 2, 2, 3)).astype("float32")
    model = new.functional_model(new.batch_norm, keras.Input((2, 2, 2, 3)), momentum=0.5)
    model(volumes, training=True)
    moved = new.legacy_variables(model)["BatchNorm/moving_variance"].numpy()
    assert np.allclose(moved, 0.5 + 0.5 * volumes.reshape(-1, 3).var(0), atol=1e-6)


@pytest.mark.parametrize("name", ["batch_norm", "dropout"])
def test_a_symbolic_training_flag(name: str, new: Any) -> None:
    with new.layer_graph():
        inputs, flags = keras.Input((6, 6, 3)), keras.Input((), dtype="bool")
        outputs = getattr(new, name)(inputs, is_training=keras.ops.any(flags))
    model = keras.Model([inputs, flags], outputs)
    images = IMAGES[:, :6, :6]
    inference = model([images, np.zeros(4, bool)])
    assert np.allclose(inference, images, rtol=1e-3)
    assert np.abs(model([images, np.ones(4, bool)]) - inference).max() > 0.1


def test_a_traced_model_where_the_written_module_has_none(tmp_path: Path) -> None:
    layers = imported(assemble(["conv2d"]), tmp_path, "layers_without_traced_model")
    assert not hasattr(layers, "TracedModel")
    traced = traced_model(layers)
    model = traced(lambda x: tf.nn.crelu(layers.conv2d(x, 2, 3)))
    assert model(IMAGES).shape == (4, 12, 12, 4)
    assert list(layers.legacy_variables(model)) == ["Conv/weights", "Conv/biases"]
    assert traced_model(layers) is traced


class TestTracedModel:
    """The model that traces TensorFlow code."""

    VARIABLES = frozenset(
        {
            "conv/weights",
            "conv/BatchNorm/beta",
            "conv/BatchNorm/moving_mean",
            "conv/BatchNorm/moving_variance",
            "fully_connected/weights",
            "fully_connected/biases",
        }
    )

    @staticmethod
    def code(new: Any, x: Any, units: int = 3) -> Any:
        x = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")
        x = new.conv2d(x, 4, 3, padding="VALID", name="conv", normalizer=new.batch_norm)
        x = tf.reduce_mean(x, [1, 2])
        x = new.dropout(x, 0.5)
        assert x.graph is tf.compat.v1.get_default_graph()
        return new.fully_connected(x, units, activation=None)

    def test_eagerly_in_a_function_and_on_another_shape(self, new: Any) -> None:
        model = new.TracedModel(lambda x, units: self.code(new, x, units), units=2)
        first = model(IMAGES)
        assert first.shape == (4, 2)
        assert np.allclose(tf.function(model)(IMAGES), first)
        assert model(IMAGES[:2, :6, :8]).shape == (2, 2)
        assert set(new.legacy_variables(model)) == self.VARIABLES

    def test_fit_trains_and_predict_infers(self, new: Any) -> None:
        model = new.TracedModel(lambda x: self.code(new, x))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("sgd", loss, metrics=["accuracy"])
        model(IMAGES)
        variables = new.legacy_variables(model)
        before = {k: v.numpy() for k, v in variables.items()}
        model.fit(IMAGES, np.zeros(4, "int32"), batch_size=2, epochs=1, verbose=0)
        assert all(np.any(before[k] != v.numpy()) for k, v in variables.items())
        assert np.allclose(model.predict(IMAGES, verbose=0), model(IMAGES), atol=1e-6)
        assert model.evaluate(IMAGES, np.zeros(4, "int32"), verbose=0)
        kept = {k: v.numpy() for k, v in variables.items()}
        model.predict(IMAGES, verbose=0)
        assert all(np.array_equal(kept[k], v.numpy()) for k, v in variables.items())

    def test_inside_a_functional_model(self, new: Any) -> None:
        inner = new.TracedModel(lambda x: {"out": self.code(new, x), "in": x})
        inputs = keras.Input((12, 12, 3))
        model = keras.Model(inputs, inner(inputs))
        assert model(IMAGES)["out"].shape == (4, 3)
        assert set(new.legacy_variables(model)) == self.VARIABLES

    def test_dropout_differs_from_call_to_call(self, new: Any) -> None:
        model = new.TracedModel(lambda x: new.dropout(x, 0.5))
        assert np.any(model(IMAGES, training=True) != model(IMAGES, training=True))
        assert np.array_equal(model(IMAGES), IMAGES)

    def test_a_training_tensor(self, old: Any, new: Any) -> None:
        model = new.TracedModel(
            lambda x: new.batch_norm(x["image"], 0.5, is_training=x["flag"][0], name="bn")
        )
        model({"image": IMAGES, "flag": np.array([True])})
        for flag in (True, False):
            variables = new.legacy_variables(model)
            set_random(variables)
            expected = run_old(
                lambda x, f=flag: old.batch_norm(x, 0.5, is_training=f, scope="bn"), IMAGES
            )
            values = model({"image": IMAGES, "flag": np.array([flag])})
            assert np.allclose(values, expected.outputs, atol=1e-6)
            for path, variable in variables.items():
                assert np.allclose(variable.numpy(), expected.after[path], atol=1e-6)

    def test_operations_are_named_by_the_scopes(self, new: Any) -> None:
        names = []

        def build(x: Any) -> Any:
            with new.variable_scope("Net"), new.name_scope("part"):
                y = tf.identity(new.conv2d(x, 2, 1, name="conv"), name="point")
            names.append(y.name)
            return y

        model = new.TracedModel(build)
        inputs = keras.Input((12, 12, 3))
        keras.Model(inputs, model(inputs))(IMAGES)
        assert set(names) == {"Net/part/point:0"} and len(names) > 1

    def test_regularizers_made_in_the_trace_count_after_it(self, new: Any) -> None:
        def function(x: Any) -> Any:
            return new.conv2d(x, 2, 1, weights_regularizer=new.l1_regularizer(0.5), scope="a")

        model = new.TracedModel(function)
        model(IMAGES)
        kernel = new.legacy_variables(model)["a/weights"]
        np.testing.assert_allclose(sum(model.losses), 0.5 * np.abs(kernel.numpy()).sum(), rtol=1e-6)

    def test_a_layer_that_comes_up_late_is_refused(self, new: Any) -> None:
        def build(x: Any) -> Any:
            return new.conv2d(x, 2, 1, name=f"for_{x.shape[1]}")

        model = new.TracedModel(build)
        model(IMAGES)
        with pytest.raises(ValueError, match="not created when the model was built"):
            model(IMAGES[:, :6])


class TestReuse:
    """Sharing, as TF 1's variable scopes rule it."""

    def test_the_same_path_twice_is_an_error(self, new: Any) -> None:
        with new.layer_graph(), pytest.raises(ValueError, match="already exists"):
            for _ in range(2):
                new.conv2d(keras.Input((4, 4, 3)), 2, 1, name="conv")

    def test_two_kinds_of_layers_may_share_a_scope_but_not_a_variable(self, new: Any) -> None:
        with new.layer_graph():
            x = new.conv2d(keras.Input((4, 4, 3)), 2, 1, name="a")
            x = new.batch_norm(x, name="a")
            with pytest.raises(ValueError, match="a/weights already exists"):
                new.fully_connected(x, 2, name="a")

    def test_a_scope_of_tensorflow_would_not_name_it(self, new: Any) -> None:
        def build(x: Any) -> Any:
            with v1.variable_scope("tower"):
                return new.conv2d(x, 2, 1, name="conv")

        with pytest.raises(ValueError, match=r"conv/weights would not be named by .*tower"):
            new.functional_model(build, keras.Input((4, 4, 3)))
        with pytest.raises(ValueError, match=r"conv/weights would not be named by .*tower"):
            new.TracedModel(build)(np.zeros((1, 4, 4, 3), "float32"))
        with v1.Graph().as_default():
            build(v1.placeholder("float32", [1, 4, 4, 3]))
            assert v1.global_variables()[0].name == "tower/conv/weights:0"

    def test_reuse_of_a_missing_layer_is_an_error(self, new: Any) -> None:
        with new.layer_graph(), pytest.raises(ValueError, match="does not exist"):
            new.conv2d(keras.Input((4, 4, 3)), 2, 1, name="conv", reuse=True)

    def test_reuse_with_another_shape_is_an_error(self, new: Any) -> None:
        with new.layer_graph():
            x = keras.Input((4, 4, 3))
            new.conv2d(x, 2, 1, name="conv")
            with pytest.raises(ValueError, match="Trying to share variable conv/weights"):
                new.conv2d(x, 3, 1, name="conv", reuse=True)

    def test_reuse_returns_the_layer_and_counts_losses_once(self, new: Any) -> None:
        def build(x: Any) -> Any:
            kept = []
            for reuse in (None, True, new.AUTO_REUSE):
                with new.variable_scope("tower", reuse=reuse):
                    regularizer = keras.regularizers.L2(0.5)
                    kept.append(new.conv2d(x, 2, 1, kernel_regularizer=regularizer, name="conv"))
            return kept

        model = new.functional_model(build, keras.Input((4, 4, 3)))
        assert [type(layer).__name__ for layer in model.layers] == ["InputLayer", "Conv2D"]
        assert len(model.losses) == 1
        a, b, c = model(IMAGES[:, :4, :4])
        assert np.array_equal(a, b) and np.array_equal(a, c)

    def test_reuse_with_another_stride_shares_the_variables(self, old: Any, new: Any) -> None:
        def build(s: Any, x: Any) -> Any:
            a = s.conv2d(x, 2, 3, scope="conv", activation_fn=None)
            return a, s.conv2d(x, 2, 3, stride=2, scope="conv", reuse=True)

        expected = run_old(lambda x: build(old, x), IMAGES)
        for model in (
            new.functional_model(lambda x: build(new, x), keras.Input((12, 12, 3))),
            new.TracedModel(lambda x: build(new, x)),
        ):
            model(IMAGES)
            variables = new.legacy_variables(model)
            assert set(variables) == {"conv/weights", "conv/biases"}
            assert len(model.trainable_variables) == 2
            set_random(variables)
            for value, old_value in zip(model(IMAGES), expected.outputs, strict=True):
                assert np.allclose(value, old_value, atol=1e-5)

    def test_a_training_and_an_inference_tower(self, old: Any, new: Any) -> None:
        def build(s: Any, x: Any) -> Any:
            for training in (True, False):
                with s.variable_scope("tower", reuse=not training):
                    yield s.batch_norm(x, 0.5, is_training=training, scope="bn")

        expected = run_old(lambda x: tuple(build(old, x)), IMAGES)
        model = new.functional_model(lambda x: tuple(build(new, x)), keras.Input((12, 12, 3)))
        variables = new.legacy_variables(model)
        set_random(variables)
        assert np.allclose(model(IMAGES, training=True)[0], expected.outputs[0], atol=1e-5)
        set_random(variables)
        assert np.allclose(model(IMAGES)[1], model(IMAGES, training=True)[0], atol=0) is False


class TestTF1Graph:
    """Sessions and placeholders."""

    def test_a_checkpoint_of_the_old_graph_restores(
        self, old: Any, new: Any, tmp_path: Path
    ) -> None:
        with tf.Graph().as_default(), v1.Session() as session:
            placeholder = v1.placeholder("float32", [None, 12, 12, 3])
            expected = outputs(old, placeholder, False)
            session.run(v1.global_variables_initializer())
            expected = session.run(expected, {placeholder: IMAGES})
            path = v1.train.Saver().save(session, str(tmp_path / "model"))
        with tf.Graph().as_default(), v1.Session() as session:
            placeholder = v1.placeholder("float32", [None, 12, 12, 3])
            values = outputs(new, placeholder, False)
            v1.train.Saver().restore(session, path)
            assert_close(session.run(values, {placeholder: IMAGES}), expected)

    def test_gradients_and_collections(self, old: Any, new: Any) -> None:
        def build(s: Any) -> Any:
            placeholder = v1.placeholder("float32", [None, 12, 12, 3])
            logits = outputs(s, placeholder)["logits"]
            gradients = tf.gradients(tf.reduce_sum(logits**2), v1.trainable_variables())
            named = zip(v1.trainable_variables(), gradients, strict=True)
            keys = v1.GraphKeys
            sizes = {
                key: len(v1.get_collection(key))
                for key in (keys.UPDATE_OPS, keys.MODEL_VARIABLES, keys.TRAINABLE_VARIABLES)
            }
            return placeholder, {v.op.name: g for v, g in named}, sizes

        results = []
        for s in (old, new):
            with tf.Graph().as_default(), v1.Session() as session:
                placeholder, gradients, sizes = build(s)
                session.run(v1.global_variables_initializer())
                for v in v1.global_variables():
                    v.load(random_value(v.op.name, tuple(v.shape)), session)
                results.append((session.run(gradients, {placeholder: IMAGES}), sizes))
        assert results[0][1] == results[1][1]
        assert set(results[0][0]) == set(results[1][0])
        for name, gradient in results[0][0].items():
            scale = np.abs(gradient).max()
            assert np.abs(results[1][0][name] - gradient).max() <= 1e-4 * scale + 1e-6

    def test_a_training_placeholder(self, old: Any, new: Any) -> None:
        results: list[Any] = []
        for s in (old, new):
            with tf.Graph().as_default(), v1.Session() as session:
                flag, x = v1.placeholder("bool", []), v1.placeholder("float32", IMAGES.shape)
                y = s.batch_norm(x, 0.5, is_training=flag, scope="bn")
                updates = v1.get_collection("update_ops")
                session.run(v1.global_variables_initializer())
                for _ in range(2):
                    session.run(updates, {flag: True, x: IMAGES})
                session.run(updates, {flag: False, x: 5 * IMAGES})
                results.append([session.run(y, {flag: f, x: IMAGES}) for f in (True, False)])
        assert np.allclose(results[0], results[1], atol=1e-6)

    def test_dropout(self, new: Any) -> None:
        with tf.Graph().as_default(), v1.Session() as session:
            keep, x = v1.placeholder("float32", []), v1.placeholder("float32", IMAGES.shape)
            y = new.dropout(x, keep)
            assert v1.global_variables() == []
            feed = {keep: 0.25, x: np.ones_like(IMAGES)}
            first, second = session.run(y, feed), session.run(y, feed)
            assert np.any(first != second)
            assert set(np.unique(first)) == {0.0, 4.0}
            assert 0.2 < np.mean(first > 0) < 0.3

    def test_shapes_of_dimensions(self, new: Any) -> None:
        """Scripts that call `disable_v2_behavior` see TF 1's shapes until the first layer."""
        v1.disable_v2_tensorshape()
        with tf.Graph().as_default():
            images = v1.placeholder("float32", [2, 12, 12, 3])
            assert not isinstance(images.shape[1], int)
            found = new.conv2d(images, 4, 3, 2, normalizer_fn=new.batch_norm, scope="a")
            assert found.shape == (2, 6, 6, 4)

    def test_graphs_are_apart_and_do_not_leak(self, new: Any) -> None:
        import gc
        import weakref

        for _ in range(2):
            graph = tf.Graph()
            with graph.as_default():
                new.conv2d(v1.placeholder("float32", [1, 4, 4, 3]), 2, 1, name="conv")
                names = [v.op.name for v in v1.global_variables()]
            assert names == ["conv/weights", "conv/biases"]
        reference = weakref.ref(graph)
        del graph
        gc.collect()
        assert reference() is None

    def test_scopes_of_tensorflow_count(self, new: Any) -> None:
        with tf.Graph().as_default(), v1.variable_scope("outer"):
            new.conv2d(v1.placeholder("float32", [1, 4, 4, 3]), 2, 1)
            assert next(v.op.name for v in v1.global_variables()) == "outer/Conv/weights"


def test_slim_is_what_it_is_compared_with() -> None:
    assert slim.__name__ == "tf_slim"
