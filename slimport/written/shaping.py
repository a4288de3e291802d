"""Layers without variables: flatten, softmax and others that reshape or rescale."""

from __future__ import annotations

from typing import Any

import keras

from slimport.written.building import plain_layer
from slimport.written.collections import collect_named_outputs, last_dimension
from slimport.written.defaults import takes_layer_defaults
from slimport.written.scopes import name_scope, variable_scope

__all__ = ["flatten", "softmax"]


@takes_layer_defaults
def flatten(inputs: Any, outputs_collections: Any = None, name: Any = None) -> Any:
    """Flattens all dimensions but the first.

    Args:
        inputs: A tensor `[batch, ...]` of rank 2 or more.
        outputs_collections: Collections for the outputs, under the layer's path.
        name: Name scope; `None` for `Flatten`, `Flatten_1`, ...

    Returns:
        A tensor `[batch, features]`.

    Raises:
        ValueError: If the rank of `inputs` is less than 2.
    """
    if len(inputs.shape) < 2:
        raise ValueError(f"flatten expects inputs of rank 2 or more, got shape {inputs.shape}.")
    with name_scope(name, "Flatten", [inputs]) as path:
        outputs = plain_layer(keras.layers.Flatten, path)(inputs)
        return collect_named_outputs(outputs_collections, path, outputs)


@takes_layer_defaults
def softmax(logits: Any, name: Any = None) -> Any:
    """Applies softmax to the last dimension, whose size is to be known.

    Args:
        logits: A tensor of rank 2 or more.
        name: Scope; `None` for `softmax`, `softmax_1`, ...
    """
    with variable_scope(name, "softmax", [logits]):
        last_dimension(logits.shape, min_rank=2)
        return keras.ops.softmax(logits, axis=-1)
