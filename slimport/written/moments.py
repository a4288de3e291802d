"""Moments: mean and variance, and the normalization by them, as TensorFlow computes both."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from slimport.written.backends import on_tensorflow


def moments(x: Any, axes: list[int], keepdims: bool = False) -> tuple[Any, Any]:
    """Returns the mean and the biased variance."""
    if on_tensorflow():
        mean, variance = tf.nn.moments(x, axes, keepdims=keepdims)
    else:
        mean, variance = keras.ops.moments(x, axes, keepdims=keepdims)
    return mean, variance


def normalized(x: Any, mean: Any, variance: Any, beta: Any, gamma: Any, epsilon: float) -> Any:
    """Returns `(x - mean) / sqrt(variance + epsilon) * gamma + beta`; both may be `None`."""
    if on_tensorflow():
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)
    factor = keras.ops.rsqrt(variance + epsilon)
    factor = factor if gamma is None else factor * gamma
    shift = -mean * factor if beta is None else beta - mean * factor
    return x * keras.ops.cast(factor, x.dtype) + keras.ops.cast(shift, x.dtype)


def fused_normalized(
    images: Any, mean: Any, variance: Any, beta: Any, gamma: Any, epsilon: float
) -> tuple[Any, Any, Any]:
    """Normalizes images `[batch, height, width, channels]` as TensorFlow's fused kernel does.

    Args:
        images: In any precision; all else is in float32.
        mean: `None` for that of the batch.
        variance: Likewise.
        beta: Offset of each channel.
        gamma: Scale of each channel.
        epsilon: Added to the variance.

    Returns:
        The images, and the mean and variance that entered them, that of a batch unbiased.
    """
    if on_tensorflow():
        return tuple(  # type: ignore[return-value]
            tf.compat.v1.nn.fused_batch_norm(
                images,
                gamma,
                beta,
                mean=mean,
                variance=variance,
                epsilon=epsilon,
                is_training=mean is None,
            )
        )
    least = max(epsilon, _LEAST_EPSILON)
    x = keras.ops.cast(images, "float32")
    if mean is not None:
        outputs = normalized(x, mean, variance, beta, gamma, least)
        return keras.ops.cast(outputs, images.dtype), mean, variance
    mean, variance = keras.ops.moments(x, [0, 1, 2])
    outputs = normalized(x, mean, variance, beta, gamma, least)
    count = keras.ops.cast(keras.ops.prod(keras.ops.shape(x)[:-1]), "float32")
    unbiased = variance * (count / keras.ops.maximum(count - 1, 1.0))
    return keras.ops.cast(outputs, images.dtype), mean, unbiased


_LEAST_EPSILON = 1.001e-5  # TensorFlow's function raises what is less, for the sake of cuDNN
