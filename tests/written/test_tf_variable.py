"""Variables of no variable scope: names, values and training in the three places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from old_side import random_value, run_old, v1

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

ROWS = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")


def net(s: Any, x: Any, ops: Any = tf) -> Any:
    """Named and unnamed variables under scopes of both kinds, also under reuse, beside layers."""
    variable = getattr(s, "tf_variable", v1.Variable)
    initial = tf.random.truncated_normal([3, 3]) * 2.0
    x = ops.matmul(x, variable(initial)) * variable(2.0, trainable=False)
    with s.variable_scope("block"):
        x = s.fully_connected(x, 3, scope="fc") + variable(lambda: tf.zeros([3]), name="shift")
    with s.variable_scope("block", reuse=True), s.name_scope("inner"):
        x = x + variable([1.0, 2.0, 3.0], name="shift") + variable(np.ones(3, "float32"))
    return x * variable(1.0, name="shift")


NAMES = {
    "Variable", "Variable_1", "block/shift", "block_1/inner/shift", "block_1/inner/Variable",
    "shift", "block/fc/weights", "block/fc/biases",
}  # fmt: skip


@pytest.fixture
def sides(old: Any, new: Any) -> Any:
    old.name_scope = v1.name_scope
    return old, new


@pytest.mark.parametrize("kind", ["functional", "traced"])
def test_names_and_values_in_a_model(kind: str, sides: Any) -> None:
    old, new = sides
    expected = run_old(lambda x: net(old, x), ROWS)
    assert set(expected.variables) == NAMES
    if kind == "functional":
        model = new.functional_model(lambda x: net(new, x, keras.ops), keras.Input((3,)))
    else:
        model = new.TracedModel(lambda x: net(new, x))
        model(ROWS)
    variables = new.legacy_variables(model)
    assert {k: tuple(v.shape) for k, v in variables.items()} == expected.variables
    for name, value in variables.items():
        value.assign(random_value(name, tuple(value.shape)))
    assert np.allclose(model(ROWS), expected.outputs, atol=1e-5)
    assert np.allclose(model.predict(ROWS[:2], verbose=0), expected.outputs[:2], atol=1e-5)


def test_a_traced_model_trains_them_and_starts_with_their_values(new: Any) -> None:
    model = new.TracedModel(lambda x: net(new, x))
    model(ROWS)
    variables = new.legacy_variables(model)
    assert variables["Variable_1"].numpy() == 2.0
    assert np.array_equal(variables["block_1/inner/shift"].numpy(), [1, 2, 3])
    assert 0 < np.abs(variables["Variable"].numpy()).max() < 4.0
    before = {name: value.numpy() for name, value in variables.items()}
    model.compile("sgd", "mse")
    model.fit(ROWS, np.ones((4, 3), "float32"), verbose=0)
    moved = {name for name, value in variables.items() if np.any(value.numpy() != before[name])}
    assert "Variable_1" not in moved
    assert {"Variable", "block/shift", "shift"} <= moved


def test_a_tf1_graph_has_tensorflows_own(sides: Any) -> None:
    old, new = sides
    expected = run_old(lambda x: net(old, x), ROWS)
    found = run_old(lambda x: net(new, x), ROWS)
    assert found.variables == expected.variables
    assert np.allclose(found.outputs, expected.outputs, atol=1e-5)
    with tf.Graph().as_default():
        kept = new.tf_variable(0, False, ["mine"], name="step", dtype=tf.int64)
        assert v1.get_collection("mine") == [kept]
        assert not v1.global_variables()
        assert kept.dtype == tf.int64


def test_collections_of_a_model(new: Any) -> None:
    def collected(x: Any) -> Any:
        made = new.tf_variable(1.0, collections=["variables", "model_variables", "mine"])
        assert len(new.get_collection("mine")) == 1
        assert len(new.get_model_variables()) == 1
        return x * made

    new.TracedModel(collected)(ROWS)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(3, "int32"), (1.5, "float32"), (np.float64(1.5), "float64"), (np.ones(2, "int64"), "int64")],
)
def test_types_are_those_of_the_values(value: Any, dtype: str, new: Any) -> None:
    model = new.TracedModel(lambda x: x + tf.reduce_sum(tf.cast(new.tf_variable(value), x.dtype)))
    model(ROWS)
    assert new.legacy_variables(model)["Variable"].dtype == dtype


def test_an_initial_value_made_of_inputs_is_an_error(new: Any) -> None:
    model = new.TracedModel(lambda x: x * new.tf_variable(tf.reduce_mean(x)))
    with pytest.raises(ValueError, match="Variable depends on inputs"):
        model(ROWS)


def test_an_initial_value_made_of_a_variable_is_an_error(new: Any) -> None:
    def net(x: Any) -> Any:
        first = new.tf_variable(1.0)
        return x * new.tf_variable(first * 2.0)

    with pytest.raises(ValueError, match="Variable_1 depends on inputs of the model, or on other"):
        new.TracedModel(net)(ROWS)


def test_a_variable_of_another_shape_is_an_error(new: Any) -> None:
    model = new.TracedModel(lambda x: x * new.tf_variable(tf.ones([x.shape[0], 1])))
    model(ROWS)
    with pytest.raises(ValueError, match="now its initial value has the shape"):
        model(ROWS[:1])


def test_a_model_does_not_change_shapes(new: Any) -> None:
    model = new.TracedModel(lambda x: x * new.tf_variable(1.0, validate_shape=False))
    with pytest.raises(ValueError, match="validate_shape"):
        model(ROWS)
