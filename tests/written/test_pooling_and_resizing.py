"""Tensor functions that cut, pool and resize: TensorFlow's own, and through KerasTensors."""

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

IMAGES = np.random.default_rng(0).normal(0.0, 2.0, (2, 5, 7, 6))
NAMES = ("add_n", "avg_pool", "max_pool", "resize_bilinear", "resize_nearest_neighbor",
         "resize_images", "split")  # fmt: skip

TF1 = tf.compat.v1
OF_TENSORFLOW: dict[str, Callable[..., Any]] = {
    "avg_pool": TF1.nn.avg_pool, "max_pool": TF1.nn.max_pool, "split": tf.split,
    "resize_bilinear": TF1.image.resize_bilinear, "resize_images": TF1.image.resize_images,
    "resize_nearest_neighbor": TF1.image.resize_nearest_neighbor,
}  # fmt: skip
WINDOWS: list[tuple[Any, Any]] = [
    ([1, 3, 3, 1], [1, 2, 2, 1]), (2, 1), ([3, 2], [1, 3]), ((1, 5, 6, 1), [1]),
]  # fmt: skip
CASES: list[tuple[str, str, dict[str, Any]]] = [
    *(
        ("split", dtype, {"num_or_size_splits": sizes, "axis": axis})
        for dtype in ("float32", "int32")
        for sizes, axis in (
            (3, 3), (2, -1), ([1, 2, 3], 3), ([1, -1, 2], -1), ([5], 1), ([0, 6], 3), (1, 0),
            ((-1, 2), -2),
        )
    ),
    *(
        (name, dtype, {"ksize": window, "strides": step, "padding": padding})
        for name in ("avg_pool", "max_pool")
        for dtype, padding in (("float32", "SAME"), ("float64", "SAME"), ("float32", "VALID"))
        for window, step in WINDOWS
    ),
    *(
        (name, dtype, {"size": size, "align_corners": corners, "half_pixel_centers": half})
        for name in ("resize_bilinear", "resize_nearest_neighbor")
        for dtype, size in (("float32", (8, 4)), ("uint8", (10, 21)), ("float64", (1, 3)))
        for corners, half in ((False, False), (True, False), (False, True))
    ),
    *(
        ("resize_images", dtype, {"size": size, "method": method, "align_corners": method == 0})
        for method in (0, 1, "bilinear", "nearest")
        for dtype, size in (("float32", [9, 9]), ("int32", [5, 7]))
    ),
]  # fmt: skip


@pytest.fixture(params=["jax", "torch"])
def elsewhere(request: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The module under a backend of another name, where its `tf` is a stand-in."""
    monkeypatch.setattr(keras.config, "backend", lambda: request.param)
    registered = dict(keras.saving.get_custom_objects())
    yield imported(assemble(NAMES), tmp_path, "tensor_parts_elsewhere")
    keras.saving.get_custom_objects().update(registered)


def arrays(found: Any) -> list[np.ndarray]:
    return [np.asarray(value) for value in keras.tree.flatten(found)]


def same(one: Any, other: Any, within: float = 0.0) -> None:
    for a, b in zip(arrays(one), arrays(other), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=0, atol=within * max(1.0, np.abs(b).max(initial=0)))


@pytest.mark.parametrize(("name", "dtype", "settings"), CASES)
def test_tensors_and_kerastensors_meet_tensorflows_operation(
    new: Any, name: str, dtype: str, settings: dict[str, Any]
) -> None:
    images = tf.constant(IMAGES.astype(dtype))
    expected = OF_TENSORFLOW[name](images, **settings)
    same(getattr(new, name)(images, **settings), expected)
    inputs = keras.Input(IMAGES.shape[1:], 2, dtype=dtype)
    outputs = getattr(new, name)(inputs, **settings)
    same(keras.Model(inputs, outputs)(images), expected)
    for symbolic, value in zip(keras.tree.flatten(outputs), arrays(expected), strict=True):
        assert (symbolic.shape, symbolic.dtype) == (value.shape, value.dtype)


@pytest.mark.parametrize(("name", "dtype", "settings"), CASES)
def test_other_backends_compute_the_formula(
    elsewhere: Any, name: str, dtype: str, settings: dict[str, Any]
) -> None:
    images = tf.constant(IMAGES.astype(dtype))
    answers = []
    for function in (getattr(elsewhere, name), OF_TENSORFLOW[name]):
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = function(images, **settings)
            losses = [tf.reduce_sum(tf.cast(o, "float64") ** 2) for o in arrays_of(outputs)]
        answers.append(outputs)
        if dtype.startswith("float"):
            answers.append(tape.gradient(losses, images))
    half = len(answers) // 2
    same(answers[:half], answers[half:], 1e-6)


def arrays_of(outputs: Any) -> list[Any]:
    return list(keras.tree.flatten(outputs))


@pytest.mark.parametrize("name", OF_TENSORFLOW)
def test_operations_have_names_and_models_are_saved(new: Any, tmp_path: Path, name: str) -> None:
    """The names that a session asks for, and a file that holds every argument."""
    _, dtype, settings = next(case for case in CASES if case[0] == name)
    images = tf.constant(IMAGES.astype(dtype))
    expected = OF_TENSORFLOW[name](images, **settings)
    if name != "resize_images":
        with tf.Graph().as_default(), TF1.Session() as session:
            fed = TF1.placeholder(dtype, IMAGES.shape)
            with TF1.name_scope("net"):
                getattr(new, name)(fed, **settings, name="output")
            same(session.run("net/output:0", {fed: IMAGES.astype(dtype)}), arrays(expected)[0])
    inputs = keras.Input(IMAGES.shape[1:], dtype=dtype)
    outputs = getattr(new, name)(inputs, **settings)
    keras.Model(inputs, outputs).save(tmp_path / "model.keras")
    same(keras.models.load_model(tmp_path / "model.keras")(images), expected)


ORIGINAL = keras.config.backend


def test_sums_of_many_have_the_order_of_tensorflow(new: Any, elsewhere: Any) -> None:
    values = np.random.default_rng(1).normal(size=(20, 2, 3)).astype("float32")
    inputs = [keras.Input((3,)) for _ in values]
    expected = tf.add_n([*map(tf.constant, values)])
    same(elsewhere.add_n([*map(tf.constant, values)]), expected, 1e-6)
    keras.config.backend = ORIGINAL  # the fixture puts it back, too
    same(new.add_n([*map(tf.constant, values)]), expected)
    same(keras.Model(inputs, new.add_n(inputs))([*values]), expected)


def test_channels_first(new: Any) -> None:
    """No kernel for processors, so that only KerasTensors can be compared."""
    images = IMAGES.astype("float32").transpose(0, 3, 1, 2)
    inputs = keras.Input(images.shape[1:])
    settings = {"padding": "SAME", "data_format": "NCHW"}
    outputs = [
        getattr(new, name)(inputs, [1, 1, 3, 2], [1, 1, 2, 2], **settings)
        for name in ("avg_pool", "max_pool")
    ]
    expected = [
        tf.transpose(OF_TENSORFLOW[name](IMAGES.astype("float32"), [3, 2], 2, "SAME"), [0, 3, 1, 2])
        for name in ("avg_pool", "max_pool")
    ]
    same(keras.Model(inputs, outputs)(images), expected)


def test_parts_of_a_dimension_that_is_open(new: Any) -> None:
    inputs = keras.Input((4,))
    rows = IMAGES[0, 0, :, :4].astype("float32")
    first, rest = new.split(inputs, [2, -1], 0)
    assert (first.shape, rest.shape) == ((2, 4), (None, 4))
    same(keras.Model(inputs, [first, rest])(rows), [rows[:2], rows[2:]])


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("split", (4, 3), "split of 6 into 4 parts"),
        ("split", ([4, 3], 3), r"split of 6 into parts of \[4, 3\]"),
        ("avg_pool", ([2, 3, 3, 1], 1, "SAME"), r"pooling over windows or steps of \[2, 3, 3, 1\]"),
        ("max_pool", (3, 1, [[0, 0]] * 4), 'padding of a KerasTensor is "SAME" or "VALID"'),
        ("resize_images", ([3, 3], 2), "bilinear or nearest, not 2"),
        ("resize_bilinear", ([3, 3], True, None, True), "exclude each other"),
    ],
)
def test_what_kerastensors_cannot_have(new: Any, name: str, arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(new, name)(keras.Input(IMAGES.shape[1:]), *arguments)


def test_layers_leave_padding_out_on_torch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """keras.ops.average_pool counts the border again there, where padding is uneven."""
    monkeypatch.setattr(keras.config, "backend", lambda: "torch")
    registered = dict(keras.saving.get_custom_objects())
    layers = imported(assemble(("avg_pool2d", "avg_pool3d", "functional_model")), tmp_path, "pools")
    of_keras = keras.ops.average_pool

    def wrong(x: Any, window: Any, steps: Any, padding: str, data_format: str) -> Any:
        assert padding == "valid" or keras.backend.is_keras_tensor(x)
        return of_keras(x, window, steps, padding, data_format)

    monkeypatch.setattr(keras.ops, "average_pool", wrong)
    images = IMAGES.astype("float32")
    for function, x in ((layers.avg_pool2d, images), (layers.avg_pool3d, images[..., None])):
        inputs = keras.Input(x.shape[1:])
        model = layers.functional_model(lambda i, f=function: f(i, 2, 1, "same"), inputs)
        assert {type(layer).__module__ for layer in model.layers[1:]} == {"pools"}
        windows = [2] * (len(x.shape) - 2)
        kernel = tf.nn.avg_pool2d if len(windows) == 2 else tf.nn.avg_pool3d
        same(model(x), kernel(x, windows, 1, "SAME"), 1e-6)
        keras.Model(model.inputs, model.outputs).save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        same(loaded(x), [model(x)])
    keras.saving.get_custom_objects().update(registered)
