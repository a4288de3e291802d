# mypy: allow-subclassing-any
"""Fully connected layers."""

from __future__ import annotations

import functools
from typing import Any

import keras

from slimport.written.building import finished, scoped_layer
from slimport.written.defaults import takes_layer_defaults
from slimport.written.saved_layers import ScopedLayer
from slimport.written.scopes import variable_scope

__all__ = ["elu", "fully_connected", "linear", "relu", "relu6"]


@takes_layer_defaults
def fully_connected(
    inputs: Any,
    units: int,
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
    """Multiplies the last dimension by a matrix, then normalizes or adds a bias, then activates.

    Args:
        inputs: A tensor of rank 2 or more, `[batch, ..., features]`.
        units: Size of the new last dimension.
        kernel_initializer: Initializer of the matrix.
        kernel_regularizer: Regularizer of the matrix.

    Returns:
        A tensor `[batch, ..., units]`.

    Raises:
        ValueError: If `units` is not an integer.
    """
    if not isinstance(units, int):
        raise ValueError(f"units should be an integer, got {units!r}.")
    with variable_scope(name, "fully_connected", [inputs], reuse=reuse) as scope:
        layer = scoped_layer(
            Dense,
            scope,
            inputs,
            variables_collections,
            units=units,
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
class Dense(ScopedLayer, keras.layers.Dense):
    """A fully connected layer."""


elu = functools.partial(fully_connected, activation="elu")
relu = functools.partial(fully_connected, activation="relu")
relu6 = functools.partial(fully_connected, activation="relu6")
linear = functools.partial(fully_connected, activation=None)
