"""What a worker records of a program that trains, and how it answers.

This module runs under CPython 3.7 with nothing but numpy.
"""

# This file runs under CPython 3.7.
# ruff: noqa: B905, UP006, UP035

from __future__ import annotations

from typing import Any, Dict, Sequence, Tuple

import numpy as np

from slimport.verify import protocol
from slimport.verify.workers import perturbations, training_sites

#: What TensorFlow 1 adds to the name of a variable for its moving average.
AVERAGE = "/ExponentialMovingAverage"

#: Counts of steps far behind the last one that is made, for which schedules are asked: those that
#: boundaries and periods are usually set to, and the ones behind them.
FAR = tuple(
    count + more
    for power in (1e2, 1e3, 1e4, 1e5)
    for count in (int(power), int(2 * power), int(5 * power))
    for more in (0, 1)
)
#: What is smaller than this is zero: kernels flush such numbers, or do not.
_NO_RATE = 1e-30

Array = Any
#: Arrays by group and name.
Held = Dict[Tuple[str, str], Array]


class Record:
    """One run of a program: what each step gave, and what was held after some of them.

    Attributes:
        losses: The loss of each step, taken before the step changes anything.
        rates: The learning rates of each step, by optimizer; None where there is no number.
        far: The learning rates, by optimizer, once some counts of steps are made that are not.
        gradients: What reached the optimizers in the first step, by variable.
        held: All variables after each recorded step; 0 is the start.
        variables: Name, shape, dtype, trainable flag and site of the model's variables.
        notes: What a reader should know.
        beta_2: By how much of itself Adam's 1 - beta_2 is off in float32.
    """

    def __init__(self) -> None:
        self.losses: list[Any] = []
        self.rates: list[list[float] | None] = []
        self.far: dict[int, list[float]] = {}
        self.gradients: dict[str, Array] = {}
        self.held: dict[int, Held] = {}
        self.variables: list[tuple[str, list[int], str, int, Any]] = []
        self.notes: list[str] = []
        self.beta_2 = 0.0

    def end_step(self, step: int) -> None:
        """Keeps one loss for a step: a step function may train twice in it, or not at all."""
        if len(self.losses) < step:
            self.losses.append(np.float32("nan"))
            self.rates.append(None)
        del self.losses[step - 1 : -1]
        del self.rates[step - 1 : -1]


def answer(
    built: str, steps: Sequence[int], run: Record, others: Sequence[Record]
) -> protocol.Answer:
    """Makes the answer to a training case.

    Args:
        built: How the side runs.
        steps: The steps after which variables are compared.
        run: The run with the shared values.
        others: Runs of the same side with weights one unit in the last place away.
    """
    found = protocol.Answer(built)
    found.meta["notes"] = run.notes
    found.meta[training_sites.MADE] = training_sites.told()
    for variable in run.variables:
        found.variable(*variable)
    curves = [run.losses, *(other.losses for other in others)]
    found.meta["curves"] = {"losses": _floats(run.losses), "spread": _spread(curves)}
    for order, (first, last) in enumerate(segments(steps)):
        parts = [np.asarray(losses[first - 1 : last]) for losses in curves]
        if parts[0].size:
            found.tensor(
                protocol.LOSS, _named(first, last), parts[0], order, _noise(parts), step=last
            )
        _put_rates(found, run, [first, last], order)
    _put_far(found, run, steps)
    _put_gradients(found, run, others)
    for step in steps:
        if step in run.held:
            _put_held(found, step, run, others)
    if run.beta_2:
        for entry in found.meta["tensors"]:
            entry["beta_2"] = run.beta_2
    return found


def too_short(made: int, wanted: int) -> str:
    """Says that the input of a program does not last for the steps of its case."""
    return f"the input ended after step {made} of {wanted}: ask for fewer steps in the case"


def segments(steps: Sequence[int]) -> list[tuple[int, int]]:
    """First and last step of the parts into which the recorded steps divide a run."""
    return [(before + 1, step) for before, step in zip([0, *steps], steps)]


def _named(first: int, last: int) -> str:
    return f"step {last}" if first == last else f"steps {first} to {last}"


def _put_rates(found: Any, run: Record, part: list[int], order: int) -> None:
    """The learning rates; several optimizers give a row for each step."""
    first, last = part
    rates = run.rates[first - 1 : last]
    if rates and all(rate is not None for rate in rates):
        value = np.asarray(rates, "float32")
        found.tensor(protocol.RATE, _named(first, last), value, order, step=last)


def _put_far(found: Any, run: Record, steps: Sequence[int]) -> None:
    """What the schedules say of steps that are not made; compared where both sides tell it.

    An exponential of many steps has the rounding of its exponent, which is as large as the
    logarithm of what it has come to.
    """
    first = run.rates[0] if run.rates else None
    for order, (count, rates) in enumerate(run.far.items()):
        value = np.asarray([rate if abs(rate) > _NO_RATE else 0.0 for rate in rates], "float32")
        if first is None or count <= steps[-1] or len(first) != len(rates):
            continue
        with np.errstate(all="ignore"):
            grown = np.abs(np.log(np.abs(np.asarray(rates) / np.asarray(first))))
        finite = grown[np.isfinite(grown)]
        unit = perturbations.unit_of(_largest(value)) * (
            1.0 + float(finite.max() if finite.size else 0.0)
        )
        found.tensor(
            protocol.RATE,
            f"once {count:,} steps are made",
            value,
            len(steps) + order,
            {perturbations.ULP: unit},
            step=steps[-1],
            far=True,
        )


def _put_gradients(found: Any, run: Record, others: Sequence[Record]) -> None:
    for order, (name, value) in enumerate(run.gradients.items()):
        values = [value, *(other.gradients[name] for other in others)]
        found.tensor(protocol.GRADIENT, name, value, order, _noise(values), step=1)


def _put_held(found: Any, step: int, run: Record, others: Sequence[Record]) -> None:
    for order, ((group, name), value) in enumerate(run.held[step].items()):
        values = [value, *(other.held[step][group, name] for other in others)]
        start = run.held[0].get((group, name), value)
        scale = _largest(np.asarray(value, "float64") - np.asarray(start, "float64"))
        # What does not move must not move on the other side, not by one unit in the last place.
        summed = _largest(np.asarray(value, "float64")) if scale else 0.0
        found.tensor(
            group, name, value, order, _noise(values), step=step, summed=summed, scale=scale
        )


def _floats(values: Sequence[Any]) -> list[float]:
    return [float(value) for value in values]


def _spread(curves: Sequence[Sequence[Any]]) -> list[float]:
    """For each step how far the loss of another run is from that of the first."""
    shortest = min(len(curve) for curve in curves)
    return [
        perturbations.largest_change(curves[0][at], [curve[at] for curve in curves[1:]]) or 0.0
        for at in range(shortest)
    ]


def _noise(values: Sequence[Array]) -> Dict[str, float]:
    """Floors of the first array from those of the other runs."""
    return perturbations.floors(values[0], {perturbations.ULP: list(values[1:])})


def _largest(values: Array) -> float:
    finite = np.abs(values[np.isfinite(values)]) if np.ndim(values) else np.abs(values)
    return float(np.max(finite)) if np.size(finite) else 0.0
