"""Variables used directly, collections, initializers, regularizers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from old_side import random_value, run_old, v1

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

ROWS = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")


def custom_layer(s: Any, x: Any) -> Any:
    """A layer as people wrote them, on variables."""
    initializer = "glorot_uniform" if hasattr(s, "TracedModel") else None
    with s.variable_scope("custom"):
        weights = s.model_variable("weights", shape=[3, 2], initializer=initializer)
        bias = s.variable("b", shape=[2], initializer=zeros(s), regularizer=half_square)
        scale = s.get_variable("inner/scale", initializer=np.float32(2.0), trainable=False)
    return multiply(s, x, weights) * scale + bias


def zeros(s: Any) -> Any:
    return "zeros" if hasattr(s, "TracedModel") else v1.zeros_initializer()


def half_square(weights: Any) -> Any:
    return (
        keras.ops.sum(keras.ops.square(weights)) / 2
        if _is_keras(weights)
        else tf.nn.l2_loss(weights)
    )


def _is_keras(weights: Any) -> bool:
    return isinstance(weights, keras.Variable)


def multiply(s: Any, x: Any, weights: Any) -> Any:
    return keras.ops.matmul(x, weights) if hasattr(s, "TracedModel") else tf.matmul(x, weights)


@pytest.mark.parametrize("kind", ["functional", "traced", "graph"])
def test_a_layer_made_of_variables(kind: str, old: Any, new: Any) -> None:
    expected = run_old(lambda x: custom_layer(old, x), ROWS)
    if kind == "graph":
        assert_in_graph(new, expected)
        return
    if kind == "functional":
        model = new.functional_model(lambda x: custom_layer(new, x), keras.Input((3,)))
    else:
        model = new.TracedModel(lambda x: custom_layer(new, x))
        model(ROWS)
    variables = new.legacy_variables(model)
    assert {k: tuple(v.shape) for k, v in variables.items()} == expected.variables
    assert len(model.trainable_variables) == 2
    for path, variable in variables.items():
        variable.assign(random_value(path, tuple(variable.shape)))
    assert np.allclose(model(ROWS), expected.outputs, atol=1e-6)
    assert float(sum(model.losses)) == pytest.approx(expected.loss, rel=1e-5)
    model.compile("sgd", "mse")
    model.fit(ROWS, np.zeros((4, 2)), verbose=0)
    assert np.any(variables["custom/weights"].numpy() != random_value("custom/weights", (3, 2)))


def assert_in_graph(s: Any, expected: Any) -> None:
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder("float32", [None, 3])
        outputs = custom_layer(s, x)
        variables = {v.op.name: v for v in v1.global_variables()}
        assert {k: tuple(v.shape) for k, v in variables.items()} == expected.variables
        for path, variable in variables.items():
            variable.load(random_value(path, tuple(variable.shape)), session)
        assert np.allclose(session.run(outputs, {x: ROWS}), expected.outputs, atol=1e-6)


def listed(s: Any) -> list[list[str]]:
    """Builds, and lists variables in every way."""
    x = v1.placeholder("float32", [1, 4, 4, 3]) if not hasattr(s, "TracedModel") else GRAPH_INPUT[0]
    kept = {"weights": ["kernels", "trainable_variables"], "biases": ["all"]}
    with s.variable_scope("a"):
        x = s.conv2d(x, 2, 1, variables_collections=kept)
        with s.variable_scope("conv") as inner:
            x = s.separable_conv2d(x, 2, 1, variables_collections=["all"], trainable=False)
    s.conv2d(x, 2, 1, normalizer_fn=s.batch_norm, scope="ab")
    lists = [
        s.get_variables(),
        s.get_variables("a/"),
        s.get_variables(inner),
        s.get_variables(suffix="weights"),
        s.get_variables("a/Conv", "biases"),
        s.get_model_variables("ab"),
        s.get_trainable_variables(),
        s.get_variables_by_name("weights"),
        s.get_variables_by_name("weights", "a"),
        s.get_variables_by_suffix("_weights"),
        s.get_variables_to_restore(exclude=["a/conv"]),
        s.get_variables_to_restore(["a/conv", "ab"], ["ab/BatchNorm"]),
        s.get_collection("kernels"),
        s.get_collection("all"),
        [s.get_unique_variable("a/Conv/weights")],
        s.get_local_variables(),
        *filtered(s),
    ]
    for variable in lists[0]:
        assert s.get_variable_full_name(variable) == name_of(s, variable)
    return [[name_of(s, v) for v in variables] for variables in lists]


def filtered(s: Any) -> list[Any]:
    everything = s.get_variables()
    return [
        s.filter_variables(everything),
        s.filter_variables(everything, ["Conv"]),
        s.filter_variables(everything, ["Conv"], reg_search=False),
        s.filter_variables(everything, ["Conv", "^ab"], ["biases", "moving"]),
        s.filter_variables(everything, None, ["a/"], reg_search=False),
        s.filter_variables(everything, [r"weights:0$"], [r"a/conv/.*weights"]),
        s.filter_variables(iter(everything), ["weights$"]),
        s.filter_variables(everything, []),
        s.filter_variables(everything, exclude_patterns=[]),
        s.filter_variables([], ["a"], ["b"]),
    ]


GRAPH_INPUT: list[Any] = []


def name_of(s: Any, variable: Any) -> str:
    if not isinstance(variable, keras.Variable):
        return str(variable.op.name)
    named = s.current_layer_graph().variables
    return next(path for path, v in named.items() if v is variable)


def test_lists_of_variables(old: Any, new: Any) -> None:
    with tf.Graph().as_default():
        expected = listed(old)
    with new.layer_graph():
        GRAPH_INPUT[:] = [keras.Input((4, 4, 3))]
        assert listed(new) == expected
    with tf.Graph().as_default():
        GRAPH_INPUT[:] = [v1.placeholder("float32", [1, 4, 4, 3])]
        assert listed(new) == expected


def test_a_variable_that_is_missing(new: Any) -> None:
    with new.layer_graph(), pytest.raises(ValueError, match="Couldn't find variable a"):
        new.get_unique_variable("a")


def test_variables_of_nobody(new: Any) -> None:
    with new.layer_graph():
        free, own = tf.Variable(1.0, name="free"), new.get_variable("own", [2])
        assert new.filter_variables([free], ["^free:0$"]) == [free]
        assert new.get_variable_full_name(free) == "free"
        new.add_model_variable(new.get_unique_variable("own"))
        with pytest.raises(ValueError, match="not created"):
            new.add_model_variable(free)
        stranger = keras.layers.Dense(2)
        stranger.build((1, 3))
        with pytest.raises(ValueError, match="legacy_variables"):
            new.filter_variables([stranger.kernel], ["kernel"])
        with pytest.raises(RuntimeError, match="TF 1 graph"):
            new.assign_from_values({"own": np.zeros(2)})
        del own


def assigned(s: Any) -> dict[str, Any]:
    """A session script that assigns values by name."""
    with s.variable_scope("a"):
        for name in ("v", "value"):
            s.get_variable(name, initializer=np.zeros(4, "float32"), trainable=False)
    w = v1.get_variable("w", initializer=np.zeros((2, 2), "int32"), trainable=False)
    local = v1.get_variable("local", [], trainable=False, collections=["local_variables"])
    s.add_model_variable(w)
    s.add_model_variable(w)
    values = {"a/v": np.arange(4.0), "w": np.arange(4)}
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        s.assign_from_values_fn(values)(session)
        operation, feed = s.assign_from_values({"a/valu": np.ones((2, 2))})
        session.run(operation, feed)
        after = {v.op.name: session.run(v).tolist() for v in v1.global_variables()}
    for wrong in ("a/", "nothing"):
        with pytest.raises(ValueError):
            s.assign_from_values({wrong: np.zeros(4)})
    placed = sorted((p.op.name, p.dtype.name, p.shape.as_list()) for p in feed)
    assert [s.get_variable_full_name(v) for v in s.get_local_variables()] == [local.op.name]
    return {"after": after, "feeds": placed, "model": v1.get_collection("model_variables").count(w)}


def test_assigned_by_name(old: Any, new: Any) -> None:
    with tf.Graph().as_default():
        expected = assigned(old)
    with tf.Graph().as_default():
        assert assigned(new) == expected
    assert expected["after"]["a/v"] == [0, 1, 2, 3] and expected["after"]["w"] == [[0, 1], [2, 3]]


def test_a_scope_gives_defaults_to_its_variables(new: Any) -> None:
    regularizer = keras.regularizers.L1(0.5)
    with new.layer_graph() as graph:
        with new.variable_scope("a", initializer="ones", regularizer=regularizer):
            with new.variable_scope("b"):
                new.get_variable("v", [3])
        variable = graph.variables["a/b/v"]
        assert variable.numpy().tolist() == [1, 1, 1]
        assert float(variable.regularizer(variable)) == 1.5


def dtypes_in_scopes(s: Any) -> dict[str, Any]:
    """What `get_variable` takes from scopes with a dtype, and what it does not."""
    found: dict[str, Any] = {}
    with s.variable_scope("a", dtype=tf.float64) as scope:
        found["scope's"] = s.get_variable("v", [2])
        found["own"] = s.get_variable("w", [2], tf.float16)
        found["value's"] = s.get_variable("x", initializer=np.int32(3))
        with s.variable_scope("b"):
            found["outer scope's"] = s.get_variable("v", [2])
        with s.variable_scope("c", dtype=tf.int32):
            found["inner scope's"] = s.get_variable("v", [2])
    with s.variable_scope(scope, reuse=True):
        found["again"] = s.get_variable("v", [2])
    found["none"] = s.get_variable("v", [2])
    return {name: v.dtype.base_dtype for name, v in found.items()}


def test_dtypes_of_scopes(old: Any, new: Any) -> None:
    with tf.Graph().as_default():
        expected = dtypes_in_scopes(old)
    assert expected["scope's"] == expected["again"] == tf.float64
    with tf.Graph().as_default():
        assert dtypes_in_scopes(new) == expected
    with new.layer_graph():
        assert dtypes_in_scopes(new) == expected


def test_a_constraint_holds_after_each_step(old: Any, new: Any) -> None:
    def net(s: Any, x: Any) -> Any:
        start = [[1.0], [0.25]]
        return x @ s.get_variable("w", initializer=start, constraint=lambda w: tf.maximum(w, 0.2))

    def trained(s: Any) -> Any:
        with tf.Graph().as_default(), v1.Session() as session:
            loss = tf.reduce_mean(net(s, tf.constant([[1.0, 2.0]])))
            step = v1.train.GradientDescentOptimizer(0.1).minimize(loss)
            session.run(v1.global_variables_initializer())
            session.run(step)
            return session.run(v1.trainable_variables())

    model = new.TracedModel(lambda x: net(new, x))
    model.compile(keras.optimizers.SGD(0.1), lambda _, found: tf.reduce_mean(found))
    model.fit(np.float32([[1, 2]]), np.zeros([1, 1]), verbose=0)
    expected = trained(old)
    assert expected[0][:, 0].tolist() == np.float32([0.9, 0.2]).tolist()
    assert np.array_equal(trained(new), expected)
    assert np.array_equal(model.get_weights(), expected)


def collected(s: Any, x: Any, reuse: Any) -> Any:
    """End points under their aliases, twice through the same scopes."""
    for again in (None, reuse):
        with s.variable_scope("net", reuse=again):
            with s.arg_scope(
                [s.conv2d, s.max_pool2d, s.flatten, s.dropout, s.batch_norm, s.fully_connected],
                outputs_collections="points",
            ):
                y = s.conv2d(x, 2, 1, scope="conv", normalizer_fn=s.batch_norm)
                with s.name_scope("part"):
                    y = s.max_pool2d(y, 2, scope="pool")
                    y = s.max_pool2d(y, 2, scope="pool")
                y = s.dropout(y, is_training=False, scope="drop")
                s.fully_connected(s.flatten(y), 2, scope="fc")
    s.collect_named_outputs("points", "mine/", y)
    return s.convert_collection_to_dict("points", clear_collection=True)


def test_aliases(old: Any, new: Any) -> None:
    images = np.zeros((2, 8, 8, 3), "float32")
    with tf.Graph().as_default():
        expected = list(collected(old, v1.placeholder("float32", images.shape), True))
    with new.layer_graph():
        assert list(collected(new, keras.Input((8, 8, 3)), True)) == expected
        assert new.get_collection("points") == []
    with tf.Graph().as_default():
        assert list(collected(new, v1.placeholder("float32", images.shape), True)) == expected
        assert v1.get_collection("points") == []
    model = new.TracedModel(lambda x: collected(new, x, True))
    assert list(model(images)) == expected


def test_last_dimension(old: Any, new: Any) -> None:
    for shape in ([2, 3], [None, 5], [4]):
        assert new.last_dimension(tf.TensorShape(shape)) == old.last_dimension(
            tf.TensorShape(shape)
        )
        assert new.last_dimension(tuple(shape)) == shape[-1]
    for shape, rank in (([2, None], 1), ([2], 2), (None, 1)):
        for s in (old, new):
            with pytest.raises(ValueError):
                s.last_dimension(tf.TensorShape(shape), rank)


@pytest.mark.parametrize("mode", ["FAN_IN", "FAN_OUT", "FAN_AVG"])
@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize("shape", [(200, 300), (3, 3, 80, 90), (40000,)])
def test_variance_scaling(mode: str, uniform: bool, shape: Any, old: Any, new: Any) -> None:
    new_values = np.asarray(new.variance_scaling_initializer(3.0, mode, uniform)(shape))
    with tf.Graph().as_default(), v1.Session() as session:
        initializer = old.variance_scaling_initializer(3.0, mode, uniform, seed=1)
        old_values = session.run(initializer(list(shape)))
    assert new_values.std() == pytest.approx(old_values.std(), rel=0.02)
    assert np.abs(new_values).max() == pytest.approx(np.abs(old_values).max(), rel=0.002)


def test_an_initializer_draws_anew_for_each_layer(new: Any) -> None:
    with new.layer_graph() as graph:
        shared = keras.initializers.TruncatedNormal(stddev=0.1)
        with new.layer_defaults([new.conv2d], kernel_initializer=shared):
            x = new.conv2d(keras.Input((4, 4, 3)), 3, 1, name="a")
            new.conv2d(x, 3, 1, name="b")
        a, b = (graph.variables[f"{path}/weights"].numpy() for path in "ab")
    assert np.any(a != b)


def test_regularizers(old: Any, new: Any) -> None:
    weights = np.array([1.0, -2.0, 3.0], "float32")

    def values(s: Any) -> Any:
        w = tf.constant(weights)
        both = s.l1_l2_regularizer(0.5, 0.25)
        total = s.sum_regularizer([None, both, s.l1_l2_regularizer(1.0, 0.0)])
        return both(w), total(w), s.apply_regularization(both, [w, w])

    with tf.Graph().as_default(), v1.Session() as session:
        expected = session.run(values(old))
    with new.layer_graph():
        assert np.allclose([float(v) for v in values(new)], expected)
        assert len(new.get_collection("regularization_losses")) == 1
        assert new.sum_regularizer([None]) is None
        with pytest.raises(ValueError, match="No weights"):
            new.apply_regularization(keras.regularizers.L2(1.0))


def test_names_and_lists_of_variables_made_without_a_layer(new: Any) -> None:
    """Slim's layers call a kernel `weights`; `get_variable` takes names as they are."""

    def net(x: Any) -> Any:
        own = new.get_variable("bias", [2]), new.variable("kernel", [2])
        x = new.fully_connected(x, 2, scope="fc") + own[0] * own[1]
        x = x * new.model_variable("a/gamma", [2])
        names = {new.get_variable_full_name(v) for v in new.get_model_variables()}
        assert names == {"fc/weights", "fc/biases", "a/gamma"}
        return x

    model = new.functional_model(net, keras.Input((3,)))
    names = {"bias", "kernel", "fc/weights", "fc/biases", "a/gamma"}
    assert set(new.legacy_variables(model)) == names
    with tf.Graph().as_default():
        net(v1.placeholder("float32", [None, 3]))
        assert {v.op.name for v in v1.global_variables()} == names


@pytest.mark.parametrize("listed", [("model_variable", "variable"), ("variable",)])
def test_a_device_for_the_variables_of_layers(listed: Any, old: Any, new: Any) -> None:
    def devices(s: Any) -> dict[str, str]:
        with tf.Graph().as_default(), tf.device("/device:GPU:1"):
            ops = [getattr(s, name) for name in listed]
            with s.arg_scope(ops, device="/device:CPU:0"):
                s.conv2d(tf.ones([1, 4, 4, 3]), 2, 3, normalizer_fn=s.batch_norm)
                s.variable("own", [2])
            return {v.op.name: v.device for v in v1.global_variables()}

    assert devices(new) == devices(old)
    assert set(devices(new).values()) == (
        {"/device:CPU:0"} if len(listed) == 2 else {"/device:CPU:0", "/device:GPU:1"}
    )


def test_a_collection_knows_its_members_as_objects(new: Any) -> None:
    def net(x: Any) -> Any:
        one, other = new.get_variable("one", [2]), new.get_variable("other", [2])
        doubled, twin = one * 2.0, one * 2.0
        new.add_to_collection("mine", doubled)
        new.add_to_collection("mine", other)
        found = new.get_collection("mine")
        assert doubled in found and twin not in found and twin in found.__add__([twin])
        assert found.count(doubled) == 1 and found.index(doubled) == 0
        with pytest.raises(ValueError, match="not in the collection"):
            found.index(twin)
        found.remove(doubled)
        assert doubled not in found and len(found) == 1
        return x * doubled

    assert new.TracedModel(net)(np.ones([1, 2], "float32")).shape == (1, 2)
    with tf.Graph().as_default():
        net(tf.ones([1, 2]))


def from_tensors(s: Any, x: Any) -> Any:
    scale = s.get_variable("scale", initializer=tf.constant([2.0, 3.0, 4.0]))
    return x * scale + s.get_variable("bias", initializer=tf.ones([3]) * 0.5)


@pytest.mark.parametrize("kind", ["functional", "traced", "graph"])
def test_a_tensor_is_what_a_variable_starts_with(kind: str, new: Any) -> None:
    if kind == "functional":
        found = new.functional_model(lambda x: from_tensors(new, x), keras.Input([3]))(ROWS)
    elif kind == "traced":
        found = new.TracedModel(lambda x: from_tensors(new, x))(ROWS)
    else:
        with tf.Graph().as_default(), v1.Session() as session:
            made = from_tensors(new, tf.constant(ROWS))
            session.run(v1.global_variables_initializer())
            found = session.run(made)
    np.testing.assert_array_equal(found, ROWS * np.float32([2, 3, 4]) + np.float32(0.5))


def test_a_variable_does_not_start_with_the_inputs(new: Any) -> None:
    model = new.TracedModel(lambda x: x * new.get_variable("scale", initializer=x[0]))
    with pytest.raises(ValueError, match="scale depends on inputs"):
        model(ROWS)


def test_a_value_in_several_collections(new: Any) -> None:
    def net(x: Any) -> Any:
        new.add_to_collection("one", x)
        new.add_to_collections(["one", "other", "other"], x)
        new.add_to_collections("third", x)
        assert [len(new.get_collection(c)) for c in ("one", "other", "third")] == [2, 1, 1]
        return x * 2.0

    new.TracedModel(net)(ROWS)
    new.functional_model(net, keras.Input([3]))
