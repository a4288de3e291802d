"""Layers without variables: flatten, softmax and others that reshape or rescale."""

from __future__ import annotations

from typing import Any

import keras

from slimport.written.building import keras_data_format, plain_layer
from slimport.written.collections import collect_named_outputs, last_dimension
from slimport.written.defaults import takes_layer_defaults
from slimport.written.scopes import name_scope, variable_scope

__all__ = [
    "flatten",
    "images_to_sequence",
    "maxout",
    "one_hot_encoding",
    "sequence_to_images",
    "softmax",
    "unit_norm",
]


@takes_layer_defaults
def flatten(inputs: Any, outputs_collections: Any = None, name: Any = None) -> Any:
    """Flattens all dimensions but the first.

    Args:
        inputs: A tensor `[batch, ...]` of rank 2 or more.

    Returns:
        A tensor `[batch, features]`.

    Raises:
        ValueError: If the rank of `inputs` is less than 2.
    """
    if len(inputs.shape) < 2:
        raise ValueError(f"flatten expects inputs of rank 2 or more, got shape {inputs.shape}.")
    with name_scope(name, "Flatten", [inputs]) as path:
        outputs = plain_layer(keras.layers.Flatten, path, inputs)(inputs)
        return collect_named_outputs(outputs_collections, path, outputs)


@takes_layer_defaults
def softmax(logits: Any, name: Any = None) -> Any:
    """Applies softmax to the last dimension, whose size is to be known.

    Args:
        logits: A tensor of rank 2 or more.
    """
    with variable_scope(name, "softmax", [logits]):
        last_dimension(logits.shape, min_rank=2)
        return keras.ops.softmax(logits, axis=-1)


@takes_layer_defaults
def one_hot_encoding(
    labels: Any,
    num_classes: int,
    on_value: float = 1.0,
    off_value: float = 0.0,
    outputs_collections: Any = None,
    name: Any = None,
) -> Any:
    """Turns labels `[batch]` into rows `[batch, num_classes]`.

    Args:
        labels: Integers; one outside `[0, num_classes)` gives a row of `off_value`.
        num_classes: Number of classes.
        on_value: Value at the label.
        off_value: Value elsewhere.
    """
    with name_scope(name, "OneHotEncoding", [labels]) as path:
        dtype = "int32" if isinstance(on_value, int) and isinstance(off_value, int) else "float32"
        outputs = keras.ops.one_hot(labels, num_classes, dtype=dtype)
        if (on_value, off_value) != (1, 0):
            outputs = outputs * (on_value - off_value) + off_value
        return collect_named_outputs(outputs_collections, path, outputs)


@takes_layer_defaults
def unit_norm(inputs: Any, axis: int, epsilon: float = 1e-7, name: Any = None) -> Any:
    """Divides by the Euclidean length along one dimension.

    Args:
        inputs: A tensor of known rank.
        axis: The dimension, counted from the front.
        epsilon: Added to the squared length.

    Raises:
        ValueError: If `axis` is negative or too large.
    """
    with variable_scope(name, "UnitNorm", [inputs]):
        if not 0 <= axis < len(inputs.shape):
            raise ValueError("dim must be positive but smaller than the input rank.")
        squared = keras.ops.sum(keras.ops.square(inputs), axis, keepdims=True)
        return inputs / keras.ops.sqrt(epsilon + squared)


@takes_layer_defaults
def maxout(inputs: Any, num_units: int, axis: int = -1, name: Any = None) -> Any:
    """Takes the maximum over groups of features.

    Args:
        inputs: A tensor with at most one dimension of unknown size.
        num_units: Number of features that remain; a divisor of their number.
        axis: The dimension of the features.

    Raises:
        ValueError: If `num_units` does not divide the number of features.
    """
    with variable_scope(name, "MaxOut", [inputs]):
        shape = list(inputs.shape)
        num_channels = shape[axis]
        if num_channels % num_units:
            raise ValueError(
                f"number of features({num_channels}) is not a multiple of num_units({num_units})"
            )
        shape[axis] = num_units
        grouped = [-1 if size is None else size for size in (*shape, num_channels // num_units)]
        return keras.ops.max(keras.ops.reshape(inputs, grouped), axis=-1)


@takes_layer_defaults
def images_to_sequence(
    inputs: Any, data_format: str = "NHWC", outputs_collections: Any = None, name: Any = None
) -> Any:
    """Turns images into sequences along their width.

    Args:
        inputs: Images `[batch, height, width, channels]`, or channels first with `NCHW`.

    Returns:
        A tensor `[width, batch * height, channels]`.
    """
    with name_scope(name, "ImagesToSequence", [inputs]) as path:
        if keras_data_format(data_format) == "channels_first":
            inputs = keras.ops.transpose(inputs, [0, 2, 3, 1])
        width, channels = inputs.shape[2:]
        by_width = keras.ops.transpose(inputs, [2, 0, 1, 3])
        outputs = keras.ops.reshape(by_width, [width, -1, channels])
        return collect_named_outputs(outputs_collections, path, outputs)


@takes_layer_defaults
def sequence_to_images(
    inputs: Any,
    height: int,
    output_data_format: str = "channels_last",
    outputs_collections: Any = None,
    name: Any = None,
) -> Any:
    """Turns sequences back into images.

    Args:
        inputs: A tensor `[width, batch * height, channels]`.
        height: Height of the images.
        output_data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        Images `[batch, height, width, channels]`, or channels first.
    """
    with name_scope(name, "SequenceToImages", [inputs]) as path:
        width, rows, channels = inputs.shape
        batch = -1 if rows is None else rows // height
        images = keras.ops.reshape(inputs, [width, batch, height, channels])
        first = output_data_format == "channels_first"
        outputs = keras.ops.transpose(images, [1, 3, 2, 0] if first else [1, 2, 0, 3])
        return collect_named_outputs(outputs_collections, path, outputs)
