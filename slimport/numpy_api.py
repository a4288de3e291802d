"""Names of NumPy that TF 1 code uses and that NumPy 1.24 or 2.0 took away or gave another meaning.

Only exact aliases: under NumPy 1.18 each name is the very object that it leads to here, or a
function that does nothing but call it.
"""

# verify's stand-in loads this file under CPython 3.7 as well.

from __future__ import annotations

from collections.abc import Iterator

# `numpy.int` was Python's own int: gone in 1.24. (NumPy 2 has another `bool` and `long`.)
BUILTINS = {
    "bool": "bool",
    "complex": "complex",
    "float": "float",
    "int": "int",
    "long": "int",
    "object": "object",
    "str": "str",
    "unicode": "str",
}
# Gone in 2.0: the name that stays, in NumPy 1 as well.
RENAMED = {
    "Inf": "inf",
    "Infinity": "inf",
    "NAN": "nan",
    "NINF": "-inf",
    "NaN": "nan",
    "PINF": "inf",
    "alltrue": "all",
    "bool8": "bool_",
    "bytes0": "bytes_",
    "cfloat": "complex128",
    "clongfloat": "clongdouble",
    "complex_": "complex128",
    "cumproduct": "cumprod",
    "float_": "float64",
    "infty": "inf",
    "int0": "intp",
    "longcomplex": "clongdouble",
    "longfloat": "longdouble",
    "mat": "asmatrix",
    "object0": "object_",
    "product": "prod",
    "round_": "round",
    "singlecomplex": "complex64",
    "sometrue": "any",
    "str0": "str_",
    "string_": "bytes_",
    "uint0": "uintp",
    "unicode_": "str_",
    "void0": "void",
}

# Functions that stay and whose keywords are gone: `np.reshape(x, newshape=s)`, in 2.4.
CALLS = ("reshape",)


def old_name(dotted: str) -> bool:
    """Whether an absolute dotted name is one of these, or a function that has lost keywords.

    >>> old_name("numpy.int"), old_name("numpy.int64"), old_name("jax.numpy.int")
    (True, False, False)
    """
    package, _, name = dotted.partition(".")
    return package == "numpy" and (name in BUILTINS or name in RENAMED or name in CALLS)


def old_names() -> Iterator[str]:
    """All of them but functions that stay, with the package."""
    return (f"numpy.{name}" for name in (*BUILTINS, *RENAMED))


def is_numpy(api: str) -> bool:
    """Whether a canonical name is NumPy's."""
    return api.startswith("numpy.")
