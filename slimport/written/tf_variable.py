"""Variables of no variable scope: what tf.Variable makes, a new one at each call."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from slimport.written.building import scoped_layer
from slimport.written.collections import add_to_collection
from slimport.written.graphs import VariableScope, current_layer_graph
from slimport.written.initial_values import starting_value
from slimport.written.initializers import ValueInitializer
from slimport.written.scopes import name_scope
from slimport.written.variables import VariableLayer

__all__ = ["tf_variable"]


def tf_variable(
    initial_value: Any,
    trainable: bool = True,
    collections: Any = None,
    validate_shape: bool = True,
    *,
    name: str | None = None,
    dtype: Any = None,
    use_resource: bool | None = None,
) -> Any:
    """Creates a variable named in the current name scope: `Variable`, `Variable_1`, ...

    Variable scopes and their `reuse` do not matter, but for the name scopes that they open. In a
    model that runs again it is the same variable again.

    Args:
        initial_value: A value, a tensor, or a function of no arguments that returns one. It is
            evaluated once, so that it cannot depend on the inputs of a model.
        trainable: Whether the variable is trainable.
        collections: Collections to add it to.
        validate_shape: Whether the variable keeps the shape of its initial value; in a model it
            always does.
        name: Its name, made unique in the name scope.
        dtype: Its dtype; `None` for that of the value.
        use_resource: The kind of variable in a TF 1 graph.

    Returns:
        A TensorFlow variable; in a functional model a KerasTensor of its value.

    Raises:
        ValueError: In a model, if the initial value depends on inputs or on other variables, or if
            its shape is not that of the variable that is there.
    """
    graph = current_layer_graph()
    if graph.tf_graph is not None:
        # By keyword: TensorFlow 2.21 reads the third positional argument as validate_shape.
        return tf.compat.v1.Variable(
            initial_value, trainable, collections=collections, validate_shape=validate_shape,
            name=name, dtype=dtype, use_resource=use_resource,
        )  # fmt: skip
    if not validate_shape:
        raise ValueError("validate_shape=False: the shape of a model's variable does not change")
    # Open while the variable is made: in a trace, what makes it would take the next name.
    with name_scope(name, "Variable") as scope:
        path = scope.rstrip("/")
        layer = _layer(path, initial_value, trainable, dtype)
    if "model_variables" in (collections or ()):
        graph.not_of_model.discard(path)
    for collection in dict.fromkeys(collections or ()):
        if collection not in ("variables", "model_variables"):
            add_to_collection(collection, layer.variable)
    return layer.variable.value if graph.anchor is None else layer(graph.anchor)


def _layer(path: str, initial_value: Any, trainable: bool, dtype: Any) -> Any:
    """The layer of a variable of a model, which a later pass finds again."""
    start, initializer = current_layer_graph().variables.get(path), None
    if start is None:
        start = _initial_value(path, initial_value, dtype)
        initializer = ValueInitializer(start)
    elif not callable(initial_value):
        _check_shape(path, start, initial_value)
    outer, _, short_name = path.rpartition("/")
    return scoped_layer(
        VariableLayer,
        VariableScope(outer),
        None,
        name=path,
        weight_name=short_name,
        shape=tuple(start.shape),
        weight_initializer=initializer,
        trainable=trainable,
        dtype=keras.backend.standardize_dtype(start.dtype),
    )


def _initial_value(path: str, initial_value: Any, dtype: Any) -> Any:
    """The value of what a variable starts with, also where that is a tensor of a trace."""
    if callable(initial_value):
        with tf.init_scope():
            value = tf.convert_to_tensor(initial_value(), dtype)
    else:
        value = tf.convert_to_tensor(initial_value, dtype)
    return starting_value(path, value)


def _check_shape(path: str, variable: Any, initial_value: Any) -> None:
    shape = tf.convert_to_tensor(initial_value).shape
    if not shape.is_compatible_with(variable.shape):
        raise ValueError(
            f"The variable {path} was made with the shape {tuple(variable.shape)}, and now its "
            f"initial value has the shape {shape}."
        )
