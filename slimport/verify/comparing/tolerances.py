"""How large a difference may be, and why: a stated multiple of the tensor's noise floor.

Measured on ten cases of an SSD with Inception v2, the old side under TensorFlow 1.15.5, tensors
whose floor is below 2 % of their scale. Ratios are differences over the floor, and over what it
would be without the run in float64.

==================  ==================  ===================  ===============  ======
group               largest difference  over one ulp alone   over the floor   median
==================  ==================  ===================  ===============  ======
inference outputs   3.3e-6 of scale     1.1                  1.1              .7
training outputs    9.8e-3              4.2                  1.3              1.0
regularisation      4.3e-7              7.0                  2.0              .5
gradients           2.1e-2              9.1                  2.1              1.0
==================  ==================  ===================  ===============  ======

Under TensorFlow 2.21 the largest difference of a gradient is 4 % of its floor, others are less.

110 training cases, `fixtures/legacy/training_steps`, over one ulp alone: gradients 2.3, learning
rates 3.0, averages .5, losses 1, statistics 3; slots 11 (momentum under 1.15), weights 2. Adam's
are apart, see `ADAM`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from slimport.verify import protocol
from slimport.verify.workers import perturbations

#: Multiple of the noise floor that a difference may be: about twice the largest ratio measured.
FACTOR = 5.0

#: The same in a training case, whose floors know no float64: steps in it would be another graph.
STEPS_FACTOR = 20.0

#: Rows of detections change places by rounding, so that no floor can be taken of them: relative to
#: the scale of each array.
DISCRETE = 1e-5

#: No floor raises a tolerance above this share of the tensor's scale ...
CAP = 0.05

#: ... except for a tensor whose floor is more than this share of its scale: it holds nothing but
#: rounding, such as the gradient of a bias in front of a batch norm. Beyond the cap it passes
#: within its floor, as noise, which proves nothing.
PURE_NOISE = 0.1

#: The largest multiple of its floor within which a tensor passes as noise: of what holds nothing
#: else, a factor that allows for floors without float64 would let pass nearly everything.
NOISE_FACTOR = 8.0

#: The share for gradients, whose tolerance reaches the cap at this floor. Batch statistics of two
#: numbers bring true gradients there (4 % between TensorFlow 1.15 and 2.21 in the SSD), and what
#: gradients alone can show, a wrong or missing path, is of the size of the gradient.
NOISY_GRADIENT = CAP / FACTOR

#: And for everything in a training case: steps amplify rounding until nothing is left but it. Three
#: steps of the SSD take one unit in the last place of its weights to half of what they have moved.
NOISY_STEPS = CAP / STEPS_FACTOR

_NAMES = {
    perturbations.ULP: "one ulp in inputs and weights",
    perturbations.GRAPPLER: "grappler off",
    perturbations.NOTHING: "the same run again",
    perturbations.FLOAT64: "float64 in place of float32",
    perturbations.FLOAT32: "one unit in the last place of float32",
    perturbations.STORED: "one unit in the last place of what was summed",
}


#: Units in the last place of a sum that each side's storing of it may make: half a unit each, of
#: what it begins with and of what it comes to. They are added once, and not multiplied.
STORED = 2.0

#: Keras takes Adam's 1 - beta_2 in float64, TensorFlow 1 in float32: of 0.999 that is 1.29e-5 of
#: it, and the second moment differs by as much in every step. In these units slots come to differ
#: by up to 2.0, weights and statistics .95, losses .3.
ADAM = 4.0
_AFTER_ADAM = (protocol.SLOT, protocol.WEIGHT, protocol.STATISTIC, protocol.AVERAGE, protocol.LOSS)


@dataclass(frozen=True)
class Tolerance:
    """What decides on one tensor of one scale.

    Attributes:
        scale: What differences are relative to, usually the tensor's largest value.
        floors: Noise floors by kind, absolute, that of float32 itself among them.
        factor: Multiple of the largest floor that is allowed.
        chosen: Relative to the scale; set by the case file, and then counts alone.
        stored: Absolute; what storing a sum rounds beside all noise.
        known: Relative to the scale; a difference of both sides that is known and named.
        noisy: Share of the scale above which a floor makes the tensor noise.
    """

    scale: float
    floors: Mapping[str, float] = field(default_factory=dict)
    factor: float = FACTOR
    chosen: float | None = None
    stored: float = 0.0
    known: float = 0.0
    noisy: float = PURE_NOISE

    @property
    def floor(self) -> float | None:
        """The largest floor; None for what must be equal."""
        return max(self.floors.values(), default=None)

    @property
    def told(self) -> dict[str, float]:
        """All floors, what storing a sum rounds among them."""
        unit = self.stored / STORED
        return {**self.floors, perturbations.STORED: unit} if unit else dict(self.floors)

    @property
    def is_noise(self) -> bool:
        """Whether the tensor may pass as noise."""
        floor = self.floor
        return self.chosen is None and floor is not None and floor > self.noisy * self.scale

    @property
    def allowed(self) -> float:
        """The largest absolute difference that passes, as noise if not as equal."""
        if self.chosen is not None:
            return self.proves
        found = self._bounded + self.stored
        return max(self._from_noise, found) if self.is_noise else found

    @property
    def proves(self) -> float:
        """The largest absolute difference that counts as equal."""
        if self.chosen is not None:
            return self.chosen * self.scale
        return self._bounded + min(self.stored, CAP * self.scale)

    @property
    def _bounded(self) -> float:
        """What is allowed beside what storing a sum rounds."""
        return min(self._from_floor, CAP * self.scale) + self.known * self.scale

    @property
    def _from_noise(self) -> float:
        return min(self.factor, NOISE_FACTOR) * (self.floor or 0.0)

    @property
    def _from_floor(self) -> float:
        return self.factor * (self.floor or 0.0)

    def why(self) -> str:
        """Says what the allowed difference rests on."""
        if self.chosen is not None:
            return f"{self.chosen:.0e} of scale, set by the case"
        if not self.floors:
            return "must be equal"
        share = f"{(self.floor or 0.0) / self.scale:.1e}" if self.scale else "zero"
        kind = max(self.floors, key=lambda name: self.floors[name])
        if self.is_noise and self._from_noise >= self.proves:
            factor = min(self.factor, NOISE_FACTOR)
            return f"{factor:.0f} x noise floor of {share}, too large to prove anything"
        reason = f"{CAP:.0%} of scale, the most that a noise floor can ask for"
        if self._from_floor <= CAP * self.scale:
            reason = f"{self.factor:.0f} x noise floor of {share} ({_NAMES.get(kind, kind)})"
        if self.stored > 0.1 * self._from_floor:
            reason += f" + {STORED:.0f} ulp of the variable"
        if self.stored > CAP * self.scale:
            reason += ", which are too large to prove anything"
        if self.known:
            reason += f" + {self.known:.0e} for Adam's 1 - beta_2"
        return reason


def exact() -> Tolerance:
    """The tolerance of whole numbers and booleans."""
    return Tolerance(0.0)


def tolerance(
    mode: str,
    group: str,
    scale: float,
    dtype: str,
    entry: Mapping[str, Any],
    chosen: Mapping[str, float],
) -> Tolerance:
    """Returns the tolerance of a tensor.

    Args:
        mode: Mode of the new side.
        group: Group of the tensor.
        scale: What its differences are relative to.
        dtype: Its dtype on the old side.
        entry: How the old side describes it, floors included.
        chosen: Tolerances of the case file, by group.
    """
    group = protocol.GRADIENT if group == protocol.INPUT else group
    if group in chosen:
        return Tolerance(scale, _measured(entry), chosen=chosen[group])
    steps = mode in protocol.STEP_MODES
    noisy = NOISY_GRADIENT if group == protocol.GRADIENT else PURE_NOISE
    noisy = NOISY_STEPS if steps else noisy
    reached = mode == protocol.STEPS and group in _AFTER_ADAM
    known = ADAM * float(entry.get("beta_2") or 0.0) if reached else 0.0
    unit = _unit(scale, _kept_as(group, dtype)) if scale else 0.0
    return Tolerance(
        scale,
        {**_measured(entry), perturbations.FLOAT32: unit},
        STEPS_FACTOR if steps else FACTOR,
        stored=STORED * perturbations.unit_of(float(entry.get("summed") or 0.0)),
        known=known,
        noisy=noisy,
    )


def _measured(entry: Mapping[str, Any]) -> dict[str, float]:
    """The floors that a worker tells; what is no number allows nothing."""
    floors = entry.get("floors")
    if floors is None and entry.get("floor") is not None:
        floors = {perturbations.ULP: entry["floor"]}
    return {kind: floor for kind, floor in (floors or {}).items() if math.isfinite(floor)}


def _unit(scale: float, dtype: str) -> float:
    """One unit in the last place of a number, or of the largest one that its type holds."""
    largest = float(np.finfo(dtype).max)
    return float(np.spacing(np.asarray(min(scale, largest / 2), dtype)))


def _kept_as(group: str, dtype: str) -> str:
    """The type whose rounding a tensor shows; differences of float32 numbers come as float64."""
    if group == protocol.OUTPUT and dtype in ("float16", "float64"):
        return dtype
    return "float32"
