# mypy: allow-subclassing-any
"""Depthwise separable convolutions."""

from __future__ import annotations

from typing import Any

import keras

from slimport.written.building import channels_last, finished, in_data_format, scoped_layer
from slimport.written.defaults import known_as, takes_layer_defaults
from slimport.written.saved_layers import ScopedLayer
from slimport.written.scopes import variable_scope

__all__ = ["separable_conv2d", "separable_convolution2d"]


@takes_layer_defaults
@known_as("separable_convolution2d")
def separable_conv2d(
    inputs: Any,
    filters: int | None,
    kernel_size: Any,
    depth_multiplier: int = 1,
    strides: Any = 1,
    padding: str = "same",
    data_format: str = "NHWC",
    dilation_rate: Any = 1,
    activation: Any = "relu",
    normalizer: Any = None,
    normalizer_params: dict[str, Any] | None = None,
    kernel_initializer: Any = "glorot_uniform",
    pointwise_initializer: Any = None,
    kernel_regularizer: Any = None,
    bias_initializer: Any = "zeros",
    bias_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    name: Any = None,
) -> Any:
    """Convolves each channel by itself, then, unless `filters` is `None`, mixes the channels.

    Args:
        inputs: Images `[batch, height, width, channels]`, or channels first with `NCHW`.
        filters: Number of output channels; `None` for the depthwise step alone.
        kernel_size: One integer, or `[height, width]`.
        depth_multiplier: Output channels of the depthwise step for each input channel.
        strides: One integer, or two equal ones.
        dilation_rate: One integer, or `[height, width]`.
        kernel_initializer: Initializer of the depthwise kernel.
        pointwise_initializer: Initializer of the pointwise kernel; `None` for the same.
        kernel_regularizer: Regularizer of both kernels.

    Returns:
        Images with `filters` (or `channels * depth_multiplier`) channels.
    """
    depthwise: dict[str, Any] = {
        "depthwise_initializer": kernel_initializer,
        "depthwise_regularizer": kernel_regularizer,
    }
    pointwise: dict[str, Any] = {
        "filters": filters,
        "pointwise_initializer": pointwise_initializer or kernel_initializer,
        "pointwise_regularizer": kernel_regularizer,
    }
    with variable_scope(name, "SeparableConv2d", [inputs], reuse=reuse) as scope:
        images = channels_last(inputs, data_format)
        layer = scoped_layer(
            DepthwiseConv2D if filters is None else SeparableConv2D,
            scope,
            images,
            variables_collections,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding.lower(),
            dilation_rate=dilation_rate,
            depth_multiplier=depth_multiplier,
            use_bias=normalizer is None and bias_initializer is not None,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            trainable=trainable,
            **depthwise,
            **({} if filters is None else pointwise),
        )
        outputs = in_data_format(layer(images), data_format)
        return finished(
            outputs, scope, activation, normalizer, normalizer_params, outputs_collections
        )


@keras.saving.register_keras_serializable("scoped_layers")
class DepthwiseConv2D(ScopedLayer, keras.layers.DepthwiseConv2D):
    """A convolution of each channel by itself."""

    one_regularizer = True


@keras.saving.register_keras_serializable("scoped_layers")
class SeparableConv2D(ScopedLayer, keras.layers.SeparableConv2D):
    """A depthwise separable convolution."""


separable_convolution2d = separable_conv2d
