# mypy: allow-subclassing-any
"""Regularizers that Keras lacks."""

from __future__ import annotations

from typing import Any

import keras

from slimport.written.collections import add_to_collection, get_collection
from slimport.written.penalties import read_variable

__all__ = [
    "SumRegularizer",
    "VariableRegularizer",
    "apply_regularization",
    "l1_l2_regularizer",
    "l1_regularizer",
    "l2_regularizer",
    "sum_regularizer",
]


def l1_regularizer(scale: float, name: Any = None) -> Any:
    """Returns the regularizer `scale * sum(abs(w))`."""
    del name
    return VariableRegularizer(l1=scale)


def l2_regularizer(scale: float, name: Any = None) -> Any:
    """Returns the regularizer `scale * sum(w ** 2) / 2`."""
    del name
    return VariableRegularizer(l2=0.5 * scale)


def l1_l2_regularizer(scale_l1: float = 1.0, scale_l2: float = 1.0, name: Any = None) -> Any:
    """Returns the regularizer `scale_l1 * sum(abs(w)) + scale_l2 * sum(w ** 2) / 2`."""
    del name
    return VariableRegularizer(l1=scale_l1, l2=0.5 * scale_l2)


def sum_regularizer(regularizer_list: Any, name: Any = None) -> Any:
    """Returns the sum of regularizers, `None` among them left out; `None` for no regularizer."""
    del name
    regularizers = [regularizer for regularizer in regularizer_list if regularizer is not None]
    return SumRegularizer(regularizers) if regularizers else None


@keras.saving.register_keras_serializable("scoped_layers")
class VariableRegularizer(keras.regularizers.L1L2):
    """Keras' `L1L2`; variables of a TF 1 graph, whose dtype Keras does not know, are read first.

    (`keras.regularizers.L1` would keep its factor as a tensor of the graph it is made in.)
    """

    def __call__(self, x: Any) -> Any:
        """Returns the penalty of a weight, a scalar."""
        return super().__call__(read_variable(x))


@keras.saving.register_keras_serializable("scoped_layers")
class SumRegularizer(keras.regularizers.Regularizer):
    """Adds up what several regularizers give."""

    def __init__(self, regularizers: Any) -> None:
        self.regularizers = [keras.regularizers.get(regularizer) for regularizer in regularizers]

    def __call__(self, weights: Any) -> Any:
        """Returns the sum for `weights`, a scalar."""
        weights = read_variable(weights)
        return sum(regularizer(weights) for regularizer in self.regularizers)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the regularizer."""
        return {"regularizers": [keras.regularizers.serialize(r) for r in self.regularizers]}


def apply_regularization(regularizer: Any, weights_list: Any = None) -> Any:
    """Sums a regularizer over weights and adds the sum to the regularization losses.

    Args:
        regularizer: A function of one weight that returns a scalar, or `None` for nothing.
        weights_list: The weights; `None` for the collection `"weights"`.

    Returns:
        The sum, a scalar.

    Raises:
        ValueError: If there are no weights.
    """
    weights_list = weights_list or get_collection("weights")
    if not weights_list:
        raise ValueError("No weights to regularize.")
    penalties = [regularizer(read_variable(weights)) for weights in weights_list]
    total = sum(keras.ops.convert_to_tensor(0.0 if p is None else p) for p in penalties)
    add_to_collection("regularization_losses", total)
    return total
