# mypy: allow-subclassing-any, allow-untyped-decorators
"""Tensor functions: those of TensorFlow that keras.ops lacks.

On TensorFlow each is TensorFlow's own operation, under its name, in eager code, in a function and
in a TF 1 graph. KerasTensors go through it, too, and Keras' other backends compute its formula.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from slimport.written.backends import on_tensorflow

__all__ = ["identity", "l2_normalize", "local_response_normalization"]


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
