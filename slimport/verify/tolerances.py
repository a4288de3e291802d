"""How large a difference may be, and why.

The numbers rest on one measurement: five cases of an SSD with Inception v2 (69 to 154 moving
statistics, batch 2), the same legacy code under TensorFlow 1.15.5 on CPython 3.7 and under
TensorFlow 2.21 with tf_slim, so that any difference is rounding.

==================  ======================  =======================  =========================
group               largest difference      largest noise floor      difference over floor
==================  ======================  =======================  =========================
inference outputs   2.6e-6 of scale         3.7e-6 (one ulp)         at most 1.2, median 0.8
training outputs    1.4e-4 (69 norms deep)  6e-5                     at most 4.3, median 2.6
same, 1x1 maps      9.6e-3                  2.2e-3                   4.3
moving statistics   1.2e-3 of the update    8e-4                     (rounding of the sum)
regularisation      4.3e-7                  2e-7
gradients           1.7e-3, SSD 4e-2        7e-4, SSD 6.5e-3         at most 8.2, median 2.6
==================  ======================  =======================  =========================

Training cases rest on the cases of `fixtures/legacy/training_steps` after 1, 3 and 100 steps of 13
optimizers, both places, the old side under either TensorFlow. Largest differences, relative to the
way that a variable has come: trained variables 1.2e-5, slots 2.6e-5, moving statistics 1.2e-5,
averages 2.7e-6, gradients 1e-6, learning rates 2.2e-7; losses 2.8e-6 of their size (1.4e-5 in
`fixtures/legacy/learning_train`). The largest are Adam's (Keras takes 1 - beta_2 in float64), which
no floor knows; the others are at most 5.4 times their noise floor.

Batch statistics over two numbers (batch 2 on a 1x1 map) amplify rounding without bound, which no
fixed tolerance can know; the floor, taken from the same graph, does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slimport.verify import protocol

#: Relative to the tensor's largest value: four times the largest difference measured in
#: inference, and for training what nets without tiny maps need.
BASE = {
    (protocol.INFERENCE, protocol.OUTPUT): 1e-5,
    (protocol.TRAINING, protocol.OUTPUT): 1e-4,
    (protocol.TRAINING, protocol.UPDATE): 1e-3,
    (protocol.TRAINING, protocol.REGULARISATION): 1e-5,
    (protocol.TRAINING, protocol.GRADIENT): 1e-3,
    **{(protocol.STEPS, group): 1e-4 for group in protocol.MOVING_GROUPS},
    (protocol.STEPS, protocol.LOSS): 1e-4,
    (protocol.STEPS, protocol.RATE): 1e-6,
    (protocol.STEPS, protocol.GRADIENT): 1e-4,
}

#: Multiple of the noise floor, about twice the largest ratio measured. The floor moves inputs and
#: weights by one ulp; other kernels round in every operation between them as well. Updates have
#: the rounding of their sum beside it, and with both reached .9 of what is allowed.
FLOOR_FACTOR = {
    (protocol.INFERENCE, protocol.OUTPUT): 8.0,
    (protocol.TRAINING, protocol.OUTPUT): 10.0,
    (protocol.TRAINING, protocol.UPDATE): 4.0,
    (protocol.TRAINING, protocol.REGULARISATION): 8.0,
    (protocol.TRAINING, protocol.GRADIENT): 20.0,
    **{(protocol.STEPS, group): 8.0 for group in protocol.TRAINING_GROUPS},
}

#: No floor raises a tolerance above this share of the tensor's scale ...
CAP = 0.05

#: ... except for a tensor whose floor is more than this share of its scale: it holds nothing but
#: rounding, such as the gradient of a bias in front of a batch norm. Beyond the cap it passes
#: within its floor, as noise, which proves nothing.
PURE_NOISE = 0.1

#: The same for gradients, whose tolerance reaches the cap at this floor. Batch statistics of two
#: numbers bring true gradients there (4 % between TensorFlow 1.15 and 2.21 in the SSD), and what
#: gradients alone can show, a wrong or missing path, is of the size of the gradient.
NOISY_GRADIENT = CAP / FLOOR_FACTOR[protocol.TRAINING, protocol.GRADIENT]

#: And for everything in a training case: steps amplify rounding until nothing is left but it. Three
#: steps of the SSD take one unit in the last place of its weights to half of what they have moved.
NOISY_STEPS = CAP / FLOOR_FACTOR[protocol.STEPS, protocol.WEIGHT]


@dataclass(frozen=True)
class Tolerance:
    """What decides on one tensor.

    Attributes:
        base: Relative to the tensor's scale.
        floor: Noise floor, absolute; None where it was not measured.
        factor: Multiple of the floor that is allowed.
        chosen: Whether the case file set the base, which then counts alone.
        rounding: Absolute; added to the base.
        noisy: Share of the scale above which a floor makes the tensor noise.
    """

    base: float
    floor: float | None = None
    factor: float = 8.0
    chosen: bool = False
    rounding: float = 0.0
    noisy: float = PURE_NOISE

    def _from_base(self, scale: float) -> float:
        return self.base * scale + (0.0 if self.chosen else self.rounding)

    def _from_floor(self) -> float:
        return 0.0 if self.chosen else self.factor * (self.floor or 0.0)

    def is_noisy(self, scale: float) -> bool:
        """Tells whether a tensor of this scale may pass as noise."""
        return not self.chosen and self.floor is not None and self.floor > self.noisy * scale

    def allowed(self, scale: float) -> float:
        """Returns the largest absolute difference that passes, as noise if not as equal."""
        return self._from_floor() if self.is_noisy(scale) else self.proves(scale)

    def proves(self, scale: float) -> float:
        """Returns the largest absolute difference that counts as equal."""
        return max(self._from_base(scale), min(self._from_floor(), CAP * scale))

    def why(self, scale: float) -> str:
        """Says what the allowed difference rests on."""
        if self.is_noisy(scale):
            share = f" of {self.floor / scale:.1e}" if scale and self.floor else ""
            return f"{self.factor:.0f} x noise floor{share}, too large to prove anything"
        if self.chosen or self._from_floor() <= self._from_base(scale):
            return self._base_reason()
        if self._from_floor() > CAP * scale:
            return f"{CAP:.0%} of scale, the most that a noise floor can ask for"
        return f"{self.factor:.0f} x noise floor of {(self.floor or 0.0) / scale:.1e}"

    def _base_reason(self) -> str:
        if self.chosen:
            return f"{self.base:.0e} of scale, set by the case"
        return f"{self.base:.0e} of scale{' + 2 ulp of the variable' if self.rounding else ''}"


def tolerance(
    mode: str,
    group: str,
    floor: float | None,
    chosen: Mapping[str, float],
    rounding: float = 0.0,
) -> Tolerance:
    """Returns the tolerance of a tensor of this group in this mode."""
    kind = protocol.TRAINING if mode in protocol.TRAINING_MODES else protocol.INFERENCE
    key = (protocol.STEPS if mode in protocol.STEP_MODES else kind, group)
    if group in chosen:
        return Tolerance(chosen[group], floor, chosen=True)
    noisy = NOISY_GRADIENT if group == protocol.GRADIENT else PURE_NOISE
    noisy = NOISY_STEPS if mode in protocol.STEP_MODES else noisy
    return Tolerance(BASE[key], floor, FLOOR_FACTOR[key], rounding=rounding, noisy=noisy)
