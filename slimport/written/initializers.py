# mypy: allow-subclassing-any
"""Initializers that Keras lacks."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from slimport.written.backends import on_tensorflow

__all__ = [
    "ConstantInitializer",
    "random_normal_initializer",
    "random_uniform_initializer",
    "truncated_normal_initializer",
    "variance_scaling_initializer",
]


def random_normal_initializer(
    mean: float = 0.0, stddev: float = 1.0, seed: int | None = None
) -> Any:
    """Returns Keras' initializer with TensorFlow 1's default of `stddev`, which is not Keras'."""
    return keras.initializers.RandomNormal(mean, stddev, seed)


def random_uniform_initializer(
    minval: float = 0.0, maxval: float = 1.0, seed: int | None = None
) -> Any:
    """Returns Keras' initializer with TensorFlow 1's default range, which is not Keras'."""
    return keras.initializers.RandomUniform(minval, maxval, seed)


def truncated_normal_initializer(
    mean: float = 0.0, stddev: float = 1.0, seed: int | None = None
) -> Any:
    """Returns Keras' initializer with TensorFlow 1's default of `stddev`, which is not Keras'."""
    return keras.initializers.TruncatedNormal(mean, stddev, seed)


def variance_scaling_initializer(
    factor: float = 2.0, mode: str = "FAN_IN", uniform: bool = False, seed: int | None = None
) -> Any:
    """Returns an initializer whose variance is about `factor` over the number of connections.

    TF-Slim cuts a normal distribution of standard deviation `sqrt(1.3 * factor / n)` at twice its
    width; Keras divides by 0.8796 to hit the variance after the cut. The factors are combined so
    that the distribution is TF-Slim's.

    Args:
        factor: Multiplies the variance.
        mode: `"FAN_IN"`, `"FAN_OUT"` or `"FAN_AVG"`: which connections count.
        uniform: Whether to draw from a uniform distribution.
        seed: Seed of the draw.

    Raises:
        TypeError: If `mode` is unknown.
    """
    if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
        raise TypeError(f"Unknown mode {mode} [FAN_IN, FAN_OUT, FAN_AVG]")
    return keras.initializers.VarianceScaling(
        scale=factor if uniform else factor * 1.3 * _KERAS_CUT**2,
        mode=mode.lower(),
        distribution="uniform" if uniform else "truncated_normal",
        seed=seed,
    )


@keras.saving.register_keras_serializable("scoped_layers")
class ConstantInitializer(keras.initializers.Initializer):
    """Fills variables with given values, as `tf.constant_initializer` of TensorFlow 1 does.

    The values are taken in their order, whatever their shape. Where they are fewer than the
    variable has, the last one stands for the rest; `keras.initializers.Constant` broadcasts.

    Args:
        value: A number, a list or an array.
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = np.asarray(value)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Returns a tensor of a shape.

        Raises:
            ValueError: If there are more values than the shape has.
        """
        size, given = math.prod(shape), self.value.ravel()
        if given.size > size or not given.size:
            raise ValueError(f"{given.size} values for a variable of shape {tuple(shape)}.")
        rest = np.full(size - given.size, given[-1])
        values = np.concatenate([given, rest]).reshape(shape)
        if on_tensorflow():
            return tf.constant(values, dtype)
        return keras.ops.convert_to_tensor(values, dtype)

    def clone(self) -> ConstantInitializer:
        """Returns itself: nothing is drawn here."""
        return self

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the initializer."""
        return {"value": self.value.tolist()}


@keras.saving.register_keras_serializable("scoped_layers")
class ValueInitializer(keras.initializers.Initializer):
    """Gives a variable this very value."""

    def __init__(self, value: Any, dtype: Any = None) -> None:
        self.value = np.asarray(value, dtype and tf.as_dtype(dtype).as_numpy_dtype)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Returns the value; `shape` is its own."""
        if on_tensorflow():
            return tf.constant(self.value, dtype)
        return keras.ops.convert_to_tensor(self.value, dtype)

    def clone(self) -> ValueInitializer:
        """Returns itself: nothing is drawn here."""
        return self

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the initializer."""
        return {"value": self.value.tolist(), "dtype": self.value.dtype.name}


# Standard deviation of a standard normal distribution cut at -2 and 2, as Keras rounds it.
_KERAS_CUT = 0.87962566103423978
