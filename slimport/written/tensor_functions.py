# mypy: allow-subclassing-any, allow-untyped-decorators
"""Tensor functions: those of TensorFlow that keras.ops lacks.

On TensorFlow each is TensorFlow's own operation, under its name, in eager code, in a function and
in a TF 1 graph. KerasTensors go through it, too, and Keras' other backends compute its formula.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from slimport.written.backends import on_tensorflow
from slimport.written.normalization import moments

__all__ = [
    "convert_to_tensor",
    "identity",
    "l2_normalize",
    "local_response_normalization",
    "matmul",
    "nn_moments",
]


@keras.saving.register_keras_serializable("scoped_layers")
def identity(x: Any, name: str | None = None) -> Any:
    """Returns a tensor with the content of `x`, `tf.identity` on TensorFlow.

    Args:
        x: A tensor of any shape and dtype, or what can become one.
        name: Name of TensorFlow's operation; KerasTensors have none.
    """
    if on_tensorflow() and not keras.backend.is_keras_tensor(x):
        return tf.identity(x, name)
    return Identity()(x)


@keras.saving.register_keras_serializable("scoped_layers")
class Identity(keras.Operation):
    """`identity` in a functional model, where `x is identity(x)` is to stay false."""

    def call(self, x: Any) -> Any:
        """Returns `x` as a tensor."""
        return keras.ops.convert_to_tensor(x)

    def compute_output_spec(self, x: Any) -> Any:
        """Returns the kind of tensor that comes out: that of `x`."""
        return keras.KerasTensor(x.shape, x.dtype, x.sparse)


def l2_normalize(x: Any, axis: Any = None, epsilon: Any = 1e-12, name: str | None = None) -> Any:
    """Divides by the length along `axis`: `x * rsqrt(max(sum(x ** 2), epsilon))`.

    Args:
        x: A tensor of floats.
        axis: One integer or several; `None` for the length of the whole tensor.
        epsilon: The least squared length that is divided by.
        name: Name of TensorFlow's operation.

    Returns:
        A tensor of the shape and dtype of `x`.
    """
    if on_tensorflow() and not keras.backend.is_keras_tensor(x):
        return tf.nn.l2_normalize(x, axis, epsilon, name)
    squared_length = keras.ops.sum(keras.ops.square(x), axis, keepdims=True)
    return x * keras.ops.rsqrt(keras.ops.maximum(squared_length, epsilon))


def local_response_normalization(
    x: Any,
    depth_radius: int = 5,
    bias: float = 1.0,
    alpha: float = 1.0,
    beta: float = 0.5,
    name: str | None = None,
) -> Any:
    """Divides each value by `(bias + alpha * sum) ** beta`, the sum over squares beside it.

    Args:
        x: Images `[batch, height, width, channels]` of floats.
        depth_radius: How many channels to each side belong to the sum.
        name: Name of TensorFlow's operation.

    Returns:
        A tensor of the shape and dtype of `x`.

    Raises:
        ValueError: If a KerasTensor has not 4 dimensions.
    """
    if on_tensorflow() and not keras.backend.is_keras_tensor(x):
        return tf.nn.local_response_normalization(x, depth_radius, bias, alpha, beta, name)
    return LocalResponseNormalization(depth_radius, bias, alpha, beta)(x)


@keras.saving.register_keras_serializable("scoped_layers")
class LocalResponseNormalization(keras.Operation):
    """`local_response_normalization` in a functional model, and on Keras' other backends."""

    def __init__(
        self,
        depth_radius: int,
        bias: float,
        alpha: float,
        beta: float,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self.settings = (depth_radius, bias, alpha, beta)

    def call(self, x: Any) -> Any:
        """Normalizes images; float64, for which TensorFlow has no kernel, by the formula."""
        double = keras.backend.standardize_dtype(x.dtype) == "float64"
        if on_tensorflow() and not double:
            return tf.nn.local_response_normalization(x, *self.settings)
        radius, bias, alpha, beta = self.settings
        channels = x.shape[-1]
        squares = keras.ops.pad(keras.ops.square(x), [[0, 0]] * 3 + [[radius, radius]])
        windows = (squares[..., first : first + channels] for first in range(2 * radius + 1))
        return x * keras.ops.power(bias + alpha * sum(windows), -beta)

    def compute_output_spec(self, x: Any) -> Any:
        """Returns the kind of tensor that comes out: that of `x`.

        Raises:
            ValueError: If `x` has not 4 dimensions.
        """
        if len(x.shape) != 4:
            raise ValueError(f"local_response_normalization takes 4 dimensions, not {x.shape}")
        return keras.KerasTensor(x.shape, dtype=x.dtype)


def matmul(
    x1: Any,
    x2: Any,
    transpose_a: Any = False,
    transpose_b: Any = False,
    adjoint_a: Any = False,
    adjoint_b: Any = False,
) -> Any:
    """Multiplies matrices, either of which may be turned before, `tf.matmul` on TensorFlow.

    Args:
        x1: Matrices `[..., rows, inner]`.
        x2: Matrices `[..., inner, columns]` of the same dtype.
        transpose_a: Whether `x1` is `[..., inner, rows]`.
        transpose_b: Whether `x2` is `[..., columns, inner]`.
        adjoint_a: Likewise, with the conjugates of complex numbers.
        adjoint_b: Likewise.

    Returns:
        Matrices `[..., rows, columns]`.

    Raises:
        ValueError: If one is to be transposed in both ways.
    """
    turns = [bool(turn) for turn in (transpose_a, transpose_b, adjoint_a, adjoint_b)]
    if on_tensorflow() and not any(map(keras.backend.is_keras_tensor, (x1, x2))):
        return tf.matmul(x1, x2, *turns)
    return Product(turns)(x1, x2)


@keras.saving.register_keras_serializable("scoped_layers")
class Product(keras.Operation):
    """`matmul` in a functional model, and on Keras' other backends."""

    def __init__(self, turns: Any, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.turns = list(turns)
        if any(self.turns[at] and self.turns[at + 2] for at in (0, 1)):
            raise ValueError("matmul transposes a matrix in one way")

    def call(self, x1: Any, x2: Any) -> Any:
        """Returns the products."""
        if on_tensorflow():
            return tf.matmul(x1, x2, *self.turns)
        for_adjoint = [
            keras.ops.conj(x) if turned and "complex" in str(x.dtype) else x
            for x, turned in zip((x1, x2), self.turns[2:], strict=True)
        ]
        return self._product(*for_adjoint)

    def compute_output_spec(self, x1: Any, x2: Any) -> Any:
        """Returns the kind of tensor that comes out."""
        return self._product(*(keras.KerasTensor(x.shape, x.dtype) for x in (x1, x2)))

    def _product(self, *matrices: Any) -> Any:
        turned = [
            keras.ops.swapaxes(x, -1, -2) if self.turns[at] or self.turns[at + 2] else x
            for at, x in enumerate(matrices)
        ]
        return keras.ops.matmul(*turned)


def nn_moments(
    x: Any, axes: Any, shift: Any = None, name: str | None = None, keepdims: Any = False
) -> tuple[Any, Any]:
    """Takes mean and biased variance along axes, `tf.nn.moments` on TensorFlow.

    Args:
        x: A tensor of floats; those of float16 are taken in float32.
        axes: The axes to take them over.
        shift: Not used, as in TensorFlow.
        name: Name of TensorFlow's operations.
        keepdims: Whether the axes stay, with one entry each.

    Returns:
        Mean and variance, of the dtype of `x`.
    """
    if on_tensorflow() and not keras.backend.is_keras_tensor(x):
        mean, variance = tf.nn.moments(x, axes, shift, bool(keepdims), name)
        return mean, variance
    axes = [axes] if isinstance(axes, int) else list(axes)
    mean, variance = moments(x, axes)
    if keepdims:
        return mean, variance
    return keras.ops.squeeze(mean, axes), keras.ops.squeeze(variance, axes)


def convert_to_tensor(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Makes a tensor of numbers, arrays or lists of them, `tf.convert_to_tensor` on TensorFlow.

    Args:
        value: What becomes a tensor; a tensor stays as it is.
        dtype: `None` for int32 and float32 where Python's numbers do not tell more.
        name: Name of TensorFlow's operation; KerasTensors have none.

    Raises:
        ValueError: If a tensor has another dtype.
    """
    symbolic = any(map(keras.backend.is_keras_tensor, keras.tree.flatten(value)))
    if on_tensorflow() and not symbolic:
        return tf.convert_to_tensor(value, dtype, name=name)
    if isinstance(value, list | tuple) and symbolic:
        return keras.ops.stack([convert_to_tensor(part, dtype) for part in value])
    wanted = None if dtype is None else keras.backend.standardize_dtype(dtype)
    if not symbolic and not keras.ops.is_tensor(value):
        array = np.asarray(value)
        own = {"i": "int32", "f": "float32"}.get(array.dtype.kind, array.dtype.name)
        own = array.dtype.name if hasattr(value, "dtype") else own
        return keras.ops.convert_to_tensor(array, wanted or own)
    found = keras.backend.standardize_dtype(value.dtype)
    if wanted not in (None, found):
        raise ValueError(f"a tensor of {found} does not become one of {wanted}: cast it")
    return value
