"""Models that compute what a session computed of what it was fed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from slimport.written.dense import fully_connected
from slimport.written.models import TracedModel
from slimport.written.normalization import batch_norm
from slimport.written.prediction_model import PredictionModel

ROWS = np.array([[1.0, 2.0], [3.0, 6.0]])


def spec(*shape: int | None, dtype: Any = tf.float32) -> tf.TensorSpec:
    return tf.TensorSpec(shape, dtype)


def normalizing(is_training: Any, collection: Any = "update_ops") -> PredictionModel:
    def build_outputs(x: Any) -> Any:
        return batch_norm(x, 0.5, is_training=is_training, updates_collections=collection)

    return PredictionModel(build_outputs, x=spec(None, 2))


def moving(model: TracedModel) -> list[float]:
    (layer,) = [layer for layer in model._flatten_layers() if hasattr(layer, "moving_mean")]
    return np.asarray(layer.moving_mean).tolist()


def test_statistics_are_the_moving_ones() -> None:
    model = normalizing(False)
    np.testing.assert_allclose(model.predict_on_batch(ROWS), ROWS, rtol=1e-3)
    np.testing.assert_allclose(model({"x": tf.constant(ROWS, tf.float32)}), ROWS, rtol=1e-3)
    assert moving(model) == [0.0, 0.0]


def test_code_that_says_training_normalizes_by_the_batch_as_it_did() -> None:
    model = normalizing(True)
    for _ in range(2):
        found = model.predict_on_batch(ROWS)
        np.testing.assert_allclose(found, [[-1, -1], [1, 1]], rtol=1e-3)
        assert moving(model) == [0.0, 0.0]


def test_statistics_that_are_updated_in_place_move() -> None:
    model = normalizing(True, None)
    model.predict_on_batch(ROWS)
    assert moving(model) == [1.0, 2.0]


def test_arrays_are_what_a_session_made_of_them() -> None:
    model = PredictionModel(
        lambda image, scale: [tf.reduce_sum(image), tf.cast(image, tf.float32) * scale],
        image=spec(None, 2, dtype=tf.uint8),
        scale=spec(),
    )
    total, scaled = model.predict_on_batch({"image": ROWS.tolist(), "scale": 0.5})
    assert total == 12 and total.dtype == np.uint8
    np.testing.assert_array_equal(scaled, ROWS / 2)
    for fed in ({"image": ROWS[0], "scale": 1.0}, {"image": ROWS}, {"images": ROWS, "scale": 1}):
        with pytest.raises(ValueError):
            model.predict_on_batch(fed)


def test_runs_need_what_they_compute() -> None:
    model = PredictionModel(
        lambda x, y: {"x": x * 2.0, "sum": x + y},
        x=spec(None, 2),
        y=spec(None, 2),
    )
    np.testing.assert_array_equal(model.run_on_batch({"x": ROWS}, "x"), ROWS * 2)
    found = model.run_on_batch({"x": ROWS, "y": ROWS}, ["sum", "x"])
    np.testing.assert_array_equal(found, [ROWS * 2, ROWS * 2])


def test_variables_are_those_of_tf_1() -> None:
    def build_outputs(x: Any) -> Any:
        return fully_connected(x, 3, name="logits")

    model = PredictionModel(build_outputs, x=spec(None, 2))
    assert [variable.legacy_name for variable in model.variables]
    with model.layer_graph() as graph:
        assert list(graph.layers)
