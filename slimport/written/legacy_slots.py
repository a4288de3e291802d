"""Optimizer slots under TF 1's names."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np

__all__ = ["legacy_slots"]

# By the class of a Keras optimizer, and good for those derived from it: TF 1's name of the
# optimizer and, by Keras' names, those of its slots (`get_slot`) in the order TF 1 made them in.
OPTIMIZER_SLOTS: dict[str, tuple[str, dict[str, str]]] = {
    "SGD": ("Momentum", {"momentum": "momentum"}),
    "Momentum": ("Momentum", {"momentum": "momentum"}),
    "Adam": ("Adam", {"momentum": "m", "velocity": "v"}),
    "RMSProp": ("RMSProp", {"rms": "rms", "mean_gradient": "mg", "momentum": "momentum"}),
    "RMSprop": ("RMSProp", {"velocity": "rms", "average_gradient": "mg", "momentum": "momentum"}),
    "Adagrad": ("Adagrad", {"accumulator": "accumulator"}),
    "Adadelta": (
        "Adadelta",
        {"accumulated_grad": "accum", "accumulated_delta_var": "accum_update"},
    ),
    "Ftrl": ("Ftrl", {"accumulator": "accum", "linear": "linear"}),
}

# Slots that are sums or means of squares: no step leaves a number below zero in them.
_SQUARES = ("v", "rms", "accumulator", "accum", "accum_update")


@dataclasses.dataclass(frozen=True, eq=False)
class LegacySlot:
    """A slot that TF 1 kept.

    Attributes:
        owner: The legacy name of the variable that it belongs to.
        place: How many slots of this variable TF 1 made before it: it numbered their names.
        reference: The variable that it belongs to.
        variable: Keras' slot; `None` where Keras keeps none, and its value makes no difference.
        optimizer: The one whose learning rate Keras' value has as a factor; `None` for none.
        is_square: Whether it holds squares.
    """

    owner: str
    place: int
    reference: Any
    variable: Any
    optimizer: Any = None
    is_square: bool = False

    def name(self, optimizer: str, scope: str = "") -> str:
        """Its name in a checkpoint, given the optimizer's and the scope that was open."""
        number = f"_{self.place}" if self.place else ""
        return f"{scope}{self.owner}/{optimizer}{number}"

    def of_keras(self, value: Any) -> Any:
        """Keras' value, for one of TF 1.

        Raises:
            ValueError: If the velocities of a `keras.optimizers.SGD` cannot be told from its rate.
        """
        return value if self.optimizer is None else value * _rate_of_velocity(self.optimizer)

    def legacy_value(self) -> Any:
        """TF 1's value; raises as `of_keras` does."""
        if self.variable is None:
            return np.zeros(self.reference.shape, self.reference.dtype)
        if self.optimizer is None:
            return self.variable
        return self.variable.numpy() / _rate_of_velocity(self.optimizer)


def legacy_slots(optimizer: Any, named: dict[str, Any]) -> dict[str, LegacySlot]:
    """Maps the names in a TF 1 checkpoint to an optimizer's slots.

    Args:
        optimizer: A Keras optimizer that is built; one around others stands for the innermost.
        named: `legacy_variables` of the model that it trains.

    Returns:
        Name to slot, e.g. `conv1/weights/Adam_1`. Empty for an optimizer that keeps none, or that
        TF 1 did not have.
    """
    optimizer = innermost_optimizer(optimizer)
    family = optimizer_family(optimizer)
    if not family:
        return {}
    names = {
        slot: name
        for slot, name in OPTIMIZER_SLOTS[family][1].items()
        if name != "mg" or optimizer.centered
    }
    own = _slots_by_name(optimizer)
    if not own.keys() & {_slot_name(v, s) for v in optimizer._trainable_variables for s in names}:
        return {}
    with_rate = optimizer if family == "SGD" else None
    owners = {id(variable): name for name, variable in named.items()}
    found = {}
    for reference in optimizer._trainable_variables:
        for place, (name, legacy_name) in enumerate(names.items()):
            kept = own.get(_slot_name(reference, name))
            slot = kept.pop(0) if kept else None
            owner, is_square = owners[id(reference)], legacy_name in _SQUARES
            legacy = LegacySlot(owner, place, reference, slot, with_rate, is_square)
            found[legacy.name(legacy_optimizer_name(optimizer))] = legacy
    return found


def innermost_optimizer(optimizer: Any) -> Any:
    """Returns the optimizer that takes the steps, also where others are around it."""
    while hasattr(optimizer, "inner_optimizer"):
        optimizer = optimizer.inner_optimizer
    return optimizer


def optimizer_family(optimizer: Any) -> str:
    """Returns the key of `OPTIMIZER_SLOTS` that is an optimizer's; empty if it has none."""
    classes = [kind.__name__ for kind in type(optimizer).__mro__]
    return next((name for name in classes if name in OPTIMIZER_SLOTS), "")


def legacy_optimizer_name(optimizer: Any) -> str:
    """Returns TF 1's name: the one that was given to the optimizer, else TF 1's own.

    A name that Keras could have made of the class (`adam`, `momentum_1`) was not given.
    """
    classes = {kind.__name__.lower() for kind in type(optimizer).__mro__}
    is_given = re.sub(r"_\d+$", "", optimizer.name).replace("_", "").lower() not in classes
    return optimizer.name if is_given else OPTIMIZER_SLOTS[optimizer_family(optimizer)][0]


def legacy_betas(optimizer: Any) -> dict[str, float]:
    """Returns Adam's betas by the names of their powers; empty for other optimizers."""
    optimizer = innermost_optimizer(optimizer)
    if optimizer_family(optimizer) != "Adam":
        return {}
    return {"beta1_power": float(optimizer.beta_1), "beta2_power": float(optimizer.beta_2)}


def legacy_powers(optimizer: Any, steps: int) -> dict[str, Any]:
    """Returns the powers of Adam's betas after so many steps, by TF 1's names of them."""
    return {name: legacy_power(beta, steps) for name, beta in legacy_betas(optimizer).items()}


def legacy_power(beta: float, steps: int) -> np.float32:
    """Returns a beta's power after so many steps, to the bit.

    TF 1 began at beta, and multiplied in float32 after each step. Its kernels flush denormals.
    """
    power = factor = np.float32(beta)
    tiny = np.finfo(np.float32).tiny
    while steps and power:
        count = min(steps, 1 << 16)
        factors = np.full(count + 1, factor)
        factors[0] = power
        power = np.multiply.accumulate(factors)[-1]
        power = power if power >= tiny else np.float32(0)
        steps -= count
    return power


def _slots_by_name(optimizer: Any) -> dict[str, list[Any]]:
    """An optimizer's variables by name: paths of two variables may become one name."""
    found: dict[str, list[Any]] = {}
    for variable in optimizer.variables:
        found.setdefault(variable.name, []).append(variable)
    return found


def _slot_name(reference: Any, slot: str) -> str:
    return f"{reference.path.replace('/', '_')}_{slot}"


def _rate_of_velocity(optimizer: Any) -> np.float32:
    """What `keras.optimizers.SGD` multiplies its velocity with: the learning rate, with a minus."""
    rate = optimizer._learning_rate
    value = np.float32(rate.numpy()) if hasattr(rate, "numpy") else np.float32(0)
    if not value:
        raise ValueError(
            "The velocities of keras.optimizers.SGD have the learning rate in them, which is 0 or a"
            " schedule: TensorFlow 1's cannot be told. Momentum of this module keeps none in them."
        )
    return -value
