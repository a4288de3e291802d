# mypy: allow-subclassing-any
"""TensorFlow 1's own transposed convolutions."""

from __future__ import annotations

from typing import Any

import keras

from slimport.written.tf_layers import TfLayer, apply_weighted

__all__ = [
    "TfConv2DTranspose",
    "TfConv3DTranspose",
    "tf_conv2d_transpose",
    "tf_conv3d_transpose",
]


def tf_conv2d_transpose(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str = "channels_last",
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
    """Convolves images transposed, which enlarges them by `strides`; see `tf_conv2d`."""
    return apply_weighted(
        inputs,
        TfConv2DTranspose,
        "conv2d_transpose",
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding.lower(),
        data_format=data_format,
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


def tf_conv3d_transpose(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str = "channels_last",
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
    """Convolves volumes transposed, which enlarges them by `strides`; see `tf_conv2d`."""
    return apply_weighted(
        inputs,
        TfConv3DTranspose,
        "conv3d_transpose",
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding.lower(),
        data_format=data_format,
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
class TfConv2DTranspose(TfLayer, keras.layers.Conv2DTranspose):
    """A transposed convolution of `tf.layers` along two dimensions."""


@keras.saving.register_keras_serializable("scoped_layers")
class TfConv3DTranspose(TfLayer, keras.layers.Conv3DTranspose):
    """A transposed convolution of `tf.layers` along three dimensions."""
