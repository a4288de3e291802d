"""Moving averages kept by hand: values, updates and the names of their shadows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from old_side import random_value, run_old, v1

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
moving_averages = pytest.importorskip("tensorflow.python.training.moving_averages")

ROWS = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")


def averaged(s: Any, x: Any) -> Any:
    """Two means of one variable (each with shadows of its own), and one without."""
    assign = getattr(s, "assign_moving_average", moving_averages.assign_moving_average)
    get_variable = getattr(s, "get_variable", v1.get_variable)
    with s.variable_scope("norm"):
        mean = get_variable("mean", [3], trainable=False)
        top = get_variable("top", [], trainable=False)
        first = assign(mean, tf.reduce_mean(x, 0), 0.9)
        with tf.control_dependencies([first]):
            second = assign(mean, tf.reduce_max(x, 0), tf.constant(0.8))
        return first + second, assign(top, tf.reduce_max(x), 0.7, zero_debias=False, name="Top")


def test_a_traced_model_updates_as_the_graph_did(old: Any, new: Any) -> None:
    expected = run_old(lambda x: averaged(old, x)[1], ROWS)
    shadows = {f"norm/norm/mean/{n}" for n in ("biased", "biased_1", "local_step", "local_step_1")}
    assert shadows < set(expected.variables)
    model = new.TracedModel(lambda x: averaged(new, x)[1])
    model(ROWS)
    variables = new.legacy_variables(model)
    assert {k: tuple(v.shape) for k, v in variables.items()} == expected.variables
    assert not model.trainable_variables


@pytest.mark.parametrize("runs", [1, 3])
def test_values_over_some_steps(runs: int, old: Any, new: Any) -> None:
    with tf.Graph().as_default(), v1.Session() as session:
        outputs = averaged(old, tf.constant(ROWS))
        variables = {v.op.name: v for v in v1.global_variables()}
        start(variables, lambda v, value: v.load(value, session))
        for _ in range(runs):
            expected = session.run(outputs)
        after = {name: session.run(v) for name, v in variables.items()}
    model = new.TracedModel(lambda x: averaged(new, x))
    model(ROWS)
    variables = new.legacy_variables(model)
    start(variables, lambda v, value: v.assign(value))
    for _ in range(runs):
        found = model(ROWS)
    assert np.allclose(found[1], expected[1], atol=1e-6)
    assert set(variables) == set(after)
    for name, value in after.items():
        assert np.allclose(variables[name].numpy(), value, atol=1e-6), name


def start(variables: dict[str, Any], assign: Any) -> None:
    for name, variable in variables.items():
        steps = "local_step" in name
        assign(variable, np.float32(2) if steps else random_value(name, tuple(variable.shape)))


def test_a_functional_model_refuses(new: Any) -> None:
    def net(x: Any) -> Any:
        return x * new.assign_moving_average(new.get_variable("mean", [3]), 0.0, 0.9)

    with pytest.raises(TypeError, match="TracedModel"):
        new.functional_model(net, keras.Input((3,)))
