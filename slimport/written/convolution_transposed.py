# mypy: allow-subclassing-any
"""Transposed convolutions."""

from __future__ import annotations

from typing import Any

import keras

from slimport.written.building import channels_last, finished, in_data_format, scoped_layer
from slimport.written.defaults import known_as, takes_layer_defaults
from slimport.written.saved_layers import ScopedLayer
from slimport.written.scopes import variable_scope

__all__ = [
    "conv2d_transpose",
    "conv3d_transpose",
    "convolution2d_transpose",
    "convolution3d_transpose",
]


@takes_layer_defaults
@known_as("convolution2d_transpose")
def conv2d_transpose(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = 1,
    padding: str = "same",
    data_format: str = "NHWC",
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
    """Convolves images transposed: the gradient of a convolution, which enlarges its input.

    Args:
        inputs: Images `[batch, height, width, channels]`, or channels first with `NCHW`.
        filters: Number of output channels.
        kernel_size: One integer, or one for each spatial dimension.
        strides: Likewise; the factor by which the input grows.
        padding: `"same"` (size times stride) or `"valid"` (larger by the kernel), in any case.
        kernel_initializer: Initializer of the kernel.
        kernel_regularizer: Regularizer of the kernel.

    Returns:
        The enlarged inputs with `filters` channels.
    """
    return convolve_transposed(
        inputs,
        Conv2DTranspose,
        "Conv2d_transpose",
        padding=padding,
        data_format=data_format,
        activation=activation,
        normalizer=normalizer,
        normalizer_params=normalizer_params,
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
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
@known_as("convolution3d_transpose")
def conv3d_transpose(
    inputs: Any,
    filters: int,
    kernel_size: Any,
    strides: Any = 1,
    padding: str = "same",
    data_format: str = "NDHWC",
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
    """Convolves volumes `[batch, depth, height, width, channels]` transposed.

    For the arguments see `conv2d_transpose`; the data formats are `NDHWC` and `NCDHW`.
    """
    return convolve_transposed(
        inputs,
        Conv3DTranspose,
        "Conv3d_transpose",
        padding=padding,
        data_format=data_format,
        activation=activation,
        normalizer=normalizer,
        normalizer_params=normalizer_params,
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
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


def convolve_transposed(
    inputs: Any,
    layer_class: Any,
    default_name: str,
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
    """Builds a transposed convolution of the given class."""
    with variable_scope(name, default_name, [inputs], reuse=reuse) as scope:
        images = channels_last(inputs, data_format)
        layer = scoped_layer(
            layer_class,
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
class Conv2DTranspose(ScopedLayer, keras.layers.Conv2DTranspose):
    """A transposed convolution along two dimensions."""


@keras.saving.register_keras_serializable("scoped_layers")
class Conv3DTranspose(ScopedLayer, keras.layers.Conv3DTranspose):
    """A transposed convolution along three dimensions."""


convolution2d_transpose = conv2d_transpose
convolution3d_transpose = conv3d_transpose
