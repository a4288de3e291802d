# mypy: allow-subclassing-any
"""Spatial softmax."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from slimport.written.building import keras_data_format, scoped_layer
from slimport.written.defaults import takes_layer_defaults
from slimport.written.saved_layers import ScopedLayer
from slimport.written.scopes import variable_scope

__all__ = ["SpatialSoftmax", "spatial_softmax"]


@takes_layer_defaults
def spatial_softmax(
    features: Any,
    temperature: float | None = None,
    name: Any = None,
    variables_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
) -> Any:
    """Returns where each channel is active: the mean position under a softmax over the image.

    Args:
        features: Images `[batch, height, width, channels]`, or channels first with `NCHW`.
        temperature: Initial value of the variable that divides the features; `None` for 1.
        name: Scope of the layer; `None` for `spatial_softmax`, `spatial_softmax_1`, ...
        data_format: `"NHWC"` or `"NCHW"`.

    Returns:
        A tensor `[batch, channels * 2]` of positions in `[-1, 1]`, `[i1, j1, i2, j2, ...]`.
    """
    with variable_scope(name, "spatial_softmax") as scope:
        layer = scoped_layer(
            SpatialSoftmax,
            scope,
            features,
            variables_collections if trainable else None,
            temperature_initializer=keras.initializers.Constant(temperature or 1.0),
            data_format=keras_data_format(data_format),
            trainable=trainable,
        )
        return layer(features)


@keras.saving.register_keras_serializable("scoped_layers")
class SpatialSoftmax(ScopedLayer):
    """The mean position under a softmax over each channel of an image."""

    def __init__(
        self,
        temperature_initializer: Any = "ones",
        data_format: str = "channels_last",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.temperature_initializer = keras.initializers.get(temperature_initializer)
        self.data_format = data_format

    def build(self, input_shape: Any) -> None:
        """Creates the temperature."""
        self.temperature = self.add_weight(
            shape=(),
            initializer=self.temperature_initializer,
            dtype="float32",
            name="temperature",
        )

    def call(self, inputs: Any) -> Any:
        """Returns the positions."""
        if self.data_format == "channels_last":
            inputs = tf.transpose(inputs, [0, 3, 1, 2])
        channels, sizes = inputs.shape[1], tf.shape(inputs)
        height, width = sizes[2], sizes[3]
        rows, columns = tf.meshgrid(
            tf.linspace(-1.0, 1.0, height), tf.linspace(-1.0, 1.0, width), indexing="ij"
        )
        scores = tf.reshape(inputs, [-1, height * width])
        attention = tf.nn.softmax(scores / tf.convert_to_tensor(self.temperature))
        means = [
            tf.reduce_sum(tf.reshape(position, [-1]) * attention, 1, keepdims=True)
            for position in (rows, columns)
        ]
        return tf.reshape(tf.concat(means, 1), [-1, channels * 2])

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the layer."""
        return {
            **super().get_config(),
            "temperature_initializer": keras.initializers.serialize(self.temperature_initializer),
            "data_format": self.data_format,
        }
