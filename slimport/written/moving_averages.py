"""Moving averages: kept up by hand, as layers made of variables do."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from slimport.written.graphs import current_layer_graph
from slimport.written.scopes import get_variable_scope, variable_scope
from slimport.written.variables import get_variable, variable_op_name

__all__ = ["assign_moving_average"]


def assign_moving_average(
    variable: Any, value: Any, decay: Any, zero_debias: bool = True, name: str | None = None
) -> Any:
    """Moves a variable towards a value: `variable * decay + value * (1 - decay)`.

    Args:
        variable: A variable of this network, not trainable as a rule.
        value: A tensor of its shape.
        decay: The share of the variable that stays.
        zero_debias: Whether to make up for a start at zero; it takes two more variables, `biased`
            and `local_step`, in a scope named after `variable`.
        name: Name of the operation in a TF 1 graph.

    Returns:
        The variable after the update. In a TF 1 graph the update runs when this is evaluated.

    Raises:
        TypeError: In a functional model, where a variable cannot be assigned to.
    """
    if current_layer_graph().tf_graph is not None:
        return tf.__internal__.train.assign_moving_average(
            variable, value, decay, zero_debias, name
        )
    if isinstance(variable, keras.KerasTensor):
        raise TypeError("a functional model cannot assign to variables; build a TracedModel")
    rate = tf.cast(tf.convert_to_tensor(1.0 - decay), variable.dtype)
    if not zero_debias:
        return tf.convert_to_tensor(variable.assign_sub((variable - value) * rate))
    biased, steps = _debiasing_variables(variable)
    biased = biased.assign_sub((biased - value) * rate)
    factor = 1 - tf.pow(1.0 - rate, steps.assign_add(1))
    return tf.convert_to_tensor(variable.assign(biased / factor))


def _debiasing_variables(variable: Any) -> tuple[Any, Any]:
    """The two shadows, named as tensorflow/python/training/moving_averages.py names them."""
    with variable_scope(variable_op_name(variable)):
        shapes = {"biased": list(variable.shape), "local_step": []}
        shadows = [
            get_variable(_unused(name), shape, variable.dtype, "zeros", trainable=False)
            for name, shape in shapes.items()
        ]
    return shadows[0], shadows[1]


def _unused(name: str) -> str:
    """Numbers a name that the current scope has given to a variable, unless it shares them."""
    scope, met = get_variable_scope(), current_layer_graph().met
    numbered, number = name, 0
    while f"{scope.name}/{numbered}" in met and not scope.reuse:
        number += 1
        numbered = f"{name}_{number}"
    return numbered
