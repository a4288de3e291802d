"""Values from a file into a model, one variable at a time, and the proof that they are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from slimport.weights.sources import Source

Array = np.ndarray[Any, Any]

#: Called with the name of a variable and its bytes, once it is done.
Tick = Callable[[str, int], None]

# Elements that are compared at once: a comparison needs little beside the values themselves.
_CHUNK = 1 << 20


def assign(
    source: Source, matched: Mapping[str, str], variables: Mapping[str, Any], tick: Tick
) -> None:
    """Gives variables their values.

    Args:
        source: The file.
        matched: Names in the file by the names of the variables.
        variables: Keras variables by these names.
        tick: Told of each.

    Raises:
        SourceError: A value cannot be read.
    """
    for name, stored in matched.items():
        tick(name, _assign_one(source, stored, variables[name]))


def _assign_one(source: Source, stored: str, variable: Any) -> int:
    """A function of its own, so that a value is gone before the next one is read."""
    value = source.read(stored)
    variable.assign(value)
    return int(value.nbytes)


def differing(
    source: Source, matched: Mapping[str, str], variables: Mapping[str, Any], tick: Tick
) -> list[str]:
    """Returns the variables that do not hold the bits of the file."""
    found = []
    for name, stored in matched.items():
        is_equal = same_bits(source.read(stored), held(variables[name]))
        if not is_equal:
            found.append(name)
        tick(name, source.variables[stored].nbytes or 0)
    return found


def held(variable: Any) -> Array:
    """The value of a Keras variable, without a copy of it; not to be written to."""
    import tensorflow as tf

    tensor = tf.convert_to_tensor(variable)
    if tensor.dtype == tf.bfloat16 or tensor.shape.rank == 0:
        return np.asarray(tensor.numpy())
    return np.asarray(memoryview(tensor))


def same_bits(one: Array, other: Array) -> bool:
    """Whether two arrays are of one dtype and shape and equal to the bit, NaN and -0.0 included."""
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return False
    flat, beside = (
        np.ascontiguousarray(x).reshape(-1).view(np.uint8)  # a bit for a bit, whatever the dtype
        for x in (one, other)
    )
    starts = range(0, flat.size, _CHUNK)
    return all(np.array_equal(flat[i : i + _CHUNK], beside[i : i + _CHUNK]) for i in starts)


def forget(variables: Mapping[str, Any]) -> None:
    """Overwrites variables, so that a value can only have come from where it is loaded next."""
    import tensorflow as tf

    for variable in variables.values():
        dtype = tf.as_dtype(variable.dtype)
        if dtype.is_bool:  # neither of the two values is wrong everywhere
            variable.assign(tf.logical_not(tf.convert_to_tensor(variable)))
            continue
        wrong = float("nan") if dtype.is_floating or dtype.is_complex else dtype.min
        variable.assign(tf.fill(variable.shape, tf.constant(wrong, dtype)))
