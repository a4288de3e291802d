# mypy: allow-subclassing-any, allow-untyped-decorators
"""Tensor functions of sizes that only the running program knows: `tf.shape`, and what takes it.

On TensorFlow each is TensorFlow's own operation, under its name. KerasTensors go through it, too:
sizes that a model knows are Python's integers there, so that static shapes are not lost.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from slimport.written.backends import on_tensorflow

__all__ = [
    "dynamic_concat",
    "dynamic_reshape",
    "dynamic_shape",
    "dynamic_sizes",
    "dynamic_stack",
    "dynamic_unstack",
]


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
        return OpenSize((), "int32")


class OpenSize(keras.KerasTensor):
    """A size that a model leaves open. What is computed of it is a number where it is one.

    Keras' own operations make a tensor of it, which JAX cannot look into while it compiles.
    """

    def __add__(self, other: Any) -> Any:
        return SizeBy("add")(self, other)

    def __radd__(self, other: Any) -> Any:
        return SizeBy("add")(other, self)

    def __sub__(self, other: Any) -> Any:
        return SizeBy("sub")(self, other)

    def __rsub__(self, other: Any) -> Any:
        return SizeBy("sub")(other, self)

    def __mul__(self, other: Any) -> Any:
        return SizeBy("mul")(self, other)

    def __rmul__(self, other: Any) -> Any:
        return SizeBy("mul")(other, self)

    def __floordiv__(self, other: Any) -> Any:
        return SizeBy("floordiv")(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return SizeBy("floordiv")(other, self)


@keras.saving.register_keras_serializable("scoped_layers")
class SizeBy(keras.Operation):
    """Arithmetic of one size and another, or a number."""

    def __init__(self, operation: str, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.operation = operation

    def call(self, one: Any, other: Any) -> Any:
        """Returns the new size, an integer where both are."""
        return getattr(operator, self.operation)(one, other)

    def compute_output_spec(self, one: Any, other: Any) -> Any:
        """Returns the kind of tensor that comes out: a number."""
        return OpenSize((), "int32")


def dynamic_sizes(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Makes a vector of a list of sizes, `tf.convert_to_tensor` on TensorFlow.

    Args:
        value: Sizes of `dynamic_shape`, with integers among them, or one size.
        dtype: `None` or int32.
        name: Name of TensorFlow's operation; KerasTensors have none.

    Returns:
        Likewise for KerasTensors an array of objects, see `dynamic_shape`.
    """
    if _has_tensors(value):
        return tf.convert_to_tensor(value, dtype, name=name)
    if dtype is not None and keras.backend.standardize_dtype(dtype) != "int32":
        raise ValueError(f"sizes of KerasTensors are int32, not {dtype}")
    return _vector(value) if isinstance(value, list | tuple | np.ndarray) else value


def dynamic_stack(values: Any, axis: Any = 0) -> Any:
    """Makes a vector of single sizes, `tf.stack` on TensorFlow; see `dynamic_sizes`."""
    if _has_tensors(values):
        return tf.stack(values, axis)
    return _along_first(_vector(values), axis)


def dynamic_concat(values: Any, axis: Any = 0) -> Any:
    """Makes a vector of several, `tf.concat` on TensorFlow; see `dynamic_sizes`."""
    if _has_tensors(values):
        return tf.concat(values, axis)
    return _along_first(_vector([size for part in values for size in _vector(part)]), axis)


def dynamic_unstack(x: Any, num: Any = None, axis: Any = 0) -> Any:
    """Returns a list of single sizes, `tf.unstack` on TensorFlow; see `dynamic_sizes`."""
    if _has_tensors(x):
        return tf.unstack(x, num, axis)
    sizes = list(_along_first(_vector(x), axis))
    if num not in (None, len(sizes)):
        raise ValueError(f"{len(sizes)} sizes are not {num}")
    return sizes


def _has_tensors(sizes: Any) -> bool:
    """Whether TensorFlow's operation can take them: some are its tensors, none is symbolic."""
    outer = sizes if isinstance(sizes, list | tuple | np.ndarray) else [sizes]
    parts = keras.tree.flatten([list(s) if isinstance(s, np.ndarray) else s for s in outer])
    if not on_tensorflow() or any(map(keras.backend.is_keras_tensor, parts)):
        return False
    return any(map(tf.is_tensor, parts))


def _vector(values: Any) -> Any:
    """An array of objects, which KerasTensors may be among.

    Raises:
        ValueError: If it is no list, or something in it no single size.
    """
    if not isinstance(values, list | tuple | np.ndarray):
        raise ValueError(f"a list of sizes was expected, not {values}")
    sizes = np.empty(len(values), object)
    for place, value in enumerate(values):
        if isinstance(value, list | tuple) or len(getattr(value, "shape", ())):
            raise ValueError(f"one size was expected, not {value}")
        sizes[place] = value if keras.backend.is_keras_tensor(value) else int(value)
    return sizes


def _along_first(sizes: Any, axis: Any) -> Any:
    if int(axis) not in (0, -1):
        raise ValueError(f"sizes of KerasTensors are a vector: axis {axis} is another one's")
    return sizes


def as_listed(sizes: Any) -> Any:
    """Sizes as TensorFlow takes them: of an array of objects it makes no tensor."""
    return sizes.tolist() if isinstance(sizes, np.ndarray) else sizes


def dynamic_reshape(x: Any, newshape: Any, name: str | None = None) -> Any:
    """Gives a tensor another shape, `tf.reshape` on TensorFlow.

    Args:
        x: A tensor.
        newshape: The new sizes, some of which may be those of `dynamic_shape`; one may be -1.
        name: Name of TensorFlow's operation; KerasTensors have none.
    """
    symbolic = map(keras.backend.is_keras_tensor, (x, *listed(newshape)))
    if on_tensorflow() and not any(symbolic):
        return tf.reshape(x, as_listed(newshape), name)
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
