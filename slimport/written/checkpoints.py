"""Checkpoints: assigning what a TF 1 checkpoint holds to variables, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from slimport.written.graphs import current_layer_graph, require_tf_graph
from slimport.written.restoring import assign_checkpoint
from slimport.written.saver import Saver
from slimport.written.variables import get_variable_full_name, variable_op_name

__all__ = ["assign_from_checkpoint", "assign_from_checkpoint_fn"]


def assign_from_checkpoint(
    model_path: Any, var_list: Any, ignore_missing_vars: bool = False
) -> tuple[Any, dict[Any, Any]]:
    """Makes an operation of a TF 1 graph that assigns the values of a checkpoint.

    Args:
        model_path: Path of the checkpoint, without the suffix of its files.
        var_list: Variables, or a dictionary from names in the checkpoint to a variable or to a
            list of variables, which all get that value. A part of a variable gets its part.
        ignore_missing_vars: Whether a name that the checkpoint lacks is a warning, not an error.

    Returns:
        The operation, and what to feed when it is run.

    Raises:
        RuntimeError: Outside of a TF 1 graph.
        ValueError: If a name is missing, or a shape is another one.
    """
    require_tf_graph("assign_from_checkpoint", "A model has `assign_from_checkpoint_fn`.")
    reader = tf.train.load_checkpoint(model_path)
    assigned, feed = [], {}
    for name, variables in _grouped(var_list).items():
        if not reader.has_tensor(name):
            _report_missing(f"Checkpoint is missing variable [{name}]", ignore_missing_vars)
            continue
        value = reader.get_tensor(name)
        for variable in map(_of_tensorflow, variables):
            placeholder = tf.compat.v1.placeholder(
                variable.dtype.base_dtype, variable.shape, f"placeholder/{variable.op.name}"
            )
            assigned.append(variable.assign(placeholder))
            feed[placeholder] = _part_for(variable, value, name)
    return tf.group(*assigned), feed


def assign_from_checkpoint_fn(
    model_path: Any,
    var_list: Any,
    ignore_missing_vars: bool = False,
    reshape_variables: bool = False,
) -> Callable[..., None] | None:
    """Returns a function that assigns the values of a checkpoint to variables.

    Args:
        model_path: Path of the checkpoint, without the suffix of its files.
        var_list: Variables, or a dictionary from names in the checkpoint to variables. For a model
            `legacy_variables(model)` is such a dictionary.
        ignore_missing_vars: Whether names that the checkpoint lacks are warned of and left out.
        reshape_variables: Whether a value of another shape, but of as many elements, is reshaped.

    Returns:
        A function of a session in a TF 1 graph; elsewhere one that is called with `None` or
        nothing. `None` if the checkpoint has none of the names.

    Raises:
        ValueError: If `var_list` is empty.
    """
    if not var_list:
        raise ValueError("var_list cannot be empty")
    by_name = var_list
    if not isinstance(var_list, dict):
        # What is missing is judged by the names of parts, as TF-Slim did.
        name_of = variable_op_name if ignore_missing_vars else get_variable_full_name
        by_name = {name_of(variable): variable for variable in var_list}
    if ignore_missing_vars:
        reader = tf.train.load_checkpoint(model_path)
        for name in by_name:
            if not reader.has_tensor(name):
                _report_missing(f"Variable {name} missing in checkpoint {model_path}", True)
        var_list = by_name = {n: v for n, v in by_name.items() if reader.has_tensor(n)}
        if not by_name:
            tf.compat.v1.logging.warning("No Variables to restore")
            return None
    if current_layer_graph().tf_graph is None:

        def restore(session: Any = None) -> None:
            assign_checkpoint(model_path, by_name, reshape_variables)

        return restore
    saver = Saver(
        {name: _of_tensorflow(variable) for name, variable in var_list.items()}
        if isinstance(var_list, dict)
        else [_of_tensorflow(variable) for variable in var_list],
        reshape=reshape_variables,
        write_version=tf.compat.v1.train.SaverDef.V1,
    )
    return lambda session: saver.restore(session, model_path)


def _grouped(var_list: Any) -> dict[str, list[Any]]:
    """Variables by name in the checkpoint; the parts of one variable share its name."""
    found: dict[str, list[Any]] = {}
    if isinstance(var_list, dict):
        for name, given in var_list.items():
            found[name] = list(given) if isinstance(given, (list, tuple)) else [given]
    else:
        for variable in var_list:
            found.setdefault(get_variable_full_name(variable), []).append(variable)
    return found


def _of_tensorflow(variable: Any) -> Any:
    return variable.value if isinstance(variable, keras.Variable) else variable


def _part_for(variable: Any, value: Any, name: str) -> Any:
    """The value, or of a partitioned variable the part that this one holds."""
    part = getattr(variable, "_save_slice_info", None)
    shape = tuple(part.full_shape if part else variable.shape)
    if shape != value.shape:
        raise ValueError(
            f"Total size of new array must be unchanged for {name} lh_shape: [{value.shape}], "
            f"rh_shape: [{shape}]"
        )
    if not part:
        return value
    ends = zip(part.var_offset, part.var_shape, strict=True)
    return value[tuple(slice(start, start + size) for start, size in ends)]


def _report_missing(message: str, ignore: bool) -> None:
    if not ignore:
        raise ValueError(message)
    tf.compat.v1.logging.warning(message)
