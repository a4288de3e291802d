"""What a file of weights holds, and what a reader of one kind of file must answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from slimport.weights.errors import WeightsError

#: numpy's name of each number that TensorFlow's DataType has, its own where numpy has none.
DTYPES = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    7: "string",
    8: "complex64",
    9: "int64",
    10: "bool",
    11: "qint8",
    12: "quint8",
    13: "qint32",
    14: "bfloat16",
    15: "qint16",
    16: "quint16",
    17: "uint16",
    18: "complex128",
    19: "float16",
    20: "resource",
    21: "variant",
    22: "uint32",
    23: "uint64",
}

#: Bytes of one value, for what numpy does not know.
_OTHER_SIZES = {"bfloat16": 2, "qint8": 1, "quint8": 1, "qint16": 2, "quint16": 2, "qint32": 4}


class SourceError(WeightsError):
    """A file that cannot be read; the message says what is wrong with it and what to do."""


@dataclass(frozen=True)
class Stored:
    """A variable of a file. `dtype` is numpy's name, or TensorFlow's ("bfloat16", "string")."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> int:
        """The number of its values."""
        count = 1
        for length in self.shape:
            count *= length
        return count

    @property
    def nbytes(self) -> int | None:
        """The bytes of its values; None where they have no fixed length."""
        one = bytes_of(self.dtype)
        return None if one is None else self.size * one


def bytes_of(dtype: str) -> int | None:
    """Returns the bytes of one value, None for strings and other things without a length."""
    import numpy as np

    if dtype in _OTHER_SIZES:
        return _OTHER_SIZES[dtype]
    if dtype not in DTYPES.values() or dtype in ("string", "resource", "variant"):
        return None
    return int(np.dtype(dtype).itemsize)


def is_numpy(dtype: str) -> bool:
    """Tells whether numpy itself has a dtype and its values have a fixed length."""
    return dtype not in _OTHER_SIZES and bytes_of(dtype) is not None


def dtype_name(number: int) -> str:
    """Returns the name of a number of DataType; variables of TF 1's graphs have it plus 100."""
    return DTYPES.get(number % 100, f"type {number}")


class Source(Protocol):
    """An open file of weights.

    `path` is what is read (a checkpoint's prefix), `kind` how its format is called, `variables`
    its variables in the order of their names.
    """

    path: Path
    kind: str
    variables: Mapping[str, Stored]

    def read(self, name: str) -> Any:
        """Reads one variable into a new array, and keeps nothing. SourceError if it is damaged."""
        ...
