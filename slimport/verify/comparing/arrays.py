"""Compares two arrays, element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from slimport.verify.comparing.tolerances import Tolerance, exact
from slimport.verify.result import Sample, Status, TensorResult

Array = np.ndarray[Any, Any]
#: The tolerance of numbers of some scale and type.
Decide = Callable[[float, str], Tolerance]

#: Elements kept of a tensor for a scatter plot.
SAMPLE_SIZE = 400


def compare_arrays(
    group: str,
    name: str,
    old: Array,
    new: Array,
    decide: Decide,
    scale: float | None = None,
) -> TensorResult:
    """Compares two arrays element by element, relative to the old one's scale.

    Args:
        group: Group of the result.
        name: Name of the result.
        old: Array of the old side.
        new: Array of the new side.
        decide: Gives the tolerance; integers and booleans must be equal whatever it says.
        scale: What a difference is relative to, if not the old array's largest value.

    Returns:
        A result without order. Places where either is not finite must hold the same on both
        sides: a NaN on one side only fails. Without any finite number there is only *noise*.
    """
    dtype = str(old.dtype) if old.dtype == new.dtype else f"{old.dtype} -> {new.dtype}"
    wrong = unlike(old, new)
    if wrong:
        return TensorResult(group, name, 0, Status.DIFFERS, old.shape, dtype, why=wrong)
    floating = old.dtype.kind in "fc"
    left, right = wide(old), wide(new)
    if scale is None:
        scale = largest(left)
    distance = _distance(left, right)
    if not floating:  # float64 does not hold every int64
        distance = np.maximum(distance, old != new)
    max_abs = float(distance.max(initial=0.0))
    given = decide(scale, str(old.dtype)) if floating else exact()
    status, why = _judge(max_abs, given), given.why() if floating else "whole numbers: exact"
    status, why = _of_special(left, right) or (status, why)
    return TensorResult(
        group, name, 0, status, old.shape, dtype, max_abs, scale, given.allowed,
        max(given.told.values(), default=None), why, _sample(left, right, distance),
        floors=given.told,
    )  # fmt: skip


def largest(array: Array) -> float:
    """The largest absolute value of the finite elements; 0 where there are none."""
    return float(np.abs(array[np.isfinite(array)]).max(initial=0.0))


def _of_special(left: Array, right: Array) -> tuple[Status, str] | None:
    """What decides beside numbers: one that is not finite on one side, or that there are none."""
    wrong = _unlike_special(left, right)
    if wrong:
        return Status.DIFFERS, wrong
    if np.isfinite(left).any():
        return None
    what = "no finite number on either side" if left.size else "no elements on either side"
    return Status.NOISE, f"{what}, which proves nothing"


def _distance(left: Array, right: Array) -> Array:
    """How far numbers are from each other; 0 where either is not finite."""
    both = np.isfinite(left) & np.isfinite(right)
    return np.abs(np.subtract(left, right, where=both, out=np.zeros_like(left)))


def wide(array: Array) -> Array:
    """The numbers in double precision; complex ones with both their parts."""
    return array.astype("complex128" if array.dtype.kind == "c" else "float64")


def _judge(max_abs: float, given: Tolerance) -> Status:
    if max_abs <= given.proves:
        return Status.EQUAL
    return Status.NOISE if max_abs <= given.allowed else Status.DIFFERS


def unlike(old: Array, new: Array) -> str:
    """Says why two arrays cannot be compared at all: shapes, or kinds of numbers; else nothing."""
    if old.shape != new.shape:
        return f"shape {list(old.shape)} became {list(new.shape)}"
    kinds = {"u": "i"}
    if kinds.get(old.dtype.kind, old.dtype.kind) != kinds.get(new.dtype.kind, new.dtype.kind):
        return f"dtype {old.dtype} became {new.dtype}"
    if old.dtype.kind in "fc" and old.dtype != new.dtype:
        return f"dtype {old.dtype} became {new.dtype}"
    return ""


def _unlike_special(old: Array, new: Array) -> str:
    """Says where NaN and infinities are not the same on both sides."""
    same = (old == new) | (np.isnan(old) & np.isnan(new))
    wrong = ~same & ~(np.isfinite(old) & np.isfinite(new))
    if not wrong.any():
        return ""
    only_old = int((wrong & ~np.isfinite(old)).sum())
    only_new = int((wrong & ~np.isfinite(new)).sum())
    return f"not finite: {only_old} elements on the old side, {only_new} on the new, unlike"


def _sample(old: Array, new: Array, distance: Array) -> Sample:
    """Takes elements for a plot: the one that differs most, and others evenly."""
    size = old.size
    if size == 0:
        return Sample((), ())
    step = max(1, size // SAMPLE_SIZE)
    places = np.unique(np.append(np.arange(0, size, step), int(distance.argmax())))
    left, right = old.ravel()[places], new.ravel()[places]
    if left.dtype.kind == "c":  # a plot has room for one number of each
        left, right = np.abs(left), np.abs(right)
    return Sample(tuple(left.tolist()), tuple(right.tolist()))
