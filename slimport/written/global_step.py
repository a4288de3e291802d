"""The global step: how far training is, for code that asks while it builds layers."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from slimport.written.graphs import AUTO_REUSE, VariableScope, current_layer_graph
from slimport.written.scopes import variable_scope
from slimport.written.variables import get_variable

__all__ = ["create_global_step", "get_global_step", "get_or_create_global_step"]


def get_or_create_global_step(graph: Any = None) -> Any:
    """Returns the variable `global_step`, an int64 that begins at 0; creates it at first.

    In a TF 1 graph it is TensorFlow's. A `TracedModel` has it among its variables, which is where
    a checkpoint puts it, and counts it up by 1 with each step of `fit`.

    Args:
        graph: A TF 1 graph; `None` for the current one, or the model that is built.
    """
    if current_layer_graph().tf_graph is not None:
        return tf.compat.v1.train.get_or_create_global_step(graph)
    with variable_scope(VariableScope("", AUTO_REUSE)):
        return get_variable("global_step", [], "int64", "zeros", trainable=False)


def get_global_step(graph: Any = None) -> Any:
    """Returns the variable `global_step`, or `None` if nothing has created it."""
    layer_graph = current_layer_graph()
    if layer_graph.tf_graph is not None:
        return tf.compat.v1.train.get_global_step(graph)
    return get_or_create_global_step() if "global_step" in layer_graph.met else None


def create_global_step(graph: Any = None) -> Any:
    """Creates the variable `global_step`; see `get_or_create_global_step`.

    Raises:
        ValueError: If it exists.
    """
    if current_layer_graph().tf_graph is not None:
        return tf.compat.v1.train.create_global_step(graph)
    if get_global_step() is not None:
        raise ValueError('"global_step" already exists.')
    return get_or_create_global_step()
