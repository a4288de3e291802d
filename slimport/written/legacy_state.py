"""The state of a training under TF 1's names: from a checkpoint, and for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from slimport.written.legacy_slots import legacy_powers, legacy_slots
from slimport.written.names import legacy_variables
from slimport.written.old_checkpoint import SHADOW, OldCheckpoint

__all__ = ["legacy_state"]


def legacy_state(model: Any, like: str | None = None) -> dict[str, Any]:
    """Returns everything that the `tf.train.Saver` of a TF 1 training asks for, by its name there.

    ```python
    write_checkpoint(path, legacy_state(model))  # the old program restores it, and goes on
    ```

    These are the weights and, of a compiled model, the optimizer's slots, Adam's powers, the global
    step and moving averages. All bits are those that TF 1 would have, but for the velocities of
    `keras.optimizers.SGD`: they have the learning rate in them, and dividing by it can change the
    last bit.

    Args:
        model: A Keras model that is built.
        like: A checkpoint of the old program. Names of slots, powers and the step are those in it:
            the optimizer's name and open scopes are part of them. `None` takes the name that the
            Keras optimizer was given, or TF 1's own, and no scope.

    Returns:
        Name to variable or array.

    Raises:
        ValueError: If `like` has no such state, or that of another optimizer.
    """
    named = legacy_variables(model)
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        return named
    if not optimizer.built:
        with model.distribute_strategy.scope():
            optimizer.build(model.trainable_variables)
    steps = int(optimizer.iterations.numpy())
    state = {**legacy_powers(optimizer, steps), "global_step": np.int64(steps)}
    slots = legacy_slots(optimizer, named)
    averages = legacy_averages(optimizer, named)
    if like is None:
        state.update({name: slot.legacy_value() for name, slot in slots.items()})
        state.update({f"{owner}/{SHADOW}": average for owner, average in averages.items()})
        return {**named, **state}
    there = OldCheckpoint(like, model, named)
    names = there.names_of_slots(slots)
    if slots and not names:
        raise ValueError(f"{like} has no slots.")
    if there.has("global_step"):
        state["global_step"] = np.array(steps, there.dtype_of("global_step"))
    else:
        del state["global_step"]
    state = {there.name_of(name): value for name, value in state.items()}
    state.update({old: slots[name].legacy_value() for name, old in names.items()})
    shadows = there.names_of_averages()
    state.update({shadows[o]: average for o, average in averages.items() if o in shadows})
    return {**named, **state}


def restore_legacy_state(model: Any, path: str, own: Any = ()) -> set[int]:
    """Gives a model's optimizer the state that TF 1 kept in a checkpoint, if there is one.

    Args:
        model: A compiled model whose optimizer is built.
        path: The checkpoint. One that Keras' own state was saved in is left alone.
        own: The names of this state.

    Returns:
        The `id` of the optimizer's variables that need nothing else.

    Raises:
        ValueError: If the state is that of another optimizer, has other shapes or lacks a variable
            that is trained, or if Adam's powers are not those of the global step.
    """
    named, optimizer = legacy_variables(model), model.optimizer
    there = OldCheckpoint(path, model, named)
    if there.shapes.keys() & own:
        return set()
    slots = legacy_slots(optimizer, named)
    names = there.names_of_slots(slots)
    steps = there.steps(optimizer, with_slots=bool(names) if slots else None)
    shadows = there.names_of_averages()
    averages = legacy_averages(optimizer, named)
    kept = {old: slots[name] for name, old in names.items() if slots[name].variable is not None}
    sources = {old: slot.variable for old, slot in kept.items()}
    sources.update({old: averages[o] for o, old in shadows.items() if o in averages})
    for name, variable in sources.items():
        there.check(name, variable)
    for name, variable in sources.items():
        value = there.value(name)
        if name in kept and kept[name].is_square:
            there.check_squares(name, value)
        value = kept[name].of_keras(value) if name in kept else value
        variable.assign(value.astype(np.dtype(keras.backend.standardize_dtype(variable.dtype))))
    restored = {id(variable) for variable in sources.values()}
    if steps is not None:
        optimizer.iterations.assign(steps)
        restored.add(id(optimizer.iterations))
    if names:
        tf.compat.v1.logging.info("Going on with TensorFlow 1's slots, at step %s", steps)
        restored |= {id(slot.variable) for slot in slots.values()}  # and those never trained
    return restored | {id(variable) for variable in _uncounted(optimizer)}


def legacy_averages(optimizer: Any, named: dict[str, Any]) -> dict[str, Any]:
    """Returns the averages of a `MovingAverageOptimizer` by the names of their variables."""
    if not hasattr(optimizer, "average"):
        return {}
    averages = {name: optimizer.average(variable) for name, variable in named.items()}
    return {name: average for name, average in averages.items() if average is not None}


def _uncounted(optimizer: Any) -> Iterator[Any]:
    """Yields the counts of the optimizers around another: nothing counts them up."""
    while hasattr(optimizer, "inner_optimizer"):
        yield optimizer._iterations
        optimizer = optimizer.inner_optimizer
