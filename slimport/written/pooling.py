"""Pooling."""

from __future__ import annotations

from typing import Any

import keras

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
    layer = keras.layers.AveragePooling2D
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
    layer = keras.layers.AveragePooling3D
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
