"""The global step as a variable of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from old_side import v1

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

ROWS = np.ones((4, 3), "float32")


def net(s: Any, x: Any) -> Any:
    """A layer whose output grows with training, and asks for the step inside of scopes, twice."""
    assert s.get_global_step() is None
    with s.variable_scope("deep"):
        step = s.get_or_create_global_step()
        x = s.fully_connected(x, 2)
    assert s.get_global_step() is not None
    return x * (1.0 + tf.cast(s.get_or_create_global_step() + step, tf.float32))


def test_fit_counts_it(new: Any) -> None:
    model = new.TracedModel(lambda x: net(new, x))
    model.compile("sgd", "mse")
    model.fit(ROWS, np.zeros((4, 2)), batch_size=2, epochs=3, verbose=0)
    step = new.legacy_variables(model)["global_step"]
    assert (int(step.numpy()), step.dtype) == (6, "int64")
    assert all(variable is not step for variable in model.trainable_variables)
    before = model(ROWS).numpy()
    step.assign(0)
    assert np.allclose(before, 13 * model(ROWS).numpy())


def test_a_model_without_it_trains_too(new: Any) -> None:
    model = new.TracedModel(lambda x: new.fully_connected(x, 2))
    model.compile("sgd", "mse")
    model.fit(ROWS, np.zeros((4, 2)), verbose=0)
    assert "global_step" not in new.legacy_variables(model)


def test_it_is_created_once(new: Any) -> None:
    with new.layer_graph():
        new.create_global_step()
        with pytest.raises(ValueError, match="already exists"):
            new.create_global_step()


def test_in_a_tf_graph_it_is_tensorflows(new: Any) -> None:
    with tf.Graph().as_default() as graph:
        assert new.get_global_step() is None
        step = new.get_or_create_global_step()
        assert step is v1.train.get_global_step() is new.get_global_step(graph)
        with pytest.raises(ValueError, match="already exists"):
            new.create_global_step()
