"""What differences in float64 say of differences in float32: rounding, or arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from slimport.verify.result import Status, TensorResult

#: Relative differences of 10,000 tensors of equal pairs, TensorFlow 1.15.5 against Keras 3, were at
#: most 1e-12 in float64, 69 batch norms deep. Below this a difference is no arithmetic ...
NOTHING = 1e-9
#: ... and above this, one unit in the last place of float32, no constant that one side rounds to
#: float32 and the other does not explains it: those made up to 2.5e-8.
ARITHMETIC = 2.0**-23


def judged(
    tensors: list[TensorResult], old: Mapping[str, Any], new: Mapping[str, Any]
) -> tuple[list[TensorResult], list[str]]:
    """Says of each tensor that differs what it is, and of all others what float32 hides.

    Args:
        tensors: Compared tensors of a mode.
        old: Description of the old side's answer.
        new: Description of the new side's.

    Returns:
        The tensors, and notes.
    """
    notes = _notes(old, new)
    tensors = [_explained(tensor) for tensor in tensors]
    kept_back = any((side.get("double") or {}).get("in_float32") for side in (old, new))
    hidden = [
        tensor
        for tensor in tensors
        if tensor.status.is_good and tensor.double is not None and tensor.double > ARITHMETIC
    ]
    if hidden and not kept_back:
        worst = max(hidden, key=lambda tensor: tensor.double or 0.0)
        notes.append(
            f"{len(hidden)} tensors within their tolerance differ in float64, too, {worst.name} "
            f"({worst.group}) most: by {worst.double:.1e} of its scale. That is arithmetic which "
            "rounding hides, not rounding."
        )
    return tensors, notes


def _explained(tensor: TensorResult) -> TensorResult:
    if tensor.status is not Status.DIFFERS or tensor.double is None or not tensor.relative:
        return tensor
    found = f"in float64 it differs by {tensor.double:.1e}"
    if tensor.double <= NOTHING:
        said = f"rounding, no wrong arithmetic: {found}"
    elif tensor.double >= 0.1 * tensor.relative:
        said = f"wrong arithmetic, no rounding: {found}, too"
    else:
        said = f"arithmetic and rounding: {found}"
    return replace(tensor, why=f"{tensor.why}; {said}" if tensor.why else said)


def _notes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    notes = []
    asked = "double" in new
    for name, side in (("old", old), ("new", new)):
        found = side.get("double") or {}
        if found.get("error"):
            cannot = f"the {name} side cannot be computed in float64: {found['error']}"
            why = "" if asked else " (noise floors are those of one ulp alone)"
            notes.append(cannot + why)
        elif asked and found.get("in_float32"):
            kinds = ", ".join(found["in_float32"])
            notes.append(f"in float32 in the {name} side's float64 run, too: {kinds}")
    return notes
