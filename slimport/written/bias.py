# mypy: allow-subclassing-any
"""Bias."""

from __future__ import annotations

from typing import Any

import keras

from slimport.written.building import finished, keras_data_format, scoped_layer
from slimport.written.defaults import takes_layer_defaults
from slimport.written.saved_layers import ScopedLayer
from slimport.written.scopes import variable_scope

__all__ = ["Bias", "bias_add"]


@takes_layer_defaults
def bias_add(
    inputs: Any,
    activation: Any = None,
    initializer: Any = "zeros",
    regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    name: Any = None,
) -> Any:
    """Adds a bias to each channel.

    Args:
        inputs: A tensor of rank 2 or more, of rank 4 with `NCHW`.
        initializer: Initializer of the bias.
        regularizer: Regularizer of the bias.

    Raises:
        ValueError: If the data format does not fit the rank.
    """
    first = keras_data_format(data_format) == "channels_first"
    if first and len(inputs.shape) != 4:
        raise ValueError("Data format NCHW only supports 4D Tensor")
    with variable_scope(name, "BiasAdd", [inputs], reuse=reuse) as scope:
        layer = scoped_layer(
            Bias,
            scope,
            inputs,
            variables_collections,
            axis=1 if first else -1,
            bias_initializer=initializer,
            bias_regularizer=regularizer,
            trainable=trainable,
        )
        return finished(layer(inputs), scope, activation, outputs_collections=outputs_collections)


@keras.saving.register_keras_serializable("scoped_layers")
class Bias(ScopedLayer):
    """Adds one number to each channel; `axis` is the dimension of the channels."""

    one_regularizer = True

    def __init__(
        self,
        axis: int = -1,
        bias_initializer: Any = "zeros",
        bias_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)

    def build(self, input_shape: Any) -> None:
        """Creates the bias."""
        self.bias = self.add_weight(
            shape=(input_shape[self.axis],),
            initializer=self.bias_initializer,
            regularizer=self.bias_regularizer,
            name="bias",
        )

    def call(self, inputs: Any) -> Any:
        """Adds the bias."""
        trailing = len(inputs.shape) - 1 - self.axis % len(inputs.shape)
        return inputs + keras.ops.reshape(self.bias, [-1] + [1] * trailing)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the layer."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "bias_regularizer": keras.regularizers.serialize(self.bias_regularizer),
        }
