"""Slots, powers, steps and moving averages: what a training needs to go on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slimport.weights.blueprint import Built


class StateError(Exception):
    """The state cannot be carried over; the message says why."""


def prepare(built: Built) -> None:
    """Makes an optimizer's variables, and says so in the code that makes the model.

    Keras passes over the state of an optimizer that has none yet, with no more than a warning
    (keras/src/saving/saving_lib.py, _load_state).

    Raises:
        StateError: If the model is not compiled.
    """
    model = built.model
    if getattr(model, "optimizer", None) is None:
        raise StateError(
            "--slots needs a model that is compiled: slots belong to an optimizer of its kind"
        )
    model.optimizer.build(model.trainable_variables)
    built.code += "\nmodel.optimizer.build(model.trainable_variables)  # before load_weights"


def restore(model: Any, checkpoint: Path) -> dict[str, Any]:
    """Gives a compiled model the optimizer's state of a TF 1 checkpoint.

    Args:
        model: The model, compiled as the old program's optimizer was set, and prepared.
        checkpoint: The checkpoint, without the suffix of its files.

    Returns:
        What of the optimizer holds a value of the checkpoint as it is, by its name there.

    Raises:
        StateError: If the state is missing or another optimizer's.
    """
    from slimport.written.legacy_state import legacy_state, restore_legacy_state
    from slimport.written.names import legacy_variables

    try:
        restore_legacy_state(model, str(checkpoint))
        state = legacy_state(model, like=str(checkpoint))
    except ValueError as error:
        raise StateError(str(error)) from error
    own = {id(variable) for variable in model.optimizer.variables}
    weights = legacy_variables(model)
    return {n: v for n, v in state.items() if n not in weights and id(v) in own}


def named_as_by_tf1(model: Any, like: Path | None) -> Mapping[str, Any]:
    """Everything that the Saver of a TF 1 training asks for, by its name there.

    Args:
        model: A compiled model, prepared.
        like: A checkpoint of the old program, whose names are taken; `None` for TF 1's defaults.

    Raises:
        StateError: If the state of `like` is another optimizer's.
    """
    from slimport.written.legacy_state import legacy_state

    try:
        found: dict[str, Any] = legacy_state(model, None if like is None else str(like))
    except ValueError as error:
        raise StateError(str(error)) from error
    return found
