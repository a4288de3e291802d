# mypy: allow-subclassing-any
"""TF-Slim's first fully connected layer, which went before its scopes of defaults."""

from __future__ import annotations

import functools
from typing import Any, ClassVar

import keras

from slimport.written.building import finished, scoped_layer
from slimport.written.collections import add_to_collection
from slimport.written.saved_layers import ScopedLayer
from slimport.written.scopes import variable_scope

__all__ = ["LegacyDense", "legacy_fully_connected", "legacy_linear", "legacy_relu"]


def legacy_fully_connected(
    x: Any,
    num_output_units: int,
    activation_fn: Any = None,
    weight_init: Any = "glorot_uniform",
    bias_init: Any = "zeros",
    name: Any = None,
    weight_collections: Any = ("weights",),
    bias_collections: Any = ("biases",),
    output_collections: Any = ("activations",),
    trainable: bool = True,
    weight_regularizer: Any = None,
    bias_regularizer: Any = None,
) -> Any:
    """Multiplies the last dimension by a matrix, adds a bias, activates.

    Unlike `fully_connected` it is linear unless told otherwise, its bias is called `bias`, its
    variables are no model variables, and `layer_defaults` does not reach it.

    Args:
        x: A tensor of rank 2 or more, `[batch, ..., features]`.
        num_output_units: Size of the new last dimension.
        weight_init: Initializer of the matrix; `None` for the scope's, or else Glorot uniform.
        bias_init: Initializer of the bias; `None` for no bias.

    Returns:
        A tensor `[batch, ..., num_output_units]`.

    Raises:
        ValueError: If `x` has rank 1 or less, or the size of its last dimension is unknown.
    """
    with variable_scope(name, "fully_connected", [x]) as scope:
        if len(x.shape) < 2:
            raise ValueError(f"rank of x must be at least 2 not: {len(x.shape)}")
        if x.shape[-1] is None:
            raise ValueError("last dimension of x must be known but is None")
        layer = scoped_layer(
            LegacyDense,
            scope,
            x,
            {"weights": weight_collections, "bias": bias_collections},
            units=num_output_units,
            use_bias=bias_init is not None,
            kernel_initializer=weight_init or scope.initializer or "glorot_uniform",
            kernel_regularizer=weight_regularizer,
            bias_initializer="zeros" if bias_init is None else bias_init,
            bias_regularizer=bias_regularizer,
            trainable=trainable,
        )
        outputs = finished(layer(x), scope, activation_fn)
    for collection in dict.fromkeys([*(output_collections or ()), "activations"]):
        add_to_collection(collection, outputs)
    return outputs


@keras.saving.register_keras_serializable("scoped_layers")
class LegacyDense(ScopedLayer, keras.layers.Dense):
    """A fully connected layer whose variables are `weights` and `bias`."""

    legacy_names: ClassVar[dict[str, str]] = {"kernel": "weights"}
    has_model_variables = False
    one_regularizer = True


legacy_relu = functools.partial(legacy_fully_connected, activation_fn="relu")
legacy_linear = functools.partial(legacy_fully_connected, activation_fn=None)
