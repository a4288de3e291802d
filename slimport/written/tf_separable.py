# mypy: allow-subclassing-any
"""TensorFlow 1's own depthwise separable convolutions."""

from __future__ import annotations

from typing import Any

import keras

from slimport.written.building import keras_data_format
from slimport.written.tf_layers import TfLayer, apply_weighted

__all__ = [
    "TfSeparableConv1D",
    "TfSeparableConv2D",
    "tf_separable_conv1d",
    "tf_separable_conv2d",
]


def tf_separable_conv1d(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str = "channels_last",
    dilation_rate: Any = 1,
    depth_multiplier: int = 1,
    activation: Any = None,
    use_bias: bool = True,
    depthwise_initializer: Any = None,
    pointwise_initializer: Any = None,
    bias_initializer: Any = "zeros",
    depthwise_regularizer: Any = None,
    pointwise_regularizer: Any = None,
    bias_regularizer: Any = None,
    activity_regularizer: Any = None,
    depthwise_constraint: Any = None,
    pointwise_constraint: Any = None,
    bias_constraint: Any = None,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
) -> Any:
    """Convolves sequences channel by channel, then mixes the channels; see `tf_conv2d`.

    Here `padding` may be `"causal"` too: an output depends on no later input.
    """
    if padding.lower() == "causal":
        inputs, padding = _padded_in_front(inputs, kernel_size, dilation_rate, data_format), "valid"
    return apply_weighted(
        inputs,
        TfSeparableConv1D,
        "separable_conv1d",
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding.lower(),
        data_format=data_format,
        dilation_rate=dilation_rate,
        depth_multiplier=depth_multiplier,
        activation=activation,
        use_bias=use_bias,
        depthwise_initializer=depthwise_initializer,
        pointwise_initializer=pointwise_initializer,
        bias_initializer=bias_initializer,
        depthwise_regularizer=depthwise_regularizer,
        pointwise_regularizer=pointwise_regularizer,
        bias_regularizer=bias_regularizer,
        activity_regularizer=activity_regularizer,
        depthwise_constraint=depthwise_constraint,
        pointwise_constraint=pointwise_constraint,
        bias_constraint=bias_constraint,
        trainable=trainable,
        name=name,
        reuse=reuse,
    )


def tf_separable_conv2d(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str = "channels_last",
    dilation_rate: Any = (1, 1),
    depth_multiplier: int = 1,
    activation: Any = None,
    use_bias: bool = True,
    depthwise_initializer: Any = None,
    pointwise_initializer: Any = None,
    bias_initializer: Any = "zeros",
    depthwise_regularizer: Any = None,
    pointwise_regularizer: Any = None,
    bias_regularizer: Any = None,
    activity_regularizer: Any = None,
    depthwise_constraint: Any = None,
    pointwise_constraint: Any = None,
    bias_constraint: Any = None,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
) -> Any:
    """Convolves images channel by channel, then mixes the channels; see `tf_conv2d`."""
    return apply_weighted(
        inputs,
        TfSeparableConv2D,
        "separable_conv2d",
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding.lower(),
        data_format=data_format,
        dilation_rate=dilation_rate,
        depth_multiplier=depth_multiplier,
        activation=activation,
        use_bias=use_bias,
        depthwise_initializer=depthwise_initializer,
        pointwise_initializer=pointwise_initializer,
        bias_initializer=bias_initializer,
        depthwise_regularizer=depthwise_regularizer,
        pointwise_regularizer=pointwise_regularizer,
        bias_regularizer=bias_regularizer,
        activity_regularizer=activity_regularizer,
        depthwise_constraint=depthwise_constraint,
        pointwise_constraint=pointwise_constraint,
        bias_constraint=bias_constraint,
        trainable=trainable,
        name=name,
        reuse=reuse,
    )


@keras.saving.register_keras_serializable("scoped_layers")
class TfSeparableConv1D(TfLayer, keras.layers.SeparableConv1D):
    """A depthwise separable convolution of `tf.layers` along one dimension."""


@keras.saving.register_keras_serializable("scoped_layers")
class TfSeparableConv2D(TfLayer, keras.layers.SeparableConv2D):
    """A depthwise separable convolution of `tf.layers` along two dimensions."""


def _padded_in_front(inputs: Any, kernel_size: Any, dilation_rate: Any, data_format: str) -> Any:
    """Sequences with as many zeros in front as make a valid convolution a causal one."""
    size, dilation = (n if isinstance(n, int) else n[0] for n in (kernel_size, dilation_rate))
    steps = 1 if keras_data_format(data_format) == "channels_last" else 2
    widths = [[0, 0], [0, 0], [0, 0]]
    widths[steps][0] = dilation * (size - 1)
    return keras.ops.pad(inputs, widths)
