"""Slots, powers, steps and moving averages: what a training needs to go on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slimport.weights.blueprint import Built
from slimport.weights.errors import WeightsError
from slimport.weights.roles import Described, Role


class StateError(WeightsError):
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


@dataclass(frozen=True)
class State:
    """What an optimizer took from a checkpoint.

    Attributes:
        as_stored: What holds a value of the checkpoint as it is, by its name there.
        taken: How many of its slots and averages hold one, as it is or multiplied by a rate.
        step: The steps that were taken.
        unaveraged: Variables whose average the checkpoint lacks: it begins at the variable.
        unkept: How many of its slots Keras does not keep, since its settings make no use of them.
    """

    as_stored: Mapping[str, Any]
    taken: int
    step: int
    unaveraged: Sequence[str] = ()
    unkept: int = 0


def restore(
    model: Any, checkpoint: Path, described: Mapping[str, Described], partial: bool = False
) -> State:
    """Gives a compiled model the optimizer's state of a TF 1 checkpoint.

    Args:
        model: The model, compiled as the old program's optimizer was set, and prepared.
        checkpoint: The checkpoint, without the suffix of its files.
        described: What is in it.
        partial: Whether it may have averages that the optimizer has not, and the other way round.

    Raises:
        StateError: If the state is missing, another optimizer's, or there only in part.
    """
    import tensorflow as tf

    from slimport.written.legacy_slots import innermost_optimizer, legacy_slots
    from slimport.written.legacy_state import (
        legacy_averages,
        legacy_state,
        restore_legacy_state,
    )
    from slimport.written.names import legacy_variables

    try:
        taken = restore_legacy_state(model, str(checkpoint))
        state = legacy_state(model, like=str(checkpoint))
    except (ValueError, tf.errors.OpError) as error:
        raise StateError(str(error)) from error
    own = {id(variable) for variable in model.optimizer.variables}
    weights = legacy_variables(model)
    slots = [slot.variable for slot in legacy_slots(model.optimizer, weights).values()]
    averages = legacy_averages(model.optimizer, weights)
    unaveraged = [name for name, average in averages.items() if id(average) not in taken]
    optimizer = innermost_optimizer(model.optimizer)
    if not any(id(slot) in taken for slot in slots):
        _refuse_slots(described, weights, optimizer)
    _refuse_lacking(optimizer, taken)
    if not partial:
        _refuse_part(described, weights, averages, unaveraged)
    for name in unaveraged:  # not at what the variable was when the optimizer was built
        averages[name].assign(weights[name])
    stored = {n: v for n, v in state.items() if n not in weights and id(v) in own}
    stored = {n: v for n, v in stored.items() if n in described}
    count = sum(id(variable) in taken for variable in [*slots, *averages.values()])
    unkept = sum(slot is None for slot in slots)
    return State(stored, count, int(model.optimizer.iterations), unaveraged, unkept)


def _refuse_slots(
    described: Mapping[str, Described], weights: Mapping[str, Any], optimizer: Any
) -> None:
    there = [n for n, d in described.items() if d.role is Role.SLOT and d.of in weights]
    if there:
        raise StateError(
            f"the file has slots of another optimizer than {type(optimizer).__name__}, "
            f"{there[0]} is the first: run without --slots"
        )


def _refuse_lacking(optimizer: Any, taken: Collection[int]) -> None:
    """The step and slots are all that an optimizer of TensorFlow 1 had."""
    rate = getattr(optimizer, "_learning_rate", None)
    left = [v for v in optimizer.variables if id(v) not in taken and v is not rate]
    if left:
        raise StateError(
            f"{type(optimizer).__name__} keeps {left[0].path}, of which the file has nothing: "
            "compile the model with the optimizer of the old program, or run without --slots"
        )


def _refuse_part(
    described: Mapping[str, Described],
    weights: Mapping[str, Any],
    averages: Mapping[str, Any],
    unaveraged: Sequence[str],
) -> None:
    there = [n for n, d in described.items() if d.role is Role.SHADOW and d.of in weights]
    if there and not averages:
        raise StateError(
            f"the file has moving averages, {there[0]} is the first, and the model's optimizer "
            "keeps none: compile it with MovingAverageOptimizer, or leave them with --partial"
        )
    if unaveraged:
        raise StateError(
            f"{len(unaveraged)} variables have no moving average in the file, {unaveraged[0]} is "
            "the first: with --partial these begin at the variables"
        )


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
