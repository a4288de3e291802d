# mypy: allow-subclassing-any, allow-untyped-decorators
"""Pooling."""

from __future__ import annotations

from typing import Any

import keras

from slimport.written.backends import on_torch
from slimport.written.building import keras_data_format, plain_layer
from slimport.written.collections import collect_named_outputs
from slimport.written.defaults import takes_layer_defaults
from slimport.written.scopes import name_scope

__all__ = ["avg_pool2d", "avg_pool3d", "max_pool2d", "max_pool3d"]


@takes_layer_defaults
def max_pool2d(
    inputs: Any,
    pool_size: Any,
    strides: Any = 2,
    padding: str = "valid",
    data_format: str = "NHWC",
    outputs_collections: Any = None,
    name: Any = None,
) -> Any:
    """Takes the maximum over windows of images.

    Args:
        inputs: Images `[batch, height, width, channels]`, or channels first with `NCHW`.
        pool_size: One integer, or `[height, width]`.
        strides: Likewise.
    """
    layer = keras.layers.MaxPooling2D
    where = (outputs_collections, name, "MaxPool2D")
    return pooled(inputs, layer, pool_size, strides, padding, data_format, *where)


@takes_layer_defaults
def avg_pool2d(
    inputs: Any,
    pool_size: Any,
    strides: Any = 2,
    padding: str = "valid",
    data_format: str = "NHWC",
    outputs_collections: Any = None,
    name: Any = None,
) -> Any:
    """Takes the mean over windows of images (padding is not counted).

    Args:
        inputs: Images `[batch, height, width, channels]`, or channels first with `NCHW`.
        pool_size: One integer, or `[height, width]`.
        strides: Likewise.
    """
    layer = AveragePooling2D if on_torch() else keras.layers.AveragePooling2D
    where = (outputs_collections, name, "AvgPool2D")
    return pooled(inputs, layer, pool_size, strides, padding, data_format, *where)


@takes_layer_defaults
def max_pool3d(
    inputs: Any,
    pool_size: Any,
    strides: Any = 2,
    padding: str = "valid",
    data_format: str = "NDHWC",
    outputs_collections: Any = None,
    name: Any = None,
) -> Any:
    """Takes the maximum over windows of volumes; for the arguments see `max_pool2d`."""
    layer = keras.layers.MaxPooling3D
    where = (outputs_collections, name, "MaxPool3D")
    return pooled(inputs, layer, pool_size, strides, padding, data_format, *where)


@takes_layer_defaults
def avg_pool3d(
    inputs: Any,
    pool_size: Any,
    strides: Any = 2,
    padding: str = "valid",
    data_format: str = "NDHWC",
    outputs_collections: Any = None,
    name: Any = None,
) -> Any:
    """Takes the mean over windows of volumes; for the arguments see `avg_pool2d`."""
    layer = AveragePooling3D if on_torch() else keras.layers.AveragePooling3D
    where = (outputs_collections, name, "AvgPool3D")
    return pooled(inputs, layer, pool_size, strides, padding, data_format, *where)


def pooled(
    inputs: Any,
    layer_class: Any,
    pool_size: Any,
    strides: Any,
    padding: str,
    data_format: str | None,
    outputs_collections: Any,
    name: Any,
    default_name: str,
) -> Any:
    """Applies a pooling layer of the given class, named after its name scope."""
    with name_scope(name, default_name, [inputs]) as path:
        layer = plain_layer(
            layer_class,
            path,
            inputs,
            pool_size=pool_size,
            strides=strides,
            padding=padding.lower(),
            data_format=keras_data_format(data_format),
        )
        return collect_named_outputs(outputs_collections, path, layer(inputs))


@keras.saving.register_keras_serializable("scoped_layers")
class AveragePooling2D(keras.layers.AveragePooling2D):
    """Keras' layer, whose means leave padding out on torch as well."""

    def call(self, inputs: Any) -> Any:
        """Takes the means."""
        return means_of_windows(
            inputs, self.pool_size, self.strides, self.padding, self.data_format
        )


@keras.saving.register_keras_serializable("scoped_layers")
class AveragePooling3D(keras.layers.AveragePooling3D):
    """Keras' layer, whose means leave padding out on torch as well."""

    def call(self, inputs: Any) -> Any:
        """Takes the means."""
        return means_of_windows(
            inputs, self.pool_size, self.strides, self.padding, self.data_format
        )


def means_of_windows(
    inputs: Any, pool_size: Any, strides: Any, padding: str, data_format: str
) -> Any:
    """Takes the mean over windows, in which padding is not counted.

    keras.ops.average_pool of Keras 3.15 does so, but on torch: where `same` pads one end more than
    the other it counts the border again in the place of the padding.

    Args:
        inputs: A tensor whose sizes are known, of rank 3 to 5.
        pool_size: One integer for each spatial dimension.
        strides: Likewise.
        padding: `"same"` or `"valid"`.
        data_format: `"channels_last"` or `"channels_first"`.
    """
    if padding == "valid" or not on_torch():
        return keras.ops.average_pool(inputs, pool_size, strides, padding, data_format)
    first = 1 if data_format == "channels_last" else 2
    paddings = [(0, 0)] * len(inputs.shape)
    for at, (window, step) in enumerate(zip(pool_size, strides, strict=True), start=first):
        size = inputs.shape[at]
        missing = max(0, (-(-size // step) - 1) * step + window - size)
        paddings[at] = (missing // 2, missing - missing // 2)
    sums, counts = (
        keras.ops.average_pool(keras.ops.pad(x, paddings), pool_size, strides, "valid", data_format)
        for x in (inputs, keras.ops.ones_like(inputs[:1]))
    )
    return sums / counts
