"""What TensorFlow 1's optimizers keep beside the variables, and what Keras' call the same.

The names on the left are those that TensorFlow 1's `get_slot` takes. A slot that is in no table
keeps its own name, and is found missing on one side and extra on the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

#: Name in TensorFlow 1 of each slot, by the class of the Keras optimizer. Classes derived from
#: these (the written module's `SparseAdam` ...) have the slots of their base.
SLOTS = {
    "SGD": {"momentum": "momentum"},
    "Momentum": {"momentum": "momentum"},
    "Adam": {"momentum": "m", "velocity": "v"},
    "RMSProp": {"rms": "rms", "mean_gradient": "mg", "momentum": "momentum"},
    "RMSprop": {"velocity": "rms", "average_gradient": "mg", "momentum": "momentum"},
    "Adagrad": {"accumulator": "accumulator"},
    "Adadelta": {"accumulated_grad": "accum", "accumulated_delta_var": "accum_update"},
    "Ftrl": {"accumulator": "accum", "linear": "linear"},
}


def legacy_slot(optimizer: Any, name: str) -> str:
    """Returns TensorFlow 1's name of a slot of a Keras optimizer; the name itself if unknown."""
    table: dict[str, str] = _table(SLOTS, optimizer, {})
    return table.get(name, name)


def legacy_value(optimizer: Any, value: Any) -> Any:
    """Returns a slot's value as TensorFlow 1 keeps it.

    The velocity of `keras.optimizers.SGD` has the learning rate in it, with a minus. Undone here
    with the rate of the moment, which is right while it is constant; rules choose SGD for nothing
    else.
    """
    if type(optimizer).__name__ != "SGD":
        return value
    return np.asarray(value) / np.float32(-float(np.asarray(optimizer.learning_rate)))


def legacy_counters(optimizer: Any) -> dict[str, Any]:
    """Returns what TensorFlow 1 counts in variables and Keras computes from the step."""
    counters: dict[str, Any] = _table(_COUNTERS, optimizer, _nothing)(optimizer)
    return counters


def _nothing(optimizer: Any) -> dict[str, Any]:
    return {}


def _powers(optimizer: Any) -> dict[str, Any]:
    """Adam's powers: each begins at its beta and is multiplied by it after each step."""
    count = int(optimizer.iterations) + 1
    return {
        f"{name}_power": np.float32(float(beta) ** count)
        for name, beta in (("beta1", optimizer.beta_1), ("beta2", optimizer.beta_2))
    }


_COUNTERS: dict[str, Callable[[Any], dict[str, Any]]] = {"Adam": _powers}


def _table(tables: dict[str, Any], optimizer: Any, default: Any) -> Any:
    classes = [kind.__name__ for kind in type(optimizer).__mro__]
    return next((tables[name] for name in classes if name in tables), default)
