"""Sizes that are whole floats, which `depth / 2` gives in Python 3: TF 1 took them for integers."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from old_side import v1

IMAGES, VOLUMES = (2, 9, 9, 4), (2, 5, 5, 5, 4)
# Layer, its input, its arguments: with floats in place of the integers all but
# conv2d_transpose(6.0) built in TensorFlow 1.15.5, and that with NumPy's floats.
TAKEN: list[tuple[str, tuple[int, ...], dict[str, Any]]] = [
    ("conv1d", (2, 9, 4), {"filters": 6, "kernel_size": 3}),
    ("conv2d", IMAGES, {"filters": 6, "kernel_size": [3, 2], "strides": [2, 2]}),
    ("conv2d", IMAGES, {"filters": 6, "kernel_size": 3, "dilation_rate": [2, 2]}),
    ("conv3d", VOLUMES, {"filters": 6, "kernel_size": 3}),
    ("conv2d_transpose", IMAGES, {"filters": 6, "kernel_size": [3, 2], "strides": [2, 2]}),
    ("separable_conv2d", IMAGES, {"filters": 6, "kernel_size": [3, 2], "depth_multiplier": 2}),
    ("separable_conv2d", IMAGES, {"filters": None, "kernel_size": 3, "depth_multiplier": 2}),
    ("conv2d_in_plane", IMAGES, {"kernel_size": [3, 2], "strides": [2, 2]}),
    ("max_pool2d", IMAGES, {"pool_size": [3, 2], "strides": [2, 1]}),
    ("avg_pool2d", IMAGES, {"pool_size": [3, 2]}),
    ("pool", IMAGES, {"pool_size": [3, 2], "pooling_type": "MAX", "strides": 2}),
]


def as_floats(value: Any) -> Any:
    if isinstance(value, list):
        return [as_floats(element) for element in value]
    return float(value) if type(value) is int else value


@pytest.mark.parametrize(("name", "shape", "arguments"), TAKEN)
def test_whole_floats_are_integers(
    old: Any, new: Any, name: str, shape: tuple[int, ...], arguments: dict[str, Any]
) -> None:
    floats = {key: as_floats(value) for key, value in arguments.items()}
    slims = {"filters": "num_outputs", "strides": "stride", "dilation_rate": "rate"}
    if "pool" in name:
        slims = {"pool_size": "kernel_size", "strides": "stride"}
    integers = {slims.get(key, key): value for key, value in arguments.items()}
    with tf.Graph().as_default():
        expected = getattr(old, name)(v1.placeholder("float32", shape), **integers)
        weights = [v.shape.as_list() for v in v1.trainable_variables()]
    with new.layer_graph():
        outputs = getattr(new, name)(keras.Input(shape[1:], shape[0]), **floats)
    assert list(outputs.shape) == expected.shape.as_list()
    with tf.Graph().as_default():
        outputs = getattr(new, name)(v1.placeholder("float32", shape), **floats)
        assert outputs.shape.as_list() == expected.shape.as_list()
        assert [v.shape.as_list() for v in v1.trainable_variables()] == weights


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("conv2d", (16.5, 3)),
        ("conv2d", (16, [2.5, 3])),
        ("conv2d_transpose", (16.5, 3)),
        ("separable_conv2d", (None, 3, 1.5)),
        ("max_pool2d", ([2.5, 2],)),
    ],
)
def test_other_floats_are_errors(new: Any, name: str, arguments: tuple[Any, ...]) -> None:
    with new.layer_graph(), pytest.raises(ValueError, match=r"should be whole, got [0-9]+\.5"):
        getattr(new, name)(keras.Input(IMAGES[1:]), *arguments)


def test_numbers_of_numpy(new: Any) -> None:
    sizes = (np.float32(6), np.array([3.0, 2.0]), np.array([2, 2]))
    with new.layer_graph() as graph:
        assert new.conv2d(keras.Input(IMAGES[1:]), *sizes).shape == (None, 5, 5, 6)
        assert graph.variables["Conv/weights"].shape == (3, 2, 4, 6)


def test_dense_takes_integers_alone_as_slim_does(old: Any, new: Any) -> None:
    with tf.Graph().as_default(), pytest.raises(ValueError, match="num_outputs type"):
        old.fully_connected(v1.placeholder("float32", (2, 4)), 6.0)
    with new.layer_graph(), pytest.raises(ValueError, match="should be an integer"):
        new.fully_connected(keras.Input((4,)), 6.0)


def test_a_layer_is_found_again_by_an_equal_size(new: Any) -> None:
    with new.layer_graph() as graph:
        first = new.conv2d(keras.Input(IMAGES[1:]), 6, 3, name="conv")
        again = new.conv2d(keras.Input(IMAGES[1:]), 6.0, 3, name="conv", reuse=True)
        assert first.shape == again.shape
        assert len(graph.layers["conv"]) == 1


def test_shapes_of_variables(new: Any) -> None:
    with new.layer_graph() as graph:
        new.get_variable("v", [3, 8 / 2])
        assert graph.variables["v"].shape == (3, 4)
        with pytest.raises(ValueError, match="shape should be whole"):
            new.get_variable("w", [3, 4.5])
    with tf.Graph().as_default():
        assert new.model_variable("v", [3, 8 / 2]).shape == (3, 4)
