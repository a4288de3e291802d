"""TensorFlow 1's own pools and other layers without variables."""

from __future__ import annotations

import functools
from typing import Any

import keras
import tensorflow as tf

from slimport.written.building import (
    channels_last,
    in_data_format,
    keras_data_format,
    plain_layer,
)
from slimport.written.dropout import Dropout, applied_when
from slimport.written.graphs import current_layer_graph
from slimport.written.normalization import training_choice
from slimport.written.tf_layers import tf_layer_scope

__all__ = [
    "tf_average_pooling1d",
    "tf_average_pooling2d",
    "tf_average_pooling3d",
    "tf_dropout",
    "tf_flatten",
    "tf_max_pooling1d",
    "tf_max_pooling2d",
    "tf_max_pooling3d",
]


def tf_max_pooling1d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str = "channels_last",
    name: Any = None,
) -> Any:
    """Takes the maximum over windows of sequences; see `tf_max_pooling2d`."""
    layer, default = keras.layers.MaxPooling1D, "max_pooling1d"
    return _pooled_as_tf(inputs, layer, pool_size, strides, padding, data_format, name or default)


def tf_max_pooling2d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str = "channels_last",
    name: Any = None,
) -> Any:
    """Takes the maximum over windows of images.

    Args:
        inputs: Images, with the channels where `data_format` says.
        pool_size: One integer, or one for each spatial dimension.
        strides: Likewise; to be given.
        padding: `"valid"` or `"same"`, in any case.
        data_format: `"channels_last"` or `"channels_first"`.

    Raises:
        ValueError: If `strides` is `None`.
    """
    layer, default = keras.layers.MaxPooling2D, "max_pooling2d"
    return _pooled_as_tf(inputs, layer, pool_size, strides, padding, data_format, name or default)


def tf_max_pooling3d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str = "channels_last",
    name: Any = None,
) -> Any:
    """Takes the maximum over windows of volumes; see `tf_max_pooling2d`."""
    layer, default = keras.layers.MaxPooling3D, "max_pooling3d"
    return _pooled_as_tf(inputs, layer, pool_size, strides, padding, data_format, name or default)


def tf_average_pooling1d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str = "channels_last",
    name: Any = None,
) -> Any:
    """Takes the mean over windows of sequences; see `tf_average_pooling2d`."""
    layer, default = keras.layers.AveragePooling1D, "average_pooling1d"
    return _pooled_as_tf(inputs, layer, pool_size, strides, padding, data_format, name or default)


def tf_average_pooling2d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str = "channels_last",
    name: Any = None,
) -> Any:
    """Takes the mean over windows of images (padding is not counted); see `tf_max_pooling2d`."""
    layer, default = keras.layers.AveragePooling2D, "average_pooling2d"
    return _pooled_as_tf(inputs, layer, pool_size, strides, padding, data_format, name or default)


def tf_average_pooling3d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: str = "channels_last",
    name: Any = None,
) -> Any:
    """Takes the mean over windows of volumes; see `tf_average_pooling2d`."""
    layer, default = keras.layers.AveragePooling3D, "average_pooling3d"
    return _pooled_as_tf(inputs, layer, pool_size, strides, padding, data_format, name or default)


def tf_flatten(inputs: Any, name: Any = None, data_format: str = "channels_last") -> Any:
    """Flattens all dimensions but the first.

    Args:
        inputs: A tensor `[batch, ...]`.
        data_format: `"channels_first"` to move the channels to the end before.
    """
    with tf_layer_scope(None, name or "flatten") as scope:
        last = channels_last(inputs, data_format) if len(inputs.shape) > 1 else inputs
        return plain_layer(keras.layers.Flatten, scope.name, last)(last)


def tf_dropout(
    inputs: Any,
    rate: Any = 0.5,
    noise_shape: Any = None,
    seed: int | None = None,
    training: Any = False,
    name: Any = None,
) -> Any:
    """Zeroes random elements while training and scales up the others by `1 / (1 - rate)`.

    Args:
        inputs: A tensor.
        rate: Probability with which an element is zeroed; a tensor in a TF 1 graph only.
        noise_shape: Shape of the random mask; `None` in it for the size of the inputs.
        seed: Seed of the random mask.
        training: False for none, True to follow Keras (in a TF 1 graph: training), "always" to
            drop in inference, too, or a tensor.
    """
    with tf_layer_scope(None, name or "dropout") as scope:
        choice = training_choice(training)
        if current_layer_graph().tf_graph is not None:
            if noise_shape is not None:
                sizes = tf.shape(inputs)
                noise_shape = [sizes[i] if n is None else n for i, n in enumerate(noise_shape)]
            dropped = functools.partial(tf.nn.dropout, inputs, rate, noise_shape, seed)
            return applied_when(choice, dropped, inputs)
        if choice is False:
            return inputs
        settings = {"rate": rate, "noise_shape": noise_shape, "seed": seed}
        return plain_layer(Dropout, scope.name, inputs, **settings)(inputs, is_training=choice)


def _pooled_as_tf(
    inputs: Any,
    layer_class: Any,
    pool_size: Any,
    strides: Any,
    padding: str,
    data_format: str,
    name: str,
) -> Any:
    """Applies a pool. Its name is made unique even where it is given, as TF 1 did."""
    if strides is None:
        raise ValueError("Argument `strides` must not be None.")
    with tf_layer_scope(None, name) as scope:
        keras_data_format(data_format)
        images = channels_last(inputs, data_format)
        layer = plain_layer(
            layer_class,
            scope.name,
            images,
            pool_size=pool_size,
            strides=strides,
            padding=padding.lower(),
        )
        return in_data_format(layer(images), data_format)
