"""Parts of a tensor far below its largest value, and how much rounding moves each of them.

One scale for a tensor hides what is small beside it: logits next to a mask of -1e9, a probability
next to a coordinate. Elements below a cut are measured by themselves.

This module runs under CPython 3.7 with nothing but numpy.
"""

# This file runs under CPython 3.7.
# ruff: noqa: UP006, UP035

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np

#: Shares of the largest value below which elements are a part of their own.
CUTS = (1e-3, 1e-6, 1e-9, 1e-12, 1e-18, 1e-24, 1e-30, 1e-36)
#: Fewer elements than these may all be rounded to the same by chance.
FEWEST = 4

Part = Dict[str, float]


def mask(value: Any, below: float) -> Any:
    """The elements of a part: small and not zero."""
    size = np.abs(np.asarray(value, "float64"))
    return (size > 0.0) & (size <= below)


def measured(value: Any, others: Dict[str, List[Any]]) -> List[Part]:
    """Returns the parts of an array, and how far each is from that of other runs.

    Args:
        value: The array of the run that is compared.
        others: The same array of other runs, by kind.
    """
    value = np.asarray(value)
    if value.dtype.kind != "f":
        return []
    runs = [np.asarray(run, "float64") for arrays in others.values() for run in arrays]
    if not runs or any(run.shape != value.shape for run in runs):
        return []
    finite = np.abs(value[np.isfinite(value)].astype("float64"))
    scale = float(finite.max()) if finite.size else 0.0
    found: List[Part] = []
    for below in (scale * cut for cut in CUTS):
        chosen = mask(value, below)
        if chosen.sum() < FEWEST:
            break
        with np.errstate(invalid="ignore"):
            changes = [np.abs(value[chosen].astype("float64") - run[chosen]) for run in runs]
        floor = max(float(change.max()) for change in changes)
        if np.isfinite(floor):
            found.append({"below": below, "floor": floor})
    return found


def merge(parts: List[Part], others: List[Part]) -> None:
    """Raises the floors of parts to those of the same parts in other runs."""
    floors = {part["below"]: part["floor"] for part in others}
    for part in parts:
        part["floor"] = max(part["floor"], floors.get(part["below"], 0.0))
