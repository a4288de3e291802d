# mypy: allow-subclassing-any
"""Convolutions."""

from __future__ import annotations

from typing import Any

import keras

from slimport.written.building import channels_last, finished, in_data_format, scoped_layer
from slimport.written.defaults import known_as, takes_layer_defaults
from slimport.written.saved_layers import ScopedLayer
from slimport.written.scopes import variable_scope

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "convolution",
    "convolution1d",
    "convolution2d",
    "convolution3d",
]


@takes_layer_defaults
def convolution(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = 1,
    padding: str = "same",
    data_format: str | None = None,
    dilation_rate: Any = 1,
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
    """Convolves along one to three dimensions, as the rank of `inputs` says; see `conv2d`."""
    return convolve(
        inputs,
        {3: Conv1D, 4: Conv2D, 5: Conv3D},
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
        activation=activation,
        normalizer=normalizer,
        normalizer_params=normalizer_params,
        kernel_initializer=kernel_initializer,
        kernel_regularizer=kernel_regularizer,
        bias_initializer=bias_initializer,
        bias_regularizer=bias_regularizer,
        reuse=reuse,
        variables_collections=variables_collections,
        outputs_collections=outputs_collections,
        trainable=trainable,
        name=name,
    )


@takes_layer_defaults
@known_as("convolution1d")
def conv1d(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = 1,
    padding: str = "same",
    data_format: str | None = None,
    dilation_rate: Any = 1,
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
    """Convolves sequences `[batch, steps, channels]`; for the arguments see `conv2d`."""
    return convolve(
        inputs,
        {3: Conv1D},
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
        activation=activation,
        normalizer=normalizer,
        normalizer_params=normalizer_params,
        kernel_initializer=kernel_initializer,
        kernel_regularizer=kernel_regularizer,
        bias_initializer=bias_initializer,
        bias_regularizer=bias_regularizer,
        reuse=reuse,
        variables_collections=variables_collections,
        outputs_collections=outputs_collections,
        trainable=trainable,
        name=name,
    )


@takes_layer_defaults
@known_as("convolution2d")
def conv2d(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = 1,
    padding: str = "same",
    data_format: str | None = None,
    dilation_rate: Any = 1,
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
    """Convolves images, then normalizes or adds a bias, then activates.

    Args:
        inputs: Images `[batch, height, width, channels]`, or channels first with `NCHW`.
        filters: Number of output channels.
        kernel_size: One integer, or one for each spatial dimension.
        strides: Likewise; above 1 only where `dilation_rate` is 1.
        dilation_rate: One integer, or one for each spatial dimension.
        kernel_initializer: Initializer of the kernel.
        kernel_regularizer: Regularizer of the kernel.

    Returns:
        The convolved images, `[batch, new height, new width, filters]`.

    Raises:
        ValueError: If the rank of `inputs` or the data format is not supported.
    """
    return convolve(
        inputs,
        {4: Conv2D},
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
        activation=activation,
        normalizer=normalizer,
        normalizer_params=normalizer_params,
        kernel_initializer=kernel_initializer,
        kernel_regularizer=kernel_regularizer,
        bias_initializer=bias_initializer,
        bias_regularizer=bias_regularizer,
        reuse=reuse,
        variables_collections=variables_collections,
        outputs_collections=outputs_collections,
        trainable=trainable,
        name=name,
    )


@takes_layer_defaults
@known_as("convolution3d")
def conv3d(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = 1,
    padding: str = "same",
    data_format: str | None = None,
    dilation_rate: Any = 1,
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
    """Convolves volumes `[batch, depth, height, width, channels]`; see `conv2d`."""
    return convolve(
        inputs,
        {5: Conv3D},
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
        activation=activation,
        normalizer=normalizer,
        normalizer_params=normalizer_params,
        kernel_initializer=kernel_initializer,
        kernel_regularizer=kernel_regularizer,
        bias_initializer=bias_initializer,
        bias_regularizer=bias_regularizer,
        reuse=reuse,
        variables_collections=variables_collections,
        outputs_collections=outputs_collections,
        trainable=trainable,
        name=name,
    )


def convolve(
    inputs: Any,
    layers: dict[int, Any],
    *,
    padding: str,
    data_format: str | None,
    activation: Any,
    normalizer: Any,
    normalizer_params: dict[str, Any] | None,
    bias_initializer: Any,
    reuse: Any,
    outputs_collections: Any,
    name: Any,
    **settings: Any,
) -> Any:
    """Builds a convolution: the layer of `layers` for the rank of the inputs."""
    with variable_scope(name, "Conv", [inputs], reuse=reuse) as scope:
        rank = len(inputs.shape)
        if rank not in layers:
            ranks = " or ".join(map(str, layers))
            raise ValueError(f"Convolution expects input with rank {ranks}, got {rank}")
        images = channels_last(inputs, data_format)
        layer = scoped_layer(
            layers[rank],
            scope,
            images,
            padding=padding.lower(),
            use_bias=normalizer is None and bias_initializer is not None,
            bias_initializer=bias_initializer,
            **settings,
        )
        outputs = in_data_format(layer(images), data_format)
        return finished(
            outputs, scope, activation, normalizer, normalizer_params, outputs_collections
        )


@keras.saving.register_keras_serializable("scoped_layers")
class Conv1D(ScopedLayer, keras.layers.Conv1D):
    """A convolution along one dimension."""


@keras.saving.register_keras_serializable("scoped_layers")
class Conv2D(ScopedLayer, keras.layers.Conv2D):
    """A convolution along two dimensions."""


@keras.saving.register_keras_serializable("scoped_layers")
class Conv3D(ScopedLayer, keras.layers.Conv3D):
    """A convolution along three dimensions."""


convolution1d = conv1d
convolution2d = conv2d
convolution3d = conv3d
