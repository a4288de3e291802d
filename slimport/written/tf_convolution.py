# mypy: allow-subclassing-any
"""TensorFlow 1's own convolutions."""

from __future__ import annotations

from typing import Any

import keras

from slimport.written.tf_layers import TfLayer, apply_weighted

__all__ = [
    "TfConv1D",
    "TfConv2D",
    "TfConv3D",
    "tf_conv1d",
    "tf_conv2d",
    "tf_conv3d",
]


def tf_conv1d(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str = "channels_last",
    dilation_rate: Any = 1,
    activation: Any = None,
    use_bias: bool = True,
    kernel_initializer: Any = None,
    bias_initializer: Any = "zeros",
    kernel_regularizer: Any = None,
    bias_regularizer: Any = None,
    activity_regularizer: Any = None,
    kernel_constraint: Any = None,
    bias_constraint: Any = None,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
) -> Any:
    """Convolves sequences `[batch, steps, channels]`; see `tf_conv2d`."""
    return apply_weighted(
        inputs,
        TfConv1D,
        "conv1d",
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding.lower(),
        data_format=data_format,
        dilation_rate=dilation_rate,
        activation=activation,
        use_bias=use_bias,
        kernel_initializer=kernel_initializer,
        bias_initializer=bias_initializer,
        kernel_regularizer=kernel_regularizer,
        bias_regularizer=bias_regularizer,
        activity_regularizer=activity_regularizer,
        kernel_constraint=kernel_constraint,
        bias_constraint=bias_constraint,
        trainable=trainable,
        name=name,
        reuse=reuse,
    )


def tf_conv2d(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str = "channels_last",
    dilation_rate: Any = (1, 1),
    activation: Any = None,
    use_bias: bool = True,
    kernel_initializer: Any = None,
    bias_initializer: Any = "zeros",
    kernel_regularizer: Any = None,
    bias_regularizer: Any = None,
    activity_regularizer: Any = None,
    kernel_constraint: Any = None,
    bias_constraint: Any = None,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
) -> Any:
    """Convolves images, adds a bias, activates; see `tf_dense` for what `tf_...` functions share.

    Args:
        inputs: Images, with the channels where `data_format` says.
        filters: Number of output channels.
        kernel_size: One integer, or one for each spatial dimension.
        strides: Likewise; above 1 only where `dilation_rate` is 1.
        padding: `"valid"` or `"same"`, in any case.
        data_format: `"channels_last"` or `"channels_first"`.
        dilation_rate: One integer, or one for each spatial dimension.
        activity_regularizer: A function of the outputs; its value over the size of the batch is
            added to the losses.
    """
    return apply_weighted(
        inputs,
        TfConv2D,
        "conv2d",
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding.lower(),
        data_format=data_format,
        dilation_rate=dilation_rate,
        activation=activation,
        use_bias=use_bias,
        kernel_initializer=kernel_initializer,
        bias_initializer=bias_initializer,
        kernel_regularizer=kernel_regularizer,
        bias_regularizer=bias_regularizer,
        activity_regularizer=activity_regularizer,
        kernel_constraint=kernel_constraint,
        bias_constraint=bias_constraint,
        trainable=trainable,
        name=name,
        reuse=reuse,
    )


def tf_conv3d(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str = "channels_last",
    dilation_rate: Any = (1, 1, 1),
    activation: Any = None,
    use_bias: bool = True,
    kernel_initializer: Any = None,
    bias_initializer: Any = "zeros",
    kernel_regularizer: Any = None,
    bias_regularizer: Any = None,
    activity_regularizer: Any = None,
    kernel_constraint: Any = None,
    bias_constraint: Any = None,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
) -> Any:
    """Convolves volumes `[batch, depth, height, width, channels]`; see `tf_conv2d`."""
    return apply_weighted(
        inputs,
        TfConv3D,
        "conv3d",
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding.lower(),
        data_format=data_format,
        dilation_rate=dilation_rate,
        activation=activation,
        use_bias=use_bias,
        kernel_initializer=kernel_initializer,
        bias_initializer=bias_initializer,
        kernel_regularizer=kernel_regularizer,
        bias_regularizer=bias_regularizer,
        activity_regularizer=activity_regularizer,
        kernel_constraint=kernel_constraint,
        bias_constraint=bias_constraint,
        trainable=trainable,
        name=name,
        reuse=reuse,
    )


@keras.saving.register_keras_serializable("scoped_layers")
class TfConv1D(TfLayer, keras.layers.Conv1D):
    """A convolution of `tf.layers` along one dimension."""


@keras.saving.register_keras_serializable("scoped_layers")
class TfConv2D(TfLayer, keras.layers.Conv2D):
    """A convolution of `tf.layers` along two dimensions."""


@keras.saving.register_keras_serializable("scoped_layers")
class TfConv3D(TfLayer, keras.layers.Conv3D):
    """A convolution of `tf.layers` along three dimensions."""
