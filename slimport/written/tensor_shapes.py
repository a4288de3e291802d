# mypy: allow-subclassing-any, allow-untyped-decorators
"""Tensor functions of sizes that only the running program knows: `tf.shape`, `tf.reshape` with it.

On TensorFlow each is TensorFlow's own operation, under its name. KerasTensors go through it, too:
sizes that a model knows are Python's integers there, so that static shapes are not lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from slimport.written.backends import on_tensorflow

__all__ = ["dynamic_reshape", "dynamic_shape"]


def dynamic_shape(x: Any, name: str | None = None) -> Any:
    """Returns the shape of a tensor when it is computed, `tf.shape` on TensorFlow.

    Args:
        x: A tensor.
        name: Name of TensorFlow's operation; KerasTensors have none.

    Returns:
        A vector of int32. Of a KerasTensor, an array of objects: integers, and KerasTensors for the
        sizes that the model leaves open.
    """
    if on_tensorflow() and not keras.backend.is_keras_tensor(x):
        return tf.shape(x, name=name)
    sizes = np.empty(len(x.shape), object)
    for axis, size in enumerate(x.shape):
        sizes[axis] = SizeOf(axis)(x) if size is None else int(size)
    return sizes


@keras.saving.register_keras_serializable("scoped_layers")
class SizeOf(keras.Operation):
    """One entry of `dynamic_shape`."""

    def __init__(self, axis: int, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.axis = axis

    def call(self, x: Any) -> Any:
        """Returns the size, an integer where the backend knows it."""
        return keras.ops.shape(x)[self.axis]

    def compute_output_spec(self, x: Any) -> Any:
        """Returns the kind of tensor that comes out: a number."""
        return keras.KerasTensor((), "int32")


def dynamic_reshape(x: Any, newshape: Any, name: str | None = None) -> Any:
    """Gives a tensor another shape, `tf.reshape` on TensorFlow.

    Args:
        x: A tensor.
        newshape: The new sizes, some of which may be those of `dynamic_shape`; one may be -1.
        name: Name of TensorFlow's operation; KerasTensors have none.
    """
    symbolic = map(keras.backend.is_keras_tensor, (x, *listed(newshape)))
    if on_tensorflow() and not any(symbolic):
        return tf.reshape(x, newshape, name)
    known, unknown = told_apart(newshape)
    return Reshape(known)(x, unknown) if unknown else keras.ops.reshape(x, known)


@keras.saving.register_keras_serializable("scoped_layers")
class Reshape(keras.Operation):
    """`dynamic_reshape` in a functional model to sizes of which it does not know all."""

    def __init__(self, sizes: list[int | None], *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.sizes = sizes

    def call(self, x: Any, unknown: list[Any]) -> Any:
        """Returns the tensor in its new shape."""
        sizes = together(self.sizes, unknown)
        if on_tensorflow():
            return tf.reshape(x, tf.stack(sizes))
        return keras.ops.reshape(x, [int(size) for size in sizes])

    def compute_output_spec(self, x: Any, unknown: list[Any]) -> Any:
        """Returns the kind of tensor that comes out."""
        sizes = (None if size == -1 else size for size in self.sizes)
        return keras.KerasTensor(tuple(sizes), x.dtype)


def listed(sizes: Any) -> Iterable[Any]:
    """The entries of a list or an array of objects; a tensor has no KerasTensors in it."""
    return sizes if isinstance(sizes, list | tuple | np.ndarray) else ()


def told_apart(sizes: Any) -> tuple[list[int | None], list[Any]]:
    """Sizes with `None` for KerasTensors, and those."""
    unknown = [size for size in sizes if keras.backend.is_keras_tensor(size)]
    known = [None if keras.backend.is_keras_tensor(size) else int(size) for size in sizes]
    return known, unknown


def together(known: Iterable[int | None], unknown: Iterable[Any]) -> list[Any]:
    """What `told_apart` has parted, with the values of the KerasTensors."""
    values = iter(unknown)
    return [next(values) if size is None else size for size in known]
