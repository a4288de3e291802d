"""Sizes that only the running program knows, on tensors and on KerasTensors."""

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

IMAGES = np.random.default_rng(0).normal(0.0, 2.0, (2, 5, 7, 6)).astype("float32")
NAMES = ("dynamic_concat", "dynamic_reshape", "dynamic_shape", "dynamic_sizes", "dynamic_stack",
         "dynamic_unstack", "resize_bilinear", "resize_images",
         "resize_nearest_neighbor")  # fmt: skip


class TF1:
    """The functions under the names that the written module has for them."""

    dynamic_reshape, dynamic_shape = tf.reshape, tf.shape
    dynamic_concat, dynamic_stack, dynamic_unstack = tf.concat, tf.stack, tf.unstack
    dynamic_sizes = tf.convert_to_tensor
    resize_bilinear = tf.compat.v1.image.resize_bilinear
    resize_images = tf.compat.v1.image.resize_images
    resize_nearest_neighbor = tf.compat.v1.image.resize_nearest_neighbor


def gram_matrix(of: Any, x: Any) -> Any:
    """Sizes that are unpacked, put together again, and counted."""
    batch, height, width, channels = of.dynamic_unstack(of.dynamic_shape(x))
    rows = of.dynamic_reshape(x, of.dynamic_stack([batch, height * width, channels]))
    return rows / keras.ops.cast(height * width, "float32")


NETS: dict[str, Callable[[Any, Any], Any]] = {
    "whole": lambda of, x: of.dynamic_reshape(
        x[..., :1] + x[..., 1:], of.dynamic_shape(x[..., 1:])
    ),
    "batch": lambda of, x: of.dynamic_reshape(x, [of.dynamic_shape(x)[0], -1, 6]),
    "pixels": lambda of, x: of.dynamic_reshape(
        x, (of.dynamic_shape(x)[1] * of.dynamic_shape(x)[2], of.dynamic_shape(x)[0], 6)
    ),
    "larger": lambda of, x: of.resize_bilinear(x, of.dynamic_shape(x)[1:3] * 2, True),
    "one size": lambda of, x: of.resize_nearest_neighbor(x, [of.dynamic_shape(x)[2] // 2, 4]),
    "equal size": lambda of, x: of.resize_images(x, of.dynamic_shape(x)[1:3]),
    "computed": lambda of, x: of.dynamic_reshape(
        x, [2 * of.dynamic_shape(x)[0] - 1 - (3 - of.dynamic_shape(x)[0]) // 1 + 0, -1]
    ),
    "unstacked": gram_matrix,
    "joined": lambda of, x: of.dynamic_reshape(
        x, of.dynamic_concat([of.dynamic_shape(x)[:2], (-1, 3)], 0)
    ),
    "converted": lambda of, x: of.dynamic_reshape(
        x, of.dynamic_sizes([of.dynamic_shape(x)[2], of.dynamic_sizes(of.dynamic_shape(x)[0]), -1])
    ),
    "other size": lambda of, x: of.resize_images(x, of.dynamic_shape(x)[1:3] - 1, 1),
}
KNOWN = [(2, 5, 7, 6), (None, 5, 7, 6), (None, None, None, 6), (2, None, 7, 6)]


def model_of(net: Callable[[Any, Any], Any], of: Any, shape: tuple[int | None, ...]) -> Any:
    inputs = keras.Input(shape[1:], shape[0])
    return keras.Model(inputs, net(of, inputs))


@pytest.mark.parametrize("shape", KNOWN, ids=str)
@pytest.mark.parametrize("net", NETS.values(), ids=NETS.keys())
def test_functional_models_compute_as_tensorflow(
    new: Any, tmp_path: Path, net: Callable[[Any, Any], Any], shape: tuple[int | None, ...]
) -> None:
    expected = net(TF1, tf.constant(IMAGES))
    np.testing.assert_array_equal(net(new, tf.constant(IMAGES)), expected)
    model = model_of(net, new, shape)
    np.testing.assert_array_equal(model(IMAGES), expected)
    if shape == KNOWN[1]:
        model.save(tmp_path / "model.keras")
        model = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(model(IMAGES), expected)
    known = tf.function(lambda x: net(TF1, x), [tf.TensorSpec(shape)]).get_concrete_function()
    pairs = zip(model.outputs[0].shape, known.output_shapes, strict=True)
    assert all(ours == theirs for ours, theirs in pairs if theirs is not None)  # and more
    more = np.concatenate([IMAGES, IMAGES])
    if shape[0] is None:
        np.testing.assert_array_equal(model(more), net(TF1, tf.constant(more)))


@pytest.fixture(params=["jax", "torch"])
def elsewhere(request: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The module under a backend of another name, where its `tf` is a stand-in."""
    monkeypatch.setattr(keras.config, "backend", lambda: request.param)
    registered = dict(keras.saving.get_custom_objects())
    yield imported(assemble(NAMES), tmp_path, "tensor_shapes_elsewhere")
    keras.saving.get_custom_objects().update(registered)


@pytest.mark.parametrize("net", NETS.values(), ids=NETS.keys())
def test_other_backends_compute_the_formula(elsewhere: Any, net: Callable[[Any, Any], Any]) -> None:
    expected = net(TF1, tf.constant(IMAGES))
    np.testing.assert_allclose(net(elsewhere, tf.constant(IMAGES)), expected, 1e-6, 1e-6)


def test_names_in_a_session(new: Any) -> None:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        fed = tf.compat.v1.placeholder("float32", [None, 5, 7, 6])
        new.dynamic_reshape(fed, [new.dynamic_shape(fed, name="sizes")[0], -1], name="rows")
        sizes, rows = session.run(["sizes:0", "rows:0"], {fed: IMAGES})
    assert (sizes.dtype, rows.shape) == (np.int32, (2, 210))


def test_what_is_no_list_of_sizes(new: Any) -> None:
    sizes = new.dynamic_shape(keras.Input((None, 3)))
    for wrong in (
        lambda: new.dynamic_stack([sizes, sizes]),
        lambda: new.dynamic_stack([[sizes[0]], [3]]),
        lambda: new.dynamic_stack(sizes, axis=1),
        lambda: new.dynamic_concat([sizes[0], sizes], 0),
        lambda: new.dynamic_unstack(sizes[0]),
        lambda: new.dynamic_unstack(sizes, num=2),
        lambda: new.dynamic_sizes(sizes, "int64"),
    ):
        with pytest.raises(ValueError, match="size"):
            wrong()
    assert new.dynamic_unstack(sizes[1:], 2) == list(sizes[1:])


def test_sizes_that_are_all_known_are_taken_by_tensorflows_operations(new: Any) -> None:
    sizes = new.dynamic_shape(keras.Input((3, 4), 2))
    images = tf.reshape(tf.range(24.0), (1, 4, 3, 2))
    assert new.dynamic_reshape(images, new.dynamic_stack(list(sizes))).shape == (2, 3, 4)
    assert new.resize_bilinear(images, new.dynamic_concat([sizes[:2]], 0)).shape == (1, 2, 3, 2)
    assert new.resize_images(images, sizes[:2]).shape == (1, 2, 3, 2)


def test_arithmetic_of_open_sizes_is_that_of_numbers(elsewhere: Any) -> None:
    """JAX compiles `predict`: an integer that becomes a tensor there cannot be looked into."""
    open_size = elsewhere.dynamic_shape(keras.Input((3,)))[0]
    for size, value in (
        (open_size + 1, 8), (1 + open_size, 8), (open_size - 1, 6), (10 - open_size, 3),
        (open_size * open_size, 49), (2 * open_size, 14), (open_size // 2, 3), (15 // open_size, 2),
    ):  # fmt: skip
        operation = size._keras_history.operation
        given = operation._inbound_nodes[0].arguments.args
        found = operation.call(*(7 if part is open_size else part for part in given))
        assert found == value and type(found) is int
