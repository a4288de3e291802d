"""The same numbers on both sides: weights, inputs and projections from names and seeds.

Everything is drawn from `numpy.random.RandomState`, whose streams NumPy keeps unchanged between
releases (the compatibility promise of NEP 19), so a CPython 3.7 worker draws what a 3.13 one does.

This module runs under CPython 3.7 with nothing but numpy.
"""

# This file runs under CPython 3.7.
# ruff: noqa: UP035

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import Any, Iterator, Sequence

import numpy as np

from slimport.verify.workers import contents

Array = Any

_SCALES = ("gamma", "scale", "variance", "var", "moving_variance", "moving_inv_dev")
_KERNELS = ("weights", "kernel", "depthwise_weights", "pointwise_weights", "w", "filter")


def generator(*parts: Any) -> np.random.RandomState:
    """Returns a random generator that depends on nothing but the text of `parts`."""
    digest = hashlib.sha256("\x00".join(str(part) for part in parts).encode("utf-8")).digest()
    return np.random.RandomState(np.frombuffer(digest[:16], dtype="<u4"))


def variable_value(name: str, shape: Sequence[int], dtype: str, seed: int = 0) -> Array:
    """Draws the value that a variable holds during the comparison.

    Kernels get He's variance, 2 / fan-in, which keeps the second moment of a signal through
    convolution and relu, so that a hundred layers stay within float32. Scales and variances stay
    around one, so that gamma^2 / variance averages .98; betas, biases and means are small but
    not zero, so that a lost bias or a swapped statistic shows.

    Args:
        name: Legacy checkpoint name, e.g. ``net/conv1/weights``.
        shape: The variable's shape.
        dtype: NumPy name of its dtype.
        seed: Seed of the whole run.

    Returns:
        An array of that shape and dtype; equal for equal arguments in every environment. Within
        `moved` it is one unit in the last place away.
    """
    value = _drawn(name, shape, dtype, seed)
    number = _Moved.number
    return value if number is None else one_ulp_away(value, number, "v", name)


class _Moved:
    """Which of the moved values are drawn; None for the shared ones."""

    number: int | None = None


@contextmanager
def moved(number: int) -> Iterator[None]:
    """Draws the n-th of values one unit in the last place away, within the block."""
    _Moved.number = number
    try:
        yield
    finally:
        _Moved.number = None


def _drawn(name: str, shape: Sequence[int], dtype: str, seed: int) -> Array:
    random = generator("variable", seed, name)
    shape = tuple(int(size) for size in shape)
    kind = np.dtype(dtype).kind
    if kind == "b":
        return np.asarray(random.uniform(size=shape) < 0.5, dtype=dtype)
    if kind in "iu":
        return np.asarray(random.randint(1, 8, size=shape), dtype=dtype)
    last = name.rsplit("/", 1)[-1].lower()
    if last in _SCALES or last.endswith(("variance", "gamma")):
        value = random.uniform(0.8, 1.3, size=shape)
    elif last in _KERNELS or len(shape) > 1:
        value = random.standard_normal(size=shape) * np.sqrt(2.0 / _fan_in(last, shape))
    else:
        value = random.standard_normal(size=shape) * 0.1
    return np.asarray(value, dtype=dtype)


def _fan_in(last: str, shape: Sequence[int]) -> int:
    """Number of inputs that one output of a kernel of this shape sums over, at least 1."""
    summed = shape[:-2] if last.startswith("depthwise") else shape[:-1]
    return max(1, int(np.prod(summed)))


def input_value(spec: dict[str, Any], index: int, case: str, seed: int = 0) -> Array:
    """Draws one input of a case.

    Args:
        spec: ``shape`` and ``dtype`` with ``low`` and ``high`` (numbers, or lists that broadcast
            against the shape) and ``content``, or ``values`` for a constant, or the ``file`` of an
            array.
        index: Place of the input in its case.
        case: Name of the case.
        seed: Seed of the whole run.

    Returns:
        Floats in [low, high), integers from [low, high), booleans with equal chance; floats of a
        normal distribution go beyond.

    Raises:
        ValueError: A file holds an array of another dtype or shape.
    """
    dtype = np.dtype(spec["dtype"])
    if spec.get("file") is not None:
        return _of_file(spec["file"], dtype, tuple(spec["shape"]))
    if spec.get("values") is not None:
        return np.asarray(spec["values"], dtype=dtype)
    random = generator("input", seed, case, index)
    shape = tuple(spec["shape"])
    if dtype.kind == "b":
        return random.uniform(size=shape) < 0.5
    low, high = np.asarray(spec["low"], "float64"), np.asarray(spec["high"], "float64")
    value = low + (high - low) * contents.draw(spec.get("content", "uniform"), random, shape)
    if dtype.kind in "iu":
        value = np.floor(value)
        value = np.clip(value, np.floor(low), np.maximum(np.ceil(high) - 1, np.floor(low)))
    return np.asarray(value, dtype=dtype)


def _of_file(path: str, dtype: Any, shape: tuple[int, ...]) -> Array:
    """An array that `numpy.save` wrote.

    Raises:
        ValueError: It is of another dtype or shape than the case says.
    """
    found = np.load(path)
    if found.dtype != dtype or found.shape != shape:
        has = f"{found.dtype}{list(found.shape)}"
        raise ValueError(f"{path} holds {has}, the case says {dtype}{list(shape)}")
    return found


def projection(name: str, shape: Sequence[int], dtype: str, seed: int = 0) -> Array:
    """Draws the fixed direction onto which an output is projected before differentiating.

    Divided by the root of the number of elements, so that a large endpoint does not drown the
    gradient that comes through a small one.
    """
    random = generator("projection", seed, name)
    size = max(1, int(np.prod(tuple(shape))))
    return np.asarray(random.standard_normal(size=tuple(shape)) / np.sqrt(size), dtype=dtype)


def one_ulp_away(value: Array, *parts: Any) -> Array:
    """Moves every element of a floating point array to one of its two neighbours, by a coin.

    This is the smallest change that float arithmetic can see; what it does to a result is the
    noise that any reordering of the same arithmetic must be expected to make. Other dtypes come
    back unchanged.
    """
    value = np.asarray(value)
    if value.dtype.kind != "f":
        return value
    up = generator("ulp", *parts).uniform(size=value.shape) < 0.5
    towards = np.where(up, np.inf, -np.inf).astype(value.dtype)
    moved = np.nextafter(value, towards)
    return np.where(np.isfinite(moved), moved, value).astype(value.dtype)
