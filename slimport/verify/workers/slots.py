"""What TensorFlow 1's optimizers keep beside the variables, and what Keras' call the same.

The names are those that TensorFlow 1's `get_slot` takes. A slot that is in no table
keeps its own name, and is found missing on one side and extra on the other. The tables are those
that the written module restores checkpoints by.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from slimport.written.legacy_slots import OPTIMIZER_SLOTS, legacy_powers, optimizer_family


def legacy_slot(optimizer: Any, name: str) -> str:
    """Returns TensorFlow 1's name of a slot of a Keras optimizer; the name itself if unknown."""
    _, names = OPTIMIZER_SLOTS.get(optimizer_family(optimizer), ("", {}))
    return names.get(name, name)


def legacy_value(optimizer: Any, value: Any) -> Any:
    """Returns a slot's value as TensorFlow 1 keeps it.

    The velocity of `keras.optimizers.SGD` has the learning rate in it, with a minus. Undone here
    with the rate of the moment, which is right while it is constant; rules choose SGD for nothing
    else.
    """
    if optimizer_family(optimizer) != "SGD":
        return value
    return np.asarray(value) / np.float32(-float(np.asarray(optimizer.learning_rate)))


def legacy_counters(optimizer: Any) -> dict[str, Any]:
    """Returns what TensorFlow 1 counts in variables and Keras computes from the step."""
    return legacy_powers(optimizer, int(optimizer.iterations))
