"""Gradients: scaled and clipped before they are applied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimport.written.variables import variable_op_name

__all__ = ["clip_gradient_norms", "clip_gradient_norms_fn", "multiply_gradients"]


def multiply_gradients(grads_and_vars: Any, gradient_multipliers: Any) -> list[Any]:
    """Scales the gradients of some variables.

    Args:
        grads_and_vars: A list of pairs of a gradient and its variable.
        gradient_multipliers: Factors by variable, or by the variable's full name.

    Returns:
        The pairs, with the gradients scaled.

    Raises:
        ValueError: If there are no factors, or one for a gradient that is `None`.
    """
    if not isinstance(grads_and_vars, list):
        raise ValueError("`grads_and_vars` must be a list.")
    if not gradient_multipliers or not isinstance(gradient_multipliers, dict):
        raise ValueError("`gradient_multipliers` must be a dict with entries.")
    by_name = {key: f for key, f in gradient_multipliers.items() if isinstance(key, str)}
    by_variable = {
        id(key): f for key, f in gradient_multipliers.items() if not isinstance(key, str)
    }
    scaled = []
    for gradient, variable in grads_and_vars:
        if id(variable) in by_variable:
            gradient = _scaled(gradient, by_variable[id(variable)])
        elif by_name and (name := variable_op_name(variable)) in by_name:
            gradient = _scaled(gradient, by_name[name])
        scaled.append((gradient, variable))
    return scaled


def _scaled(gradient: Any, factor: Any) -> Any:
    if gradient is None:
        raise ValueError("Requested multiple of `None` gradient.")
    factor = tf.convert_to_tensor(factor, gradient.dtype)
    return _with_values(gradient, lambda values: values * factor)


def clip_gradient_norms(gradients_to_variables: Any, max_norm: Any) -> list[Any]:
    """Scales down each gradient whose norm is greater than `max_norm`, to that norm.

    Args:
        gradients_to_variables: Pairs of a gradient (or `None`) and its variable.
        max_norm: The greatest norm.
    """

    def clipped(values: Any) -> Any:
        return tf.clip_by_norm(values, max_norm)

    return [
        (None if gradient is None else _with_values(gradient, clipped), variable)
        for gradient, variable in gradients_to_variables
    ]


def clip_gradient_norms_fn(max_norm: Any) -> Callable[[Any], list[Any]]:
    """Returns a function that clips gradients; see `clip_gradient_norms`."""
    return lambda gradients_to_variables: clip_gradient_norms(gradients_to_variables, max_norm)


def _with_values(gradient: Any, change: Callable[[Any], Any]) -> Any:
    """Changes a gradient; of a sparse one the rows that it has."""
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(change(gradient.values), gradient.indices, gradient.dense_shape)
    return change(gradient)
