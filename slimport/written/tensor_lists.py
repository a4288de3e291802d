# mypy: allow-subclassing-any, allow-untyped-decorators
"""Tensor functions from and to lists of tensors: `split`, `add_n`.

On TensorFlow each is TensorFlow's own operation, under its name. KerasTensors go through it, too.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any

import keras
import tensorflow as tf

from slimport.written.backends import on_tensorflow

__all__ = ["add_n", "split"]


def split(
    x: Any, num_or_size_splits: Any, axis: Any = 0, num: Any = None, name: str = "split"
) -> list[Any]:
    """Cuts a tensor into parts along `axis`, `tf.split` on TensorFlow.

    Args:
        x: A tensor of any shape and dtype.
        num_or_size_splits: How many parts of equal size, or the size of each; one of the sizes may
            be -1, for the rest.
        axis: One integer; from the end if it is negative.
        num: The number of parts, where `num_or_size_splits` is a tensor that does not tell it.
        name: Name of TensorFlow's operation; KerasTensors have none.

    Raises:
        ValueError: If the parts are not those of the tensor.
    """
    if not keras.backend.is_keras_tensor(x) and on_tensorflow():
        return list(tf.split(x, num_or_size_splits, axis, num, name))
    count = not hasattr(num_or_size_splits, "__len__")
    sizes = int(num_or_size_splits) if count else [int(size) for size in num_or_size_splits]
    return list(Split(sizes, int(axis))(x))


@keras.saving.register_keras_serializable("scoped_layers")
class Split(keras.Operation):
    """`split` in a functional model, and on Keras' other backends."""

    def __init__(self, sizes: Any, axis: int, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.sizes = sizes
        self.axis = axis

    def call(self, x: Any) -> list[Any]:
        """Returns the parts."""
        if on_tensorflow():
            return list(tf.split(x, self.sizes, self.axis))
        starts = list(itertools.accumulate(self._sizes(x.shape[self.axis])))
        return list(keras.ops.split(x, starts[:-1], self.axis)) if len(starts) > 1 else [x]

    def compute_output_spec(self, x: Any) -> list[Any]:
        """Returns the kind of each part."""
        sizes = self._sizes(x.shape[self.axis])
        shapes = [list(x.shape) for _ in sizes]
        for shape, size in zip(shapes, sizes, strict=True):
            shape[self.axis] = size
        return [keras.KerasTensor(shape, dtype=x.dtype) for shape in shapes]

    def _sizes(self, length: int | None) -> list[Any]:
        """The size of each part of a dimension; None where a model leaves its length open.

        Raises:
            ValueError: If they do not add up to it. torch would cut all the same.
        """
        if isinstance(self.sizes, int):
            if length is not None and length % self.sizes:
                raise ValueError(f"split of {length} into {self.sizes} parts of equal size")
            return [None if length is None else length // self.sizes] * self.sizes
        given = sum(size for size in self.sizes if size >= 0)
        if length is None:
            return [None if size < 0 else size for size in self.sizes]
        rest = [length - given if size == -1 else size for size in self.sizes]
        if sum(rest) != length or min(rest) < 0:
            raise ValueError(f"split of {length} into parts of {self.sizes}")
        return rest


def add_n(inputs: Any, name: str | None = None) -> Any:
    """Adds tensors of one shape and dtype, `tf.add_n` on TensorFlow.

    Args:
        inputs: A list of tensors.
        name: Name of TensorFlow's operation.
    """
    if on_tensorflow() and not _any_symbolic(inputs):
        return tf.add_n(inputs, name)
    return AddN()(list(inputs))


@keras.saving.register_keras_serializable("scoped_layers")
class AddN(keras.Operation):
    """`add_n` in a functional model; TensorFlow adds eight at a time, and rounds so."""

    def call(self, inputs: Any) -> Any:
        """Returns the sum."""
        return tf.add_n(inputs) if on_tensorflow() else functools.reduce(keras.ops.add, inputs)

    def compute_output_spec(self, inputs: Any) -> Any:
        """Returns the kind of tensor that comes out."""
        kinds = [keras.KerasTensor(x.shape, x.dtype) for x in inputs]
        return functools.reduce(keras.ops.add, kinds)


def _any_symbolic(inputs: Any) -> bool:
    return any(keras.backend.is_keras_tensor(x) for x in keras.tree.flatten(inputs))
