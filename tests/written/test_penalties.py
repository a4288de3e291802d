"""Penalties of weights that nothing trains count in a model's loss, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

ONES = keras.initializers.Ones()


def network(new: Any, x: Any) -> Any:
    """Penalties of 3 * 4 weights that are trained and of 4 * 2 that are not: 1.2 and 0.8."""
    settings = {"kernel_initializer": ONES, "activation": None, "bias_initializer": None}
    penalty = keras.regularizers.L1L2(l1=0.1)
    x = new.fully_connected(x, 4, kernel_regularizer=penalty, name="a", **settings)
    with new.variable_scope("frozen", regularizer=penalty):
        return new.fully_connected(x, 2, name="b", trainable=False, **settings)


def model(new: Any, kind: str) -> Any:
    if kind == "functional":
        return new.functional_model(lambda x: network(new, x), keras.Input((3,)))
    made = new.TracedModel(lambda x: network(new, x))
    made(tf.ones([1, 3]))
    return made


@pytest.mark.parametrize("kind", ["functional", "traced"])
def test_the_loss_of_a_model_holds_both(new: Any, kind: str) -> None:
    made = model(new, kind)
    assert sorted(np.round([float(x) for x in made.losses], 6)) == [0.8, 1.2]
    assert len(made.trainable_weights) == 1
    made.compile(optimizer="sgd", loss=lambda y, p: 0.0 * keras.ops.sum(p, axis=-1))
    assert made.evaluate(tf.ones([2, 3]), tf.ones([2, 2]), verbose=0) == pytest.approx(2.0)


def test_weights_that_are_trained_later_count_once(new: Any) -> None:
    made = model(new, "functional")
    made.trainable = True
    for layer in made.layers:
        layer.trainable = True
    assert len(made.trainable_weights) == 2
    assert sum(float(x) for x in made.losses) == pytest.approx(2.0)


def test_a_model_from_a_file_has_them(new: Any, tmp_path: Path) -> None:
    model(new, "functional").save(tmp_path / "net.keras")
    found = keras.saving.load_model(tmp_path / "net.keras")
    assert sum(float(x) for x in found.losses) == pytest.approx(2.0)


def test_a_weight_of_two_layers_counts_once(new: Any) -> None:
    def shared(x: Any) -> Any:
        settings = {"trainable": False, "activation": None, "kernel_initializer": ONES}
        penalty = keras.regularizers.L1L2(l1=0.1)
        with new.variable_scope("s"):
            x = new.fully_connected(x, 3, kernel_regularizer=penalty, name="a", **settings)
        with new.variable_scope("s", reuse=True):
            return new.fully_connected(x, 3, kernel_regularizer=penalty, name="a", **settings)

    made = new.functional_model(shared, keras.Input((3,)))
    assert [round(float(x), 6) for x in made.losses] == [0.9]


def test_variables_of_a_session_that_are_no_resources(new: Any) -> None:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        one = tf.compat.v1.get_variable(
            "w",
            [3],
            initializer=tf.compat.v1.constant_initializer([1.0, 2.0, 3.0]),
            regularizer=new.l2_regularizer(0.5),
            use_resource=False,
        )
        found = [new.l1_regularizer(0.1)(one), new.l2_regularizer(0.1)(one)]
        found.append(new.l1_l2_regularizer(0.1, 0.1)(one))
        found.append(new.apply_regularization(keras.regularizers.L2(0.05), [one]))
        half = [new.l2_regularizer(0.05), new.l1_regularizer(0.1)]
        found.append(new.sum_regularizer(half)(one))
        with new.variable_scope("s", regularizer=keras.regularizers.L2(0.05), use_resource=False):
            new.get_variable("w", [3], initializer=ONES)
            new.get_variable("w2", [3], None, ONES, keras.regularizers.L1(0.1))
        found += tf.compat.v1.get_collection("regularization_losses")
        session.run(tf.compat.v1.global_variables_initializer())
        values = session.run(found)
    np.testing.assert_allclose(values, [0.6, 0.7, 1.3, 0.7, 0.95, 3.5, 0.7, 0.15, 0.3], rtol=1e-6)
