"""Restoring models: what a TF 1 checkpoint holds goes into their variables, all or nothing."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import tensorflow as tf

from slimport.written.checkpoint_shapes import checkpoint_reader
from slimport.written.graphs import in_tf_graph
from slimport.written.names import legacy_variables

__all__ = ["restore_checkpoint"]


def restore_checkpoint(
    model: Any,
    path: str,
    include: Any = None,
    exclude: Any = None,
    skip_missing: bool = False,
    skip_mismatch: bool = False,
) -> list[str]:
    """Restores the variables of a model from a TF 1 checkpoint, by their names in it.

    ```python
    restore_checkpoint(model, "inception_v3.ckpt", exclude=["InceptionV3/Logits"])
    ```

    Args:
        model: A Keras model or layer that is built, or a dictionary from names in the checkpoint
            to variables.
        path: The checkpoint, without the suffix of its files, or a folder, for its last one.
        include: Scopes to restore, a list: what names are to start with, as regular expressions.
            `None` for all.
        exclude: Scopes that are left as they are, likewise.
        skip_missing: Whether what the checkpoint lacks is warned of and left as it is.
        skip_mismatch: Whether what has another shape there is warned of and left as it is.

    Returns:
        The names of the variables that were restored.

    Raises:
        tf.errors.NotFoundError: If the checkpoint lacks a variable.
        tf.errors.InvalidArgumentError: If a variable has another shape or type there. No
            variable has changed then.
        ValueError: If there is nothing to restore, or no such checkpoint.
    """
    if in_tf_graph():
        raise RuntimeError(
            "restore_checkpoint assigns at once; a TF 1 graph has `assign_from_checkpoint_fn`."
        )
    named = model if isinstance(model, dict) else legacy_variables(model)
    chosen = {name: v for name, v in named.items() if _is_chosen(name, include, exclude)}
    if not chosen:
        raise ValueError(
            f"No variable to restore: {len(named)} in the model (is it built?), "
            f"include={include}, exclude={exclude}"
        )
    return assign_checkpoint(path, chosen, False, skip_missing, skip_mismatch)


def assign_checkpoint(
    path: Any,
    by_name: dict[str, Any],
    reshape: bool = False,
    skip_missing: bool = False,
    skip_mismatch: bool = False,
) -> list[str]:
    """Assigns values of a checkpoint to variables, once all are known to fit.

    Raises what a Saver raised for the same mistake. One value is in memory at a time.

    Args:
        path: The checkpoint.
        by_name: Variables by their names in it.
        reshape: Whether a value of another shape, but of as many elements, is reshaped.
        skip_missing: Whether what is not there is warned of and left out.
        skip_mismatch: Whether what has another shape is warned of and left out.

    Returns:
        The names of the variables that were assigned.
    """
    if path is None:
        raise ValueError("Can't load save_path when it is None.")
    reader = checkpoint_reader(path)
    shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    missing = [f"Key {name} not found in checkpoint" for name in by_name if name not in shapes]
    there = {name: variable for name, variable in by_name.items() if name in shapes}
    others = {
        name: f"Assign requires shapes of {name} to match: {list(v.shape)} and {shapes[name]}"
        for name, v in there.items()
        if not _fits(list(v.shape), shapes[name], reshape)
    }
    of_other_type = [
        f"{name} is {types[name].name} in the checkpoint, not {tf.as_dtype(v.dtype).name}"
        for name, v in there.items()
        if name not in others and types[name] != tf.as_dtype(v.dtype)
    ]
    if missing and not skip_missing:
        raise tf.errors.NotFoundError(None, None, f"{path}: " + "; ".join(missing))
    wrong = [*of_other_type, *(() if skip_mismatch else others.values())]
    if wrong:
        raise tf.errors.InvalidArgumentError(None, None, f"{path}: " + "; ".join(wrong))
    for message in (*missing, *others.values()):
        tf.compat.v1.logging.warning("Not restored: %s", message)
    fitting = {name: variable for name, variable in there.items() if name not in others}
    for name, variable in fitting.items():
        variable.assign(reader.get_tensor(name).reshape(tuple(variable.shape)))
    tf.compat.v1.logging.info("Restored %d variables from %s", len(fitting), path)
    return list(fitting)


def _fits(shape: list[int], other: list[int], reshape: bool) -> bool:
    return shape == other or (reshape and np.prod(shape) == np.prod(other))


def _is_chosen(name: str, include: Any, exclude: Any) -> bool:
    """Whether a variable is in one of some scopes and in none of others."""
    is_included = include is None or _is_in(name, include, "include")
    return is_included and not (exclude is not None and _is_in(name, exclude, "exclude"))


def _is_in(name: str, scopes: Any, argument: str) -> bool:
    require_scopes(scopes, argument)
    patterns = [getattr(scope, "name", scope) for scope in scopes]
    return any(not pattern or re.match(pattern, f"{name}:0") for pattern in patterns)


def require_scopes(scopes: Any, argument: str) -> None:
    """Raises a TypeError for a string, each letter of which would be a scope."""
    if not isinstance(scopes, (list, tuple)):
        raise TypeError(f"{argument} is provided but is not a list or a tuple.")
