"""Tensor functions from and to indices, moments, and what becomes a tensor."""

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

VALUES = np.random.default_rng(0).integers(-9, 9, (2, 3, 4, 5))  # with equal ones
TF1 = tf.compat.v1
OF_TENSORFLOW: dict[str, Callable[..., Any]] = {
    "argmax": TF1.argmax, "argmin": TF1.argmin, "convert_to_tensor": TF1.convert_to_tensor,
    "gather": TF1.gather, "nn_moments": TF1.nn.moments, "one_hot": TF1.one_hot,
    "slice_tensor": TF1.slice,
}  # fmt: skip
CASES: list[tuple[str, str, dict[str, Any]]] = [
    *(
        (name, dtype, {"axis": axis, "output_type": output_type})
        for name in ("argmax", "argmin")
        for dtype, axis, output_type in (
            ("float32", None, tf.int64), ("int32", 1, tf.int32), ("float64", -1, tf.int64),
        )
    ),
    *(
        ("gather", dtype, {"indices": indices, "axis": axis})
        for dtype, indices, axis in (
            ("float32", 1, None), ("int32", [2, 0, 2], 1), ("float32", [[3, 0], [1, 1]], -2),
        )
    ),
    *(
        ("one_hot", dtype, settings)
        for dtype, settings in (
            ("int32", {"depth": 300}),
            ("int64", {"depth": 3, "axis": 0, "dtype": tf.float16}),
            ("uint8", {"depth": 300, "on_value": 5, "off_value": -1}),
            ("int32", {"depth": 2, "on_value": 0.75, "axis": 0}),
            ("int32", {"depth": 2, "on_value": True, "off_value": False}),
        )
    ),
    ("slice_tensor", "float32", {"begin": [0, 1, 0, 2], "size": [-1, 2, 4, 3]}),
    ("slice_tensor", "int32", {"begin": (1, 0, 4, 0), "size": (1, 0, -1, 5)}),
    *(
        ("nn_moments", dtype, {"axes": axes, "keepdims": keepdims})
        for dtype, axes, keepdims in (
            ("float32", [0], None), ("float32", [1, 2], True), ("float64", (0, 1, 2, 3), False),
            ("float16", [-1], False),
        )
    ),
    ("convert_to_tensor", "float32", {}),
    ("convert_to_tensor", "int32", {"dtype": tf.int32}),
]  # fmt: skip


@pytest.fixture(params=["jax", "torch"])
def elsewhere(request: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The module under a backend of another name, where its `tf` is a stand-in."""
    monkeypatch.setattr(keras.config, "backend", lambda: request.param)
    registered = dict(keras.saving.get_custom_objects())
    yield imported(assemble([*OF_TENSORFLOW]), tmp_path, "tensor_indices_elsewhere")
    keras.saving.get_custom_objects().update(registered)


def values(name: str, dtype: str) -> tf.Tensor:
    """Indices where the function takes some, three of which lead nowhere."""
    indices = np.abs(VALUES[0, 0]) - 1 if dtype != "uint8" else np.abs(VALUES[0])
    return tf.constant((indices if name == "one_hot" else VALUES).astype(dtype))


def same(one: Any, other: Any, within: float = 0.0) -> None:
    for a, b in zip(keras.tree.flatten(one), keras.tree.flatten(other), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=within, atol=within)


@pytest.mark.parametrize(("name", "dtype", "settings"), CASES)
def test_tensors_and_kerastensors_meet_tensorflows_operation(
    new: Any, tmp_path: Path, name: str, dtype: str, settings: dict[str, Any]
) -> None:
    given = values(name, dtype)
    expected = OF_TENSORFLOW[name](given, **settings)
    same(getattr(new, name)(given, **settings), expected)
    inputs = keras.Input(given.shape[1:], given.shape[0], dtype=dtype)
    outputs = getattr(new, name)(inputs, **settings)
    model = keras.Model(inputs, outputs)
    same(model(given), expected)
    pairs = zip(keras.tree.flatten(outputs), keras.tree.flatten(expected), strict=True)
    for symbolic, value in pairs:
        assert (symbolic.shape, symbolic.dtype) == (tuple(value.shape), value.dtype.name)
    model.save(tmp_path / "model.keras")
    same(keras.models.load_model(tmp_path / "model.keras")(given), expected)


@pytest.mark.parametrize(("name", "dtype", "settings"), CASES)
def test_other_backends_compute_the_formula(
    elsewhere: Any, name: str, dtype: str, settings: dict[str, Any]
) -> None:
    given = values(name, dtype)
    expected = OF_TENSORFLOW[name](given, **settings)
    within = {"float16": 1e-3, "float64": 1e-13}.get(dtype, 1e-6) * (name == "nn_moments")
    same(getattr(elsewhere, name)(given, **settings), expected, within)


@pytest.mark.parametrize("name", OF_TENSORFLOW)
def test_operations_have_names_in_a_session(new: Any, name: str) -> None:
    _, dtype, settings = next(case for case in CASES if case[0] == name)
    given = values(name, dtype)
    parts = "output/Squeeze:0" if name == "nn_moments" else "output:0"
    with tf.Graph().as_default(), TF1.Session() as session:
        array = given.numpy() if name != "convert_to_tensor" else [1.0, 2.0]
        fed = TF1.placeholder_with_default(array, np.shape(array))
        getattr(new, name)(array if name == "convert_to_tensor" else fed, **settings, name="output")
        found = session.run(parts)
    expected = OF_TENSORFLOW[name](array, **settings)
    np.testing.assert_array_equal(found, keras.tree.flatten(expected)[0])


@pytest.mark.parametrize("size", [[3, -1, -1, -1], [1, 2, 3], [0, 0, 0, -2], [-1, -1, -1, 6]])
def test_no_block_is_cut_short(elsewhere: Any, size: list[int]) -> None:
    with pytest.raises(ValueError, match="slice of"):
        elsewhere.slice_tensor(tf.constant(VALUES), [0, 0, 0, 0], size)
    with pytest.raises(ValueError, match="slice of"):
        elsewhere.slice_tensor(keras.Input((3, 4, 5), 2), [0, 0, 0, 0], size)


LISTS = ([1, 2], [[1.5], [2]], (True, False), 3, np.arange(3), np.float64(2.5), [np.float32(1), 2])


@pytest.mark.parametrize("value", LISTS, ids=repr)
def test_numbers_become_tensors_of_tensorflows_types(elsewhere: Any, value: Any) -> None:
    same(elsewhere.convert_to_tensor(value), tf.convert_to_tensor(value))
    same(elsewhere.convert_to_tensor(value, "float32"), tf.constant(value, tf.float32))


def test_kerastensors_among_numbers_are_stacked_and_keep_their_type(new: Any) -> None:
    inputs = keras.Input((), 1, dtype="int32")
    stacked = new.convert_to_tensor([[inputs[0], 2], [3, 4]])
    assert (stacked.shape, stacked.dtype) == ((2, 2), "int32")
    found = keras.Model(inputs, stacked)(tf.constant([7]))
    np.testing.assert_array_equal(found, [[7, 2], [3, 4]])
    assert new.convert_to_tensor(inputs, tf.int32) is inputs
    with pytest.raises(ValueError, match="int32 does not become one of float32"):
        new.convert_to_tensor(inputs, tf.float32)


def test_no_moment_of_float64_is_a_mean_of_keras(elsewhere: Any) -> None:
    """Which takes means in float32 on JAX and torch, whatever the dtype of what comes out."""
    inputs = keras.Input((3, 4), dtype="float64")
    model = keras.Model(inputs, elsewhere.nn_moments(inputs, [1, 2]))
    assert {op.__class__.__name__ for op in model.operations} >= {"Sum", "Square"}
    assert "Mean" not in {op.__class__.__name__ for op in model.operations}
