"""create_train_op in a TF 1 graph, beside tf_slim's: losses, variables, update ops, summaries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from old_side import ops, random_value, slim, v1

tf = pytest.importorskip("tensorflow")

ops.IndexedSlices = tf.IndexedSlices  # TF-Slim looks for it where it was in TF 1
learning = __import__("tf_slim.learning").learning
training = __import__("tf_slim.training.training").training
IMAGES = np.random.default_rng(5).normal(size=(4, 6, 6, 3)).astype("float32")
STEPS = 4


def steps(layers: Any, create_train_op: Any, options: Any) -> dict[str, Any]:
    """Builds a small net, trains it, and tells all that a script could see of it."""
    with tf.Graph().as_default() as graph, v1.Session() as session:
        v1.set_random_seed(1)
        net = layers.conv2d(tf.constant(IMAGES), 4, 3, normalizer_fn=layers.batch_norm)
        net = layers.fully_connected(layers.flatten(net), 2, activation_fn=None)
        loss = tf.reduce_mean(tf.square(net - 1.0))
        optimizer = v1.train.MomentumOptimizer(0.05, 0.9)
        train_op = create_train_op(loss, optimizer, **options())
        session.run(v1.global_variables_initializer())
        variables = {v.op.name: v for v in v1.global_variables()}
        for name, variable in variables.items():
            if variable.shape.rank and "Momentum" not in name:
                session.run(variable.assign(random_value(name, tuple(variable.shape))))
        losses = [float(session.run(train_op)) for _ in range(STEPS)]
        shown = [op.name for op in graph.get_operations() if op.type.endswith("Summary")]
        return {
            "losses": losses,
            "variables": {name: session.run(v) for name, v in variables.items()},
            "summaries": sorted(shown),
            "collected": [op is train_op for op in v1.get_collection("train_op")],
            "name": train_op.op.name.partition("/")[0],
        }


def a_step() -> Any:
    return v1.train.get_or_create_global_step()


SHARED = {
    "plain": dict,
    "no global step": lambda: {"global_step": None},
    "a global step": lambda: {"global_step": a_step()},
    "no update ops": lambda: {"update_ops": []},
    "some update ops": lambda: {"update_ops": v1.get_collection("update_ops")[:1]},
    "one variable": lambda: {"variables_to_train": v1.trainable_variables()[:1]},
    "summaries": lambda: {"summarize_gradients": True},
    "gates": lambda: {"gate_gradients": v1.train.Optimizer.GATE_NONE},
    "unchecked": lambda: {"check_numerics": False},
}
LEARNING = {
    "clipped": lambda: {"clip_gradient_norm": 0.05},
    "multiplied": lambda: {"gradient_multipliers": {"Conv/weights": 3.0}},
    "both": lambda: {"clip_gradient_norm": 0.5, "gradient_multipliers": {"Conv/weights": 9.0}},
}
TRAINING = {
    "transformed": lambda: {"transform_grads_fn": lambda pairs: [(2 * g, v) for g, v in pairs]},
}
CASES = [
    *((learning, name, options) for name, options in (SHARED | LEARNING).items()),
    *((training, name, options) for name, options in (SHARED | TRAINING).items()),
]


@pytest.mark.parametrize(("module", "name", "options"), CASES)
def test_steps_are_slims(module: Any, name: str, options: Any, new: Any) -> None:
    expected = steps(slim, module.create_train_op, options)
    found = steps(new, new.create_train_op, options)
    assert found["losses"] == pytest.approx(expected["losses"], rel=1e-5)
    assert list(found["variables"]) == list(expected["variables"])
    for path, value in expected["variables"].items():
        np.testing.assert_allclose(found["variables"][path], value, 1e-4, 1e-6, err_msg=path)
    for what in ("summaries", "collected", "name"):
        assert found[what] == expected[what], what


@pytest.mark.parametrize(("module", "options"), [(learning, {"separator": "/"}), (training, {})])
def test_tags_of_gradients(module: Any, options: Any, new: Any) -> None:
    def tags(add: Any) -> list[str]:
        with tf.Graph().as_default():
            variable = v1.get_variable("part/x", [2])
            pairs = [(tf.ones([2]), variable), (None, variable)]
            return [summary.op.name for summary in add(pairs)]

    expected = tags(module.add_gradients_summaries)
    assert tags(lambda pairs: new.add_gradients_summaries(pairs, **options)) == expected
    assert len(expected) == 2


def test_what_is_refused(new: Any) -> None:
    optimizer = v1.train.GradientDescentOptimizer(0.1)
    with pytest.raises(RuntimeError, match="TF 1 graph"):
        new.create_train_op(tf.constant(1.0), optimizer)
    with pytest.raises(RuntimeError, match="TF 1 graph"):
        tf.function(lambda: new.create_train_op(tf.constant(1.0), optimizer))()
    with tf.Graph().as_default():
        fixed = v1.get_variable("fixed", [], trainable=False)
        loss = tf.square(fixed)
        with pytest.raises(ValueError, match="fixed is to be trained, but is not trainable"):
            new.create_train_op(loss, optimizer, variables_to_train=[fixed])
        with pytest.raises(ValueError, match="no variables to train"):
            new.create_train_op(loss, optimizer)


def test_a_loss_that_is_not_finite_raises(new: Any) -> None:
    with tf.Graph().as_default(), v1.Session() as session:
        loss = tf.math.log(v1.get_variable("x", [], initializer=v1.zeros_initializer()) - 1.0)
        train_op = new.create_train_op(loss, v1.train.GradientDescentOptimizer(0.1))
        session.run(v1.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match="LossTensor is inf or nan"):
            session.run(train_op)
