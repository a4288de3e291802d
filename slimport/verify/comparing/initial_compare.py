"""Compares what variables begin with: constants exactly, draws of initializers as distributions.

Both samples are numbers drawn independently. Each limit is what equal distributions exceed with a
probability of 1e-9, so that hundreds of variables in hundreds of runs raise no alarm:

- mean and standard deviation, by the sampling error that the samples themselves show. A few numbers
  (a variable drawn once when its module is imported, say) show far too small an error by chance:
  below `SURE` the likelihood ratio of two normal distributions has to tell them apart as well;
- the largest values: how many of one side's lie beyond all of the other's. Where a truncated normal
  meets a plain one of the same deviation, dozens do;
- the largest distance of the distribution functions (Kolmogorov and Smirnov).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from slimport.verify.protocol import INITIAL
from slimport.verify.result import Status, TensorResult

Array = np.ndarray[Any, Any]

#: Probability of a false alarm of one limit.
CHANCE = 1e-9
#: The same in standard errors of a normal distribution, on either side.
ERRORS = 6.11
#: Numbers from which on a sample's own moments tell the errors of its mean and variance.
SURE = 1000
#: Log likelihood ratio that two samples of one normal distribution exceed with that probability:
#: -log(CHANCE), and 5 for the two deviations that are free.
RATIO = 25.7

Described = tuple[Mapping[str, Any], Array]


def compare(name: str, order: int, old: Described, new: Described) -> TensorResult:
    """Compares the initial values of one variable.

    Args:
        name: Its legacy name.
        order: Its place.
        old: Description and array of the old side.
        new: Description and array of the new side.
    """
    sides = [_Begins(entry["kind"] == "drawn", np.asarray(array)) for entry, array in (old, new)]
    left, right = sides
    # A side that gives the same numbers at each draw may have drawn them once.
    if left.is_drawn != right.is_drawn and any(s.values.size > 1 and not s.is_drawn for s in sides):
        sides = [left, right] = [_Begins(True, side.values) for side in sides]
    wrong = _unlike_draws(left.values, right.values) if left.is_drawn and right.is_drawn else ""
    max_abs = scale = tolerance = None
    if not left.is_drawn and not right.is_drawn:
        max_abs, scale, tolerance = _distance(left.values, right.values), _largest(left.values), 0.0
        wrong = "" if max_abs == 0.0 else f"{left} became {right}"
    elif left.is_drawn != right.is_drawn:
        wrong = f"{left} became {right}"
    status = Status.DIFFERS if wrong else Status.EQUAL
    return TensorResult(
        INITIAL, name, order, status, tuple(old[0]["shape"]), old[0]["dtype"], max_abs, scale,
        tolerance, why=wrong or str(left),
    )  # fmt: skip


@dataclass(frozen=True)
class _Begins:
    """What a variable begins with: numbers drawn anew, or always the same."""

    is_drawn: bool
    values: Array

    def __str__(self) -> str:
        if self.is_drawn:
            found = _Sample(self.values)
            return f"random: mean {found.mean:.3g}, deviation {found.deviation:.3g}"
        if self.values.size == 1:
            return f"always {self.values.item():.6g}"
        return f"always the same {self.values.size} numbers"


class _Sample:
    """Moments of a sample with their standard errors."""

    def __init__(self, values: Array) -> None:
        self.values = np.sort(values.astype("float64").ravel())
        # Numbers that an initializer repeats tell nothing new.
        self.size = max(2, len(np.unique(self.values)))
        self.mean = float(self.values.mean())
        centred = self.values - self.mean
        self.variance = float(np.mean(centred**2))
        self.deviation = math.sqrt(self.variance)
        fourth = float(np.mean(centred**4))
        self.mean_error = math.sqrt(self.variance / self.size)
        self.variance_error = math.sqrt(max(fourth - self.variance**2, 0.0) / self.size)


def _unlike_draws(old: Array, new: Array) -> str:
    """Says in what two samples cannot be of one distribution; empty where they can."""
    spoilt = [int((~np.isfinite(side)).sum()) for side in (old, new)]
    if bool(spoilt[0]) != bool(spoilt[1]):
        return f"not finite: {spoilt[0]} of the old side's draws, {spoilt[1]} of the new side's"
    sound = [side[np.isfinite(side)] for side in (old, new)]
    if not all(side.size for side in sound):
        return ""
    left, right = map(_Sample, sound)
    limit = ERRORS * math.hypot(left.mean_error, right.mean_error)
    if abs(left.mean - right.mean) > limit and _unlike_means(left, right):
        return f"mean {left.mean:.3g} became {right.mean:.3g} (chance explains {limit:.1g})"
    limit = ERRORS * math.hypot(left.variance_error, right.variance_error)
    if abs(left.variance - right.variance) > limit and _unlike_variances(left, right):
        share = limit / (2 * left.variance) if left.variance else 0.0
        return (
            f"standard deviation {left.deviation:.3g} became {right.deviation:.3g}"
            f" (chance explains {share:.0%})"
        )
    wrong = _beyond(left, right) or _beyond(right, left)
    if wrong:
        ends = [f"{np.abs(side.values).max():.3g}" for side in (left, right)]
        return f"largest value {ends[0]} became {ends[1]}, at equal deviation: {wrong}"
    return _apart(left, right)


def _unlike_means(left: _Sample, right: _Sample) -> bool:
    """Whether chance cannot give these means to one normal distribution (Student's t)."""
    if min(left.size, right.size) >= SURE:
        return True
    freedom = left.size + right.size - 2
    squares = left.size * left.variance + right.size * right.variance
    error = squares / freedom * (1 / left.size + 1 / right.size)
    if error == 0.0:
        return True
    squared_t = (left.mean - right.mean) ** 2 / error
    return (freedom - 1) / 2 * math.log1p(squared_t / freedom) > RATIO


def _unlike_variances(left: _Sample, right: _Sample) -> bool:
    """Whether chance cannot give these variances to one normal distribution (Bartlett)."""
    if min(left.size, right.size) >= SURE:
        return True
    freedoms = [side.size - 1 for side in (left, right)]
    variances = [side.variance * side.size / (side.size - 1) for side in (left, right)]
    if min(variances) == 0.0:
        return True
    pooled = float(np.average(variances, weights=freedoms))
    pairs = zip(freedoms, variances, strict=True)
    return sum(k / 2 * math.log(pooled / variance) for k, variance in pairs) > RATIO


def _beyond(wide: _Sample, narrow: _Sample) -> str:
    """Whether so many values of one sample lie beyond all of the other that chance cannot do it."""
    beyond = wide.values[np.abs(wide.values) > np.abs(narrow.values).max()]
    count = len(np.unique(beyond))
    share = wide.size / (wide.size + narrow.size)
    if count * math.log(share) > math.log(CHANCE):
        return ""
    return f"{count} of {len(wide.values)} drawn values are beyond all of the other side"


def _apart(left: _Sample, right: _Sample) -> str:
    points = np.concatenate([left.values, right.values])
    below = [np.searchsorted(s.values, points, side="right") / len(s.values) for s in (left, right)]
    distance = float(np.abs(below[0] - below[1]).max())
    limit = math.sqrt(-math.log(CHANCE / 2) / 2 * (1 / left.size + 1 / right.size))
    if distance <= limit:
        return ""
    return f"distributions are {distance:.2f} apart (chance explains {limit:.2f})"


def _distance(old: Array, new: Array) -> float:
    """Largest difference of two constants; an array of one element stands for all."""
    if old.dtype.kind not in "biufc" or new.dtype.kind not in "biufc":
        return 0.0 if np.array_equal(old, new) else float("inf")
    if old.size > 1 and new.size > 1 and old.shape != new.shape:
        return float("inf")
    left, right = old.astype("float64"), new.astype("float64")
    with np.errstate(invalid="ignore"):
        same = (left == right) | (np.isnan(left) & np.isnan(right))
        distance = np.where(same, 0.0, np.abs(left - right))
    distance = np.where(np.isnan(distance), np.inf, distance)
    return float(distance.max(initial=0.0))


def _largest(values: Array) -> float | None:
    if values.dtype.kind not in "biuf" or not values.size:
        return None
    return float(np.abs(values.astype("float64")).max())
