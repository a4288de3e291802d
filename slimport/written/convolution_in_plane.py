# mypy: allow-subclassing-any
"""Convolution of each channel with the same kernel."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from slimport.written.building import finished, scoped_layer
from slimport.written.defaults import known_as, takes_layer_defaults
from slimport.written.saved_layers import ScopedLayer
from slimport.written.scopes import variable_scope

__all__ = ["InPlaneConv2D", "conv2d_in_plane", "convolution2d_in_plane"]


@takes_layer_defaults
@known_as("convolution2d_in_plane")
def conv2d_in_plane(
    inputs: Any,
    kernel_size: Any,
    strides: Any = 1,
    padding: str = "same",
    activation: Any = "relu",
    normalizer: Any = None,
    normalizer_params: dict[str, Any] | None = None,
    kernel_initializer: Any = "glorot_uniform",
    kernel_regularizer: Any = None,
    bias_initializer: Any = "zeros",
    bias_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    name: Any = None,
) -> Any:
    """Convolves all channels of images `[batch, height, width, channels]` with one kernel.

    For the arguments see `conv2d`; `name=None` stands for `ConvInPlane`, `ConvInPlane_1`, ...
    """
    with variable_scope(name, "ConvInPlane", [inputs], reuse=reuse) as scope:
        layer = scoped_layer(
            InPlaneConv2D,
            scope,
            inputs,
            variables_collections,
            kernel_size=_pair(kernel_size),
            strides=_pair(strides),
            padding=padding.upper(),
            use_bias=normalizer is None and bias_initializer is not None,
            kernel_initializer=kernel_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            trainable=trainable,
        )
        return finished(
            layer(inputs), scope, activation, normalizer, normalizer_params, outputs_collections
        )


@keras.saving.register_keras_serializable("scoped_layers")
class InPlaneConv2D(ScopedLayer):
    """Convolves each channel with the same kernel `[height, width, 1, 1]`."""

    one_regularizer = True

    def __init__(
        self,
        kernel_size: Any,
        strides: Any,
        padding: str,
        use_bias: bool,
        kernel_initializer: Any,
        kernel_regularizer: Any,
        bias_initializer: Any,
        bias_regularizer: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.kernel_size, self.strides = list(kernel_size), list(strides)
        self.padding, self.use_bias = padding, use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)

    def build(self, input_shape: Any) -> None:
        """Creates the kernel and the bias."""
        self.kernel = self.add_weight(
            shape=(*self.kernel_size, 1, 1),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            name="kernel",
        )
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(input_shape[-1],),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                name="bias",
            )

    def call(self, inputs: Any) -> Any:
        """Convolves `inputs`."""
        kernel = tf.tile(tf.convert_to_tensor(self.kernel), [1, 1, inputs.shape[-1], 1])
        strides = [1, *self.strides, 1]
        outputs = tf.nn.depthwise_conv2d(inputs, kernel, strides, self.padding)
        return outputs + self.bias if self.use_bias else outputs

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the layer."""
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "bias_regularizer": keras.regularizers.serialize(self.bias_regularizer),
        }


convolution2d_in_plane = conv2d_in_plane


def _pair(size: Any) -> list[int]:
    return [size, size] if isinstance(size, int) else list(size)
