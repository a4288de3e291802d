"""Scaled and clipped gradients, beside tf_slim's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from old_side import ops, v1

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

ops.IndexedSlices = tf.IndexedSlices  # TF-Slim looks for it where it was in TF 1
SLIM = [__import__("tf_slim.learning").learning, __import__("tf_slim.training.training").training]
RNG = np.random.default_rng(3)
DENSE = RNG.normal(size=(3, 4)).astype("float32")
ROWS = RNG.normal(size=(2, 4)).astype("float32")


def pairs() -> list[Any]:
    """A dense gradient, a sparse one, a small one, a zero, none."""
    gradients = [
        tf.constant(DENSE),
        tf.IndexedSlices(tf.constant(ROWS), tf.constant([2, 0]), tf.constant([9, 4])),
        tf.constant(DENSE * 1e-3),
        tf.zeros([3, 4]),
        tf.constant(DENSE, tf.float64),
        None,
    ]
    return [
        (g, v1.get_variable(f"part/v{i}", [3, 4], tf.float64 if i == 4 else tf.float32))
        for i, g in enumerate(gradients)
    ]


def values(session: Any, done: list[Any]) -> list[Any]:
    """The numbers of each gradient; of a sparse one its rows and their places as well."""
    found = []
    for gradient, variable in done:
        if isinstance(gradient, tf.IndexedSlices):
            parts = session.run([gradient.values, gradient.indices, gradient.dense_shape])
        else:
            parts = [] if gradient is None else [session.run(gradient)]
        found.append((variable.op.name, [(part.dtype.name, part.tolist()) for part in parts]))
    return found


@pytest.mark.parametrize("norm", [1.5, 100, 1e-6])
@pytest.mark.parametrize("module", SLIM, ids=["learning", "training"])
def test_clipped(module: Any, norm: float, new: Any) -> None:
    with tf.Graph().as_default(), v1.Session() as session:
        given = pairs()
        expected = values(session, module.clip_gradient_norms(given, norm))
        assert values(session, new.clip_gradient_norms(given, norm)) == expected
        assert values(session, new.clip_gradient_norms_fn(norm)(iter(given))) == expected
        assert new.clip_gradient_norms([], norm) == []


FACTORS = [
    lambda v: {v[0]: 2.0, v[1]: 3, "part/v4": 0.5},
    lambda v: {"part/v0": 2.0, v[0]: 5.0, "part/v1": -1, "elsewhere": 7.0},
    lambda v: {v[1]: np.arange(4.0), "part/v2": np.float32(3.0)},
    lambda v: {v[2]: tf.constant(4.0), "part/v1": tf.constant([[2.0], [3.0]])},
    lambda v: {"part/v": 4.0, "v0": 2.0},
    lambda v: {v[3]: 0},
]
WRONG = [
    lambda v: {v[5]: 2.0},
    lambda v: {"part/v5": 2.0},
    lambda v: {},
    lambda v: None,
    lambda v: [v[0]],
    lambda v: {v[0]: tf.constant(2.0, tf.float64)},
]


@pytest.mark.parametrize("factors", FACTORS)
@pytest.mark.parametrize("module", SLIM, ids=["learning", "training"])
def test_multiplied(module: Any, factors: Any, new: Any) -> None:
    with tf.Graph().as_default(), v1.Session() as session:
        given = pairs()
        by = factors([variable for _, variable in given])
        expected = values(session, module.multiply_gradients(given, by))
        assert values(session, new.multiply_gradients(given, by)) == expected


@pytest.mark.parametrize("factors", WRONG)
def test_what_slim_refuses_is_refused(factors: Any, new: Any) -> None:
    with tf.Graph().as_default():
        given = pairs()
        by = factors([variable for _, variable in given])
        for module in (*SLIM, new):
            with pytest.raises((ValueError, TypeError)):
                module.multiply_gradients(given, by)
            with pytest.raises(ValueError):
                module.multiply_gradients(tuple(given), {"part/v0": 2.0})


def test_variables_of_layers_have_their_checkpoint_names(new: Any) -> None:
    with new.layer_graph() as graph:
        new.fully_connected(keras.Input((3,)), 2, name="fc")
        kernel, bias = graph.variables["fc/weights"], graph.variables["fc/biases"]
        given = [(tf.ones([3, 2]), kernel), (tf.ones([2]), bias)]
        done = new.multiply_gradients(given, {"fc/biases": 3.0})
        assert [float(tf.reduce_max(gradient)) for gradient, _ in done] == [1.0, 3.0]
    with pytest.raises(ValueError, match="legacy_variables"):
        new.multiply_gradients(given, {"fc/biases": 3.0})
