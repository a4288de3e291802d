"""Whether what is small in a tensor is equal, too: see `workers.magnitudes`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from slimport.verify.comparing.tolerances import CAP, STEPS_FACTOR
from slimport.verify.result import Status, TensorResult
from slimport.verify.workers import magnitudes, perturbations

Array = np.ndarray[Any, Any]

#: Floors of parts rest on few elements, so that they are multiplied by more than others.
FACTOR = STEPS_FACTOR


def judged(
    result: TensorResult, old: Array, new: Array, parts: Iterable[Mapping[str, float]]
) -> TensorResult:
    """Fails a tensor that passed where a part of small elements differs.

    Args:
        result: Of the whole tensor.
        old: Array of the old side.
        new: Array of the new side, of the same shape.
        parts: As the old side tells them.
    """
    if result.status not in (Status.EQUAL, Status.NOISE):
        return result
    for part in parts:
        chosen = magnitudes.mask(old, part["below"])
        left, right = old[chosen].astype("float64"), new[chosen].astype("float64")
        scale = float(np.abs(left).max(initial=0.0))
        unit = float(np.spacing(np.asarray(scale, old.dtype)))
        allowed = FACTOR * max(part["floor"], unit)
        if allowed > CAP * scale:
            continue  # what is left of larger numbers, and holds nothing but their rounding
        largest = float(np.abs(left - right).max(initial=0.0))
        if largest > allowed:
            why = (
                f"{left.size} of {old.size} elements are at most {part['below']:.1e}: these differ "
                f"by more than {FACTOR:.0f} x their own noise floor of {part['floor'] / scale:.1e}"
            )
            floors = {perturbations.ULP: part["floor"], perturbations.FLOAT32: unit}
            return replace(
                result, status=Status.DIFFERS, max_abs=largest, scale=scale, tolerance=allowed,
                floor=max(floors.values()), floors=floors, why=why,
            )  # fmt: skip
    return result
