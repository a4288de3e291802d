"""How large a difference may be, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slimport.verify import protocol

#: Relative to the tensor's largest value.
BASE = {
    (protocol.INFERENCE, protocol.OUTPUT): 1e-5,
    (protocol.TRAINING, protocol.OUTPUT): 1e-4,
    (protocol.TRAINING, protocol.UPDATE): 1e-3,
    (protocol.TRAINING, protocol.REGULARISATION): 1e-5,
    (protocol.TRAINING, protocol.GRADIENT): 1e-3,
}

#: Multiple of the noise floor within which two orders of the same arithmetic stay.
FLOOR_FACTOR = 8.0

#: A tolerance above this share of a tensor's scale proves nothing about the tensor.
NOISE_LIMIT = 0.05


@dataclass(frozen=True)
class Tolerance:
    """What decides on one tensor.

    Attributes:
        base: Relative to the tensor's scale.
        floor: Noise floor, absolute; None where it was not measured.
        chosen: Whether the case file set the base.
    """

    base: float
    floor: float | None = None
    chosen: bool = False

    def allowed(self, scale: float) -> float:
        """Returns the largest absolute difference that passes."""
        return max(self.base * scale, FLOOR_FACTOR * (self.floor or 0.0))

    def why(self, scale: float) -> str:
        """Says which of the two it was."""
        if self.base * scale >= FLOOR_FACTOR * (self.floor or 0.0):
            return f"{self.base:.0e} of scale{', set by the case' if self.chosen else ''}"
        return f"{FLOOR_FACTOR:.0f} x noise floor {self.floor:.1e}"


def tolerance(mode: str, group: str, floor: float | None, chosen: Mapping[str, float]) -> Tolerance:
    """Returns the tolerance of a tensor of this group in this mode."""
    if group in chosen:
        return Tolerance(chosen[group], floor, chosen=True)
    key = protocol.TRAINING if mode == protocol.TRAINING else protocol.INFERENCE
    return Tolerance(BASE[key, group], floor)
