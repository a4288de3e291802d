"""A short description of an array, by which two sides can tell whether they hold the same.

A trace has thousands of tensors; whole, they would fill the memory. A sketch keeps some elements,
at places that depend on the size alone, and sums in which every element counts. Arrays of one size
and other shapes, as before and after a reshape, have the same sketch.

This module runs under CPython 3.7 with nothing but numpy.
"""

# This file runs under CPython 3.7.

from __future__ import annotations

import functools
from typing import Any

import numpy as np

Array = Any

#: Arrays up to this size are kept whole.
WHOLE = 2048
#: Elements kept of a larger one.
ELEMENTS = 1024
#: Numbers beside the elements: largest absolute value, a sum with alternating signs, elements that
#: are not finite.
SUMS = 3


@functools.lru_cache(maxsize=64)
def places(size: int) -> Array:
    """The elements kept of an array of a size."""
    if size <= WHOLE:
        return np.arange(size)
    return np.sort(np.random.RandomState(size % 2**32).randint(0, size, ELEMENTS))


@functools.lru_cache(maxsize=8)
def _signs(size: int) -> Array:
    """Signs without a pattern, so that an element that moves changes the sum."""
    hashed = np.arange(size, dtype="uint64") * np.uint64(2654435761)
    return np.where((hashed >> np.uint64(15)) & np.uint64(1), np.float32(1), np.float32(-1))


def sketch(array: Array) -> Array:
    """Returns the elements kept, and behind them the sums, in float64."""
    flat = np.asarray(array).ravel()
    if flat.dtype.kind not in "fd":
        flat = flat.astype("float64")
    finite = np.isfinite(flat)
    sound = flat if finite.all() else np.where(finite, flat, np.zeros_like(flat))
    largest = float(np.abs(sound).max()) if flat.size else 0.0
    signed = float(np.dot(sound, _signs(flat.size).astype(flat.dtype)))
    kept = flat[places(flat.size)].astype("float64")
    return np.append(kept, [largest, signed, float(flat.size - finite.sum())])


def elements(found: Array) -> Array:
    """The elements of a sketch."""
    return found[:-SUMS]


def distance(one: Array, other: Array) -> float:
    """Largest difference of the elements kept, and of the largest ones, where both are finite."""
    with np.errstate(invalid="ignore"):
        apart = np.abs(one[: 1 - SUMS] - other[: 1 - SUMS])
    return float(apart[np.isfinite(apart)].max(initial=0.0))


def is_same(one: Array, other: Array, size: int, allowed: float) -> bool:
    """Whether two sketches of arrays of a size are of the same array, up to a difference.

    The sum with signs may differ by what as many differences of random sign add up to; it tells an
    array that is unlike where no element is kept.
    """
    if one.shape != other.shape or one[-1] != other[-1]:
        return False
    if not np.array_equal(np.isnan(one), np.isnan(other)) or distance(one, other) > allowed:
        return False
    infinite = np.isinf(one) | np.isinf(other)
    if infinite.any() and not np.array_equal(one[infinite], other[infinite]):
        return False
    return bool(abs(one[-2] - other[-2]) <= 8.0 * np.sqrt(max(size, 1)) * allowed)
