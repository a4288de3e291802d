"""Initial values from a checkpoint: for the variables of a network that is being built."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from slimport.written.graphs import (
    _DEFAULT_GRAPH,
    LayerGraph,
    _tf_variables,
    current_layer_graph,
)
from slimport.written.initializers import ValueInitializer

__all__ = ["init_from_checkpoint"]


def init_from_checkpoint(ckpt_dir_or_file: Any, assignment_map: Any) -> None:
    """Lets variables start from the values of a checkpoint.

    In a TF 1 graph this is `tf.compat.v1.train.init_from_checkpoint`, and compares all shapes. In
    a model (`functional_model`, `TracedModel`) the variables that are there get their values at
    once, as the model is built, and are left alone when its function runs again.

    Args:
        ckpt_dir_or_file: The checkpoint, or a folder, for its last one.
        assignment_map: From scopes of the checkpoint to those of the network, `"old/": "new/"`
            (`"/"` for the root), or from names there to names or variables; a dictionary, or pairs.

    Raises:
        ValueError: If a name is missing on either side, or a shape is another one.
        RuntimeError: Where no network is being built.
    """
    pairs = assignment_map.items() if hasattr(assignment_map, "items") else assignment_map
    pairs = sorted(pairs, key=lambda pair: str(pair[0]))
    graph = current_layer_graph()
    if graph.tf_graph is not None:
        tf.compat.v1.train.init_from_checkpoint(ckpt_dir_or_file, pairs)
        # It compares variables that are named alone, and those of layers take any shape.
        named = {name: v for name, v in _tf_variables().items() if "/part_" not in name}
        whole = [pair for pair in pairs if not _is_parted(pair[1], _tf_variables())]
        _found(tf.train.load_checkpoint(ckpt_dir_or_file), whole, named)
    elif _is_to_assign(graph):
        with tf.init_scope():  # out of the function that is traced
            reader = tf.train.load_checkpoint(ckpt_dir_or_file)
            found = _found(reader, pairs, graph.variables)
            for name, variable in found:
                _start_from(variable, reader.get_tensor(name))
            message = "%d variables start from the values of %s"
            tf.compat.v1.logging.info(message, len(found), ckpt_dir_or_file)


def _start_from(variable: Any, value: Any) -> None:
    """Gives a variable its first value, also where `fit` builds a model in a stateless scope.

    There assignments are forgotten, and variables are made as the scope ends.
    """
    if isinstance(variable, keras.Variable) and variable._value is None:
        variable._initializer = ValueInitializer(value)
    else:
        variable.assign(value)


def _is_to_assign(graph: LayerGraph) -> bool:
    """Whether it is the pass that builds the network, or a statement beside it."""
    if graph is _DEFAULT_GRAPH:
        raise RuntimeError(
            "init_from_checkpoint needs a network that is being built: by functional_model, a "
            "TracedModel, or in a layer_graph. A built model has restore_checkpoint."
        )
    if not graph.frozen:
        return True
    if tf.executing_eagerly() and tf.config.functions_run_eagerly():
        raise RuntimeError("init_from_checkpoint would run in each step: functions run eagerly.")
    return bool(tf.executing_eagerly())  # of a function that is traced again, it is not


def _found(reader: Any, pairs: Any, named: dict[str, Any]) -> list[tuple[str, Any]]:
    """Names in the checkpoint, each with the variable that starts from its value."""
    shapes = reader.get_variable_to_shape_map()
    found = [pair for given, target in pairs for pair in _matched(given, target, named)]
    for name, variable in found:
        if name not in shapes:
            raise ValueError(f"The checkpoint has no {name}.")
        if list(variable.shape) != shapes[name]:
            raise ValueError(
                f"{name} has the shape {shapes[name]} in the checkpoint, and {variable.shape} here."
            )
        of_type = reader.get_variable_to_dtype_map()[name]
        if tf.as_dtype(variable.dtype).base_dtype != of_type:
            raise ValueError(f"{name} is {of_type.name} in the checkpoint, not {variable.dtype}.")
    return found


def _matched(given: str, target: Any, named: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What one item of an assignment map stands for."""
    if isinstance(target, (keras.Variable, tf.Variable)):
        yield given, target
    elif isinstance(target, str) and target in named:
        yield given, named[target]
    elif isinstance(target, str) and "/" in target and given.endswith("/"):
        scope = target[: target.rindex("/") + 1]
        inside = "" if scope == "/" else scope
        for name in sorted(name for name in named if name.startswith(inside)):
            yield ("" if given == "/" else given) + name[len(inside) :], named[name]
    else:
        raise ValueError(f"No variable {target}; a scope is 'scope/': 'other_scope/'.")


def _is_parted(target: Any, named: dict[str, Any]) -> bool:
    """Whether it is a variable in parts, which TensorFlow compares itself."""
    if isinstance(target, str):
        return any(name.startswith(f"{target}/part_") for name in named)
    return isinstance(target, list)
