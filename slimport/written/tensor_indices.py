# mypy: allow-subclassing-any, allow-untyped-decorators
"""Tensor functions from and to indices: `argmax`, `gather`, `one_hot`, `slice_tensor` ...

On TensorFlow each is TensorFlow's own operation, under its name. KerasTensors go through it, too.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from slimport.written.backends import on_tensorflow

__all__ = ["argmax", "argmin", "gather", "one_hot", "slice_tensor"]


def argmax(x: Any, axis: Any = None, name: str | None = None, output_type: Any = "int64") -> Any:
    """Returns where the largest value along an axis is, the first of equal ones, by `tf.argmax`.

    Args:
        x: A tensor of numbers.
        axis: One integer; `None` for the first axis.
        name: Name of TensorFlow's operation; KerasTensors have none.
        output_type: `"int64"` or `"int32"`. JAX has the first one only where it is turned on.

    Returns:
        A tensor of the shape of `x` without that axis.
    """
    if on_tensorflow() and not keras.backend.is_keras_tensor(x):
        return tf.argmax(x, axis, output_type, name)
    return PlaceOfExtreme("argmax", *_axis_and_type(axis, output_type))(x)


def argmin(x: Any, axis: Any = None, name: str | None = None, output_type: Any = "int64") -> Any:
    """Returns where the smallest value along an axis is; for the arguments see `argmax`."""
    if on_tensorflow() and not keras.backend.is_keras_tensor(x):
        return tf.argmin(x, axis, output_type, name)
    return PlaceOfExtreme("argmin", *_axis_and_type(axis, output_type))(x)


def _axis_and_type(axis: Any, output_type: Any) -> tuple[int, str]:
    return 0 if axis is None else int(axis), keras.backend.standardize_dtype(output_type)


@keras.saving.register_keras_serializable("scoped_layers")
class PlaceOfExtreme(keras.Operation):
    """`argmax` and `argmin` in a functional model, and on Keras' other backends."""

    def __init__(self, which: str, axis: int, output_type: str, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.which = which
        self.axis = axis
        self.output_type = output_type

    def call(self, x: Any) -> Any:
        """Returns the places."""
        if on_tensorflow():
            return getattr(tf, self.which)(x, self.axis, self.output_type)
        return keras.ops.cast(getattr(keras.ops, self.which)(x, self.axis), self.output_type)

    def compute_output_spec(self, x: Any) -> Any:
        """Returns the kind of tensor that comes out."""
        kind = getattr(keras.ops, self.which)(keras.KerasTensor(x.shape, x.dtype), self.axis)
        return keras.KerasTensor(kind.shape, self.output_type)


def gather(
    x: Any, indices: Any, name: str | None = None, axis: Any = None, batch_dims: Any = 0
) -> Any:
    """Takes entries along an axis, `tf.gather` on TensorFlow.

    TensorFlow refuses an index outside of the tensor; JAX gives other values for it.

    Args:
        x: A tensor.
        indices: Integers of any shape, from 0 on.
        name: Name of TensorFlow's operation; KerasTensors have none.
        axis: One integer; `None` for `batch_dims`.
        batch_dims: How many of the first dimensions `x` and `indices` share.

    Returns:
        A tensor with the shape of `indices`, without the shared dimensions, in the place of `axis`.
    """
    symbolic = map(keras.backend.is_keras_tensor, (x, indices))
    if on_tensorflow() and not any(symbolic):
        return tf.gather(x, indices, axis=axis, batch_dims=batch_dims, name=name)
    return Gather(int(batch_dims if axis is None else axis), int(batch_dims))(x, indices)


@keras.saving.register_keras_serializable("scoped_layers")
class Gather(keras.Operation):
    """`gather` in a functional model, and on Keras' other backends.

    Raises:
        ValueError: If dimensions are shared, for which keras.ops has no function.
    """

    def __init__(self, axis: int, batch_dims: int, *, name: str | None = None) -> None:
        super().__init__(name=name)
        if batch_dims:
            raise ValueError("gather takes KerasTensors without batch_dims only")
        self.axis = axis
        self.batch_dims = batch_dims

    def call(self, x: Any, indices: Any) -> Any:
        """Returns the entries."""
        if on_tensorflow():
            return tf.gather(x, indices, axis=self.axis)
        return keras.ops.take(x, indices, axis=self.axis)

    def compute_output_spec(self, x: Any, indices: Any) -> Any:
        """Returns the kind of tensor that comes out."""
        axis = self.axis % len(x.shape)
        inner = indices.shape if hasattr(indices, "shape") else np.shape(indices)
        return keras.KerasTensor((*x.shape[:axis], *inner, *x.shape[axis + 1 :]), x.dtype)


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: Any = None,
    dtype: Any = None,
    name: str | None = None,
) -> Any:
    """Makes rows with one value at the index and another elsewhere, `tf.one_hot` on TensorFlow.

    Args:
        indices: Integers; one outside `[0, depth)` gives a row of `off_value`.
        depth: Length of the new dimension.
        on_value: A number, 1 for `None`.
        off_value: A number, 0 for `None`.
        axis: Place of the new dimension; `None` and -1 for the last.
        dtype: `None` for that of the two values, or float32 where none is given.
        name: Name of TensorFlow's operation; KerasTensors have none.
    """
    if on_tensorflow() and not keras.backend.is_keras_tensor(indices):
        return tf.one_hot(indices, depth, on_value, off_value, axis, dtype, name)
    values = (on_value, off_value)
    if dtype is None:
        given = [value for value in values if value is not None]
        dtype = _type_of_number(given[0]) if given else "float32"
    on, off = (default if v is None else v for v, default in zip(values, (1, 0), strict=True))
    axis = -1 if axis is None else int(axis)
    return OneHot(int(depth), on, off, axis, keras.backend.standardize_dtype(dtype))(indices)


def _type_of_number(value: Any) -> Any:
    """What TensorFlow makes of a number without a type."""
    if hasattr(value, "dtype"):
        return value.dtype
    kinds: tuple[tuple[type, str], ...] = ((bool, "bool"), (int, "int32"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "float32")


@keras.saving.register_keras_serializable("scoped_layers")
class OneHot(keras.Operation):
    """`one_hot` in a functional model, and on Keras' other backends."""

    def __init__(
        self, depth: int, on: Any, off: Any, axis: int, dtype: str, *, name: str | None = None
    ) -> None:
        super().__init__(name=name)
        self.settings = (depth, on, off, axis, dtype)

    def call(self, indices: Any) -> Any:
        """Returns the rows."""
        depth, on, off, axis, dtype = self.settings
        if on_tensorflow():
            return tf.one_hot(indices, depth, on, off, axis, dtype)
        kind = "int64" if keras.backend.standardize_dtype(indices.dtype) == "int64" else "int32"
        indices = keras.ops.cast(keras.ops.expand_dims(indices, axis), kind)
        places = [1] * len(indices.shape)
        places[axis] = depth
        numbers = keras.ops.reshape(keras.ops.arange(depth, dtype=kind), places)
        values = (keras.ops.convert_to_tensor(value, dtype) for value in (on, off))
        return keras.ops.where(keras.ops.equal(indices, numbers), *values)

    def compute_output_spec(self, indices: Any) -> Any:
        """Returns the kind of tensor that comes out."""
        depth, _, _, axis, dtype = self.settings
        shape = list(indices.shape)
        shape.insert(axis if axis >= 0 else len(shape) + 1 + axis, depth)
        return keras.KerasTensor(shape, dtype)


def slice_tensor(x: Any, begin: Any, size: Any, name: str | None = None) -> Any:
    """Cuts a block out of a tensor, `tf.slice` on TensorFlow.

    Args:
        x: A tensor.
        begin: Where the block begins, one integer for each dimension.
        size: How long it is in each; -1 for all that is left.
        name: Name of TensorFlow's operation; KerasTensors have none.

    Raises:
        ValueError: If the block is not within the tensor.
    """
    if on_tensorflow() and not keras.backend.is_keras_tensor(x):
        return tf.slice(x, begin, size, name)
    return Slice([int(first) for first in begin], [int(length) for length in size])(x)


@keras.saving.register_keras_serializable("scoped_layers")
class Slice(keras.Operation):
    """`slice_tensor` in a functional model, and on Keras' other backends."""

    def __init__(self, begin: list[int], size: list[int], *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.begin = begin
        self.size = size

    def call(self, x: Any) -> Any:
        """Returns the block."""
        if on_tensorflow():
            return tf.slice(x, self.begin, self.size)
        ends = zip(self.begin, self._sizes(x), strict=True)
        return x[tuple(slice(first, first + length) for first, length in ends)]

    def compute_output_spec(self, x: Any) -> Any:
        """Returns the kind of tensor that comes out."""
        return keras.KerasTensor(self._sizes(x), x.dtype)

    def _sizes(self, x: Any) -> list[Any]:
        """The size of each dimension; None where a model leaves it open.

        Raises:
            ValueError: If the block is not within the tensor. Python would cut it short.
        """
        if not len(self.begin) == len(self.size) == len(x.shape):
            raise ValueError(f"slice of {x.shape} at {self.begin} with sizes {self.size}")
        sizes: list[Any] = []
        for first, size, length in zip(self.begin, self.size, x.shape, strict=True):
            rest = None if length is None else length - first
            outside = rest is not None and not -1 <= size <= rest
            if first < 0 or size < -1 or outside or (rest is not None and rest < 0):
                raise ValueError(f"slice of {x.shape} at {self.begin} with sizes {self.size}")
            sizes.append(rest if size == -1 else size)
        return sizes
