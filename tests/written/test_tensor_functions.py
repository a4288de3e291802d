"""Tensor functions of the written module: TensorFlow's own, and what KerasTensors go through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import imported

from slimport.written.assemble import assemble

IMAGES = np.random.default_rng(0).normal(0.0, 2.0, (2, 3, 4, 7)).astype(np.float32)
LRN = {"depth_radius": 2, "bias": 1.5, "alpha": 0.3, "beta": 0.75}
CASES: dict[str, tuple[dict[str, Any], Callable[..., Any]]] = {
    "identity": ({}, tf.identity),
    "l2_normalize": ({"axis": [1, 3]}, tf.nn.l2_normalize),
    "local_response_normalization": (LRN, tf.nn.local_response_normalization),
}
NAMES = tuple(CASES)
TURNS: tuple[dict[str, bool], ...] = (
    {}, {"transpose_a": True}, {"transpose_b": True}, {"adjoint_a": True, "transpose_b": True},
    {"adjoint_b": True},
)  # fmt: skip


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The module under a backend of another name, where its `tf` is a stand-in."""
    monkeypatch.setattr(keras.config, "backend", lambda: "another")
    registered = dict(keras.saving.get_custom_objects())
    yield imported(assemble([*NAMES, "matmul"]), tmp_path, "tensor_functions_elsewhere")
    keras.saving.get_custom_objects().update(registered)


@pytest.mark.parametrize("name", NAMES)
def test_tensors_meet_tensorflows_own_operation(new: Any, name: str) -> None:
    settings, of_tensorflow = CASES[name]
    function = getattr(new, name)
    expected = of_tensorflow(IMAGES, **settings).numpy()
    np.testing.assert_array_equal(function(tf.constant(IMAGES), **settings), expected)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        images = tf.compat.v1.placeholder("float32", IMAGES.shape)
        with tf.compat.v1.name_scope("net"):
            function(images, **settings, name="output")
        found = session.run("net/output:0", {images: IMAGES})
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", NAMES)
def test_functional_models_compute_the_same_and_can_be_saved(
    new: Any, tmp_path: Path, name: str
) -> None:
    settings, of_tensorflow = CASES[name]
    inputs = keras.Input(IMAGES.shape[1:], dtype="float32")
    outputs = getattr(new, name)(inputs, **settings, name="output")
    assert outputs is not inputs
    assert (outputs.shape, outputs.dtype) == (inputs.shape, inputs.dtype)
    keras.Model(inputs, outputs).save(tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(IMAGES), of_tensorflow(IMAGES, **settings))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_other_backends_compute_the_formula(elsewhere: Any, name: str, dtype: str) -> None:
    settings, of_tensorflow = CASES[name]
    images = tf.constant(IMAGES, dtype)
    with tf.GradientTape() as tape:
        tape.watch(images)
        outputs = getattr(elsewhere, name)(images, **settings)
    expected = of_tensorflow(IMAGES, **settings)
    assert outputs.dtype == dtype
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-6 * np.abs(expected).max())
    assert np.any(tape.gradient(outputs, images) != 0)


def test_an_activation_is_found_again_in_a_file(new: Any, tmp_path: Path) -> None:
    layer = keras.layers.Dense(2, activation=new.identity)
    keras.Sequential([keras.Input((3,)), layer]).save(tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras")
    assert model.layers[0].activation is new.identity


def test_images_alone_are_normalized_across_channels(new: Any) -> None:
    with pytest.raises(ValueError, match="takes 4 dimensions"):
        new.local_response_normalization(keras.Input((7,)))


@pytest.mark.parametrize("dtype", ["float32", "complex64"])
@pytest.mark.parametrize("turns", TURNS, ids=str)
def test_matrices_are_turned_and_multiplied(
    new: Any, elsewhere: Any, tmp_path: Path, turns: dict[str, bool], dtype: str
) -> None:
    one = any(key.endswith("_a") for key in turns)
    other = any(key.endswith("_b") for key in turns)
    random = np.random.default_rng(0)
    parts = (random.normal(size=(3, 40, 40)) + 1j * random.normal(size=(3, 40, 40)) for _ in "ab")
    a, b = (np.asarray(part if dtype == "complex64" else part.real, dtype) for part in parts)
    a, b = a[:, :, :7] if one else a[:, :7], b[:, :9] if other else b[..., :9]
    expected = tf.matmul(a, b, **turns)
    np.testing.assert_array_equal(new.matmul(a, tf.constant(b), **turns), expected)
    inputs = [keras.Input(x.shape[1:], dtype=dtype) for x in (a, b)]
    model = keras.Model(inputs, new.matmul(*inputs, **turns))
    assert model.output_shape == (None, 7, 9)
    model.save(tmp_path / "model.keras")
    for copy in (model, keras.models.load_model(tmp_path / "model.keras")):
        np.testing.assert_array_equal(copy([a, b]), expected)
    found = elsewhere.matmul(tf.constant(a), tf.constant(b), **turns)
    np.testing.assert_allclose(found, expected, 1e-5, 1e-4)


def test_a_matrix_is_transposed_in_one_way(new: Any) -> None:
    with pytest.raises(ValueError, match="in one way"):
        new.matmul(keras.Input((3, 3)), np.eye(3), transpose_a=True, adjoint_a=True)
