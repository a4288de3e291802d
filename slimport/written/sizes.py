"""Sizes: dimensions of shapes, and whole numbers."""

from __future__ import annotations

import math
import numbers
from typing import Any

__all__ = ["channel_dimension", "n_positive_integers", "two_element_tuple"]


def channel_dimension(shape: Any, data_format: str, min_rank: int = 1) -> int:
    """Returns the number of channels of a static shape.

    Args:
        shape: A `tf.TensorShape`, or a tuple or list of sizes.
        data_format: `channels_first` for dimension 1; any other for the last one.
        min_rank: The least rank that is accepted.

    Raises:
        ValueError: If the rank is unknown or below `min_rank`, or the dimension is unknown.
    """
    sizes = known_sizes(shape)
    if len(sizes) < min_rank:
        raise ValueError(f"rank of shape must be at least {min_rank} not: {len(sizes)}")
    place = 1 if data_format == "channels_first" else -1
    size = sizes[place]
    if size is None:
        raise ValueError(f"dimension {place} of shape must be known but is None: {tuple(sizes)}")
    return int(size)


def known_sizes(shape: Any) -> list[Any]:
    """Returns the sizes of a static shape, `None` for those that are not known.

    Raises:
        ValueError: If the rank is unknown.
    """
    if shape is None or getattr(shape, "rank", 0) is None:
        raise ValueError("dims of shape must be known but is None")
    return list(shape.as_list() if hasattr(shape, "as_list") else shape)


def two_element_tuple(int_or_tuple: Any) -> tuple[Any, Any]:
    """Returns a pair: of the two values given, or of one integer twice.

    Raises:
        ValueError: If it is neither an integer nor two values.
    """
    if isinstance(int_or_tuple, list | tuple):
        if len(int_or_tuple) != 2:
            raise ValueError(f"Must be a list with 2 elements: {int_or_tuple}")
        return int(int_or_tuple[0]), int(int_or_tuple[1])
    if isinstance(int_or_tuple, int):
        return int(int_or_tuple), int(int_or_tuple)
    if hasattr(int_or_tuple, "as_list") and int_or_tuple.rank == 2:  # a tf.TensorShape
        return int_or_tuple[0], int_or_tuple[1]
    raise ValueError("Must be an int, a list with 2 elements or a TensorShape of length 2")


def n_positive_integers(n: int, value: Any) -> tuple[int, ...]:
    """Returns `n` positive integers: those given, or one of them `n` times.

    Raises:
        ValueError: If `n` is no positive integer, or `value` neither one nor `n` of them.
    """
    if int(n) != n or n < 1:
        raise ValueError("n must be a positive integer")
    expected = f"Expected sequence of {int(n)} positive integers, but received {value!r}"
    try:
        integers = (int(value),) * int(n)
    except (TypeError, ValueError):
        if len(value) != n:
            raise ValueError(expected) from None
        try:
            integers = tuple(int(element) for element in value)
        except (TypeError, ValueError):
            raise ValueError(expected) from None
    for integer in integers:
        if integer < 1:
            raise ValueError(f"expected positive integer, but received {integer}")
    return integers


def whole(name: str, size: Any) -> Any:
    """Returns a size, or a sequence of sizes, with integers in place of whole floats.

    TF 1 took `16.0` for 16, which `depth / 2` gives in Python 3; Keras does not.

    Args:
        name: What the size is of.
        size: A number, a sequence of numbers, or anything else, which stays.

    Raises:
        ValueError: If a number is not whole.
    """
    if hasattr(size, "tolist"):
        size = size.tolist()
    if isinstance(size, list | tuple):
        sizes = [whole(name, element) for element in size]
        return tuple(sizes) if isinstance(size, tuple) else sizes
    if not isinstance(size, numbers.Real):
        return size
    if size % 1 != 0:
        raise ValueError(f"{name} should be whole, got {size}.")
    return math.trunc(size)
