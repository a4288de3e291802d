"""optimize_loss and adaptive_clipping_fn in a TF 1 graph, beside tf_slim's."""

from __future__ import annotations

import functools
import importlib
from typing import Any

import numpy as np
import pytest
from old_side import ops, random_value, slim, v1

tf = pytest.importorskip("tensorflow")

ops.IndexedSlices = tf.IndexedSlices  # TF-Slim looks for it where it was in TF 1
optimizers: Any = importlib.import_module("tf_slim.layers.optimizers")
train = v1.train
IMAGES = np.random.default_rng(5).normal(size=(4, 5, 5, 3)).astype("float32")
STEPS = 4


def steps(layers: Any, side: Any, options: Any) -> dict[str, Any]:
    """Builds a small net, trains it, and tells all that a script could see of it."""
    with tf.Graph().as_default() as graph, v1.Session() as session:
        v1.set_random_seed(1)
        step = train.get_or_create_global_step()
        net = layers.conv2d(tf.constant(IMAGES), 4, 3, normalizer_fn=layers.batch_norm)
        net = layers.fully_connected(layers.flatten(net), 2, activation_fn=None)
        table = v1.get_variable("table", [3, 2], initializer=v1.ones_initializer())
        v1.get_variable("idle", [2], initializer=v1.ones_initializer())
        loss = tf.reduce_mean(tf.square(net - tf.nn.embedding_lookup(table, [0, 2, 2, 0])))
        given = {"learning_rate": 0.05, "optimizer": "SGD", "global_step": step} | options(side)
        train_op = side.optimize_loss(loss, **given)
        session.run(v1.global_variables_initializer())
        variables = {v.op.name: v for v in v1.global_variables()}
        for variable in v1.model_variables():
            name = variable.op.name
            session.run(variable.assign(random_value(name, tuple(variable.shape))))
        losses = [float(session.run(train_op)) for _ in range(STEPS)]
        merged = v1.summary.merge_all()
        shown = session.run(merged) if merged is not None else b""
        return {
            "losses": losses,
            "variables": {name: session.run(v) for name, v in variables.items()},
            "summaries": sorted(
                op.name for op in graph.get_operations() if op.type.endswith("Summary")
            ),
            "shown": {
                value.tag: value.simple_value or value.histo.sum
                for value in v1.Summary.FromString(shown).value
            },
            "name": train_op.op.name.partition("/")[0],
        }


def halved(rate: Any, step: Any) -> Any:
    return train.exponential_decay(rate, step, 2, 0.5, staircase=True)


OPTIONS: dict[str, Any] = {
    **{name: lambda _, n=name: {"optimizer": n} for name in optimizers.OPTIMIZER_CLS_NAMES},
    "a class": lambda _: {"optimizer": train.AdamOptimizer},
    "an optimizer": lambda _: {
        "optimizer": train.AdamOptimizer(0.1), "learning_rate": None, "global_step": None
    },
    "a function": lambda _: {"optimizer": lambda rate: train.MomentumOptimizer(rate, 0.5)},
    "a function of nothing": lambda _: {
        "optimizer": lambda: train.AdamOptimizer(0.1), "learning_rate": None
    },
    "a tensor": lambda _: {"learning_rate": tf.constant(0.2)},
    "decay": lambda _: {"learning_rate_decay_fn": halved},
    "no summaries": lambda _: {"summaries": []},
    "all summaries": lambda _: {
        "summaries": optimizers.OPTIMIZER_SUMMARIES, "clip_gradients": 0.1
    },
    "clipped": lambda _: {"clip_gradients": 0.05},
    "clipped by a function": lambda _: {"clip_gradients": lambda pairs: pairs[:2]},
    "multiplied": lambda _: {
        "gradient_multipliers": {
            "Conv/weights:0": 3.0, "table:0": 0.5, v1.trainable_variables()[1]: 2.0
        }
    },
    "no update ops": lambda _: {"update_ops": []},
    "one variable": lambda _: {"variables": v1.trainable_variables()[:1]},
    "named": lambda _: {"name": "Mine"},
    "not counted": lambda _: {"increment_global_step": False},
    "adaptive": lambda side: {"clip_gradients": side.adaptive_clipping_fn(std_factor=0.1)},
    "adaptive, all": lambda side: {
        "clip_gradients": side.adaptive_clipping_fn(
            0.1, 0.5, 0.3, train.get_global_step(), True, 1e-6, "Norms"
        )
    },
}  # fmt: skip


@functools.cache
def new_steps(new: Any, name: str) -> dict[str, Any]:
    return steps(new, new, OPTIONS[name])


@pytest.mark.parametrize("name", OPTIONS)
def test_steps_are_slims(name: str, new: Any) -> None:
    expected, found = steps(slim, optimizers, OPTIONS[name]), new_steps(new, name)
    assert found["losses"] == pytest.approx(expected["losses"], rel=1e-5)
    assert list(found["variables"]) == list(expected["variables"])
    for path, value in expected["variables"].items():
        np.testing.assert_allclose(found["variables"][path], value, 1e-4, 1e-6, err_msg=path)
    assert found["shown"] == pytest.approx(expected["shown"], rel=1e-3, abs=1e-6)
    for what in ("summaries", "name"):
        assert found[what] == expected[what], what


def test_options_differ(new: Any) -> None:
    """Each option changes what is compared: the cases above are not all the same."""
    plain = steps(new, new, lambda _: {})
    same = []
    for name in OPTIONS:
        if str(new_steps(new, name)) == str(plain):
            same.append(name)
    assert same == ["SGD"]


def test_noise(new: Any) -> None:
    for layers, side in ((slim, optimizers), (new, new)):
        plain = steps(layers, side, lambda _: {})["losses"]
        noisy = steps(layers, side, lambda _: {"gradient_noise_scale": 0.01})["losses"]
        assert noisy[0] == plain[0] and noisy != plain
        assert noisy == pytest.approx(plain, rel=0.2)


WRONG: dict[str, dict[str, Any]] = {
    "Unrecognized optimizer": {"optimizer": 3},
    "optimizer: ": {"optimizer": lambda rate: rate},
    "name should be": {"optimizer": "Best"},
    "rate is None": {"learning_rate": None},
    "Invalid learning": {"learning_rate": -0.1},
    "0d Tensor or float": {"learning_rate": 1},
    "of a class, rate is None": {"optimizer": train.AdamOptimizer, "learning_rate": None},
    "should be": {"summaries": ["everything"]},
    "clip_gradients": {"clip_gradients": 1},
    "global_step is required": {"learning_rate_decay_fn": halved, "global_step": None},
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_refused(what: str, new: Any) -> None:
    for side in (optimizers, new):
        with tf.Graph().as_default():
            loss = tf.square(v1.get_variable("x", []))
            given = {"global_step": None, "learning_rate": 0.1, "optimizer": "SGD"} | WRONG[what]
            with pytest.raises(ValueError) as raised:
                side.optimize_loss(loss, **given)
    if not what.startswith(("optimizer", "of a")):
        assert what in str(raised.value)


def test_eager_code_is_refused(new: Any) -> None:
    context = importlib.import_module("tensorflow.python.eager.context")
    with context.eager_mode(), pytest.raises(RuntimeError, match="TF 1 graph"):
        new.optimize_loss(tf.constant(1.0), None, 0.1, "SGD")
