"""Which functions of Python 2, NumPy and TensorFlow 1 give ints or floats, by their names.

An array or a tensor counts as what its elements are: `/` asks no more of it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Literal

Kind = Literal["int", "float", "", "pending"]

PENDING: Kind = "pending"  # a name that waits for its own binding: says nothing yet

_INTS = frozenset({"int", "len", "long", "ord", "tensorflow.shape", "tensorflow.size"})
CONSTANTS = frozenset({"math.e", "math.pi", "numpy.e", "numpy.inf", "numpy.nan", "numpy.pi"})
_UNARY = "cos cosh exp log sin sinh sqrt tan tanh"
# Functions that give floats (or tensors and arrays of them) for whatever they take.
_FLOATS = frozenset(
    """
    float round time.time time.clock random.random random.uniform random.gauss
    math.acos math.asin math.atan math.atan2 math.ceil math.fabs math.floor math.fmod math.hypot
    math.log10 math.pow
    numpy.arccos numpy.arcsin numpy.arctan numpy.arctan2 numpy.average numpy.expm1 numpy.float32
    numpy.float64 numpy.hypot numpy.linalg.norm numpy.log10 numpy.log1p numpy.log2 numpy.median
    numpy.random.normal numpy.random.rand numpy.random.randn numpy.random.random
    numpy.random.random_sample numpy.random.uniform
    tensorflow.expm1 tensorflow.log1p tensorflow.nn.l2_loss tensorflow.nn.l2_normalize
    tensorflow.nn.sigmoid tensorflow.nn.sigmoid_cross_entropy_with_logits tensorflow.nn.softmax
    tensorflow.nn.softmax_cross_entropy_with_logits tensorflow.nn.softplus
    tensorflow.nn.sparse_softmax_cross_entropy_with_logits tensorflow.nn.tanh tensorflow.norm
    tensorflow.random_normal tensorflow.rsqrt tensorflow.sigmoid tensorflow.to_double
    tensorflow.to_float tensorflow.truncated_normal
    """.split()
) | {f"{module}.{name}" for module in ("math", "numpy", "tensorflow") for name in _UNARY.split()}
# With a dtype that says it; where there is none, NumPy's and TensorFlow's default is float.
_FLOAT_BY_DTYPE = {
    "tensorflow.cast": 1,
    "tensorflow.placeholder": 0,
    "tensorflow.random_uniform": 3,
    "numpy.zeros": 1,
    "numpy.ones": 1,
    "numpy.empty": 1,
    "tensorflow.zeros": 1,
    "tensorflow.ones": 1,
    "numpy.mean": 2,
    "numpy.std": 2,
    "numpy.var": 2,
    "numpy.linspace": 5,
}
_NEEDS_DTYPE = frozenset({"tensorflow.cast", "tensorflow.placeholder"})
# What their first argument is, or their dtype, which is at this place.
_KEEPING = {
    "numpy.array": 1,
    "numpy.asarray": 1,
    "numpy.sum": 2,
    "numpy.prod": 2,
    "numpy.cumsum": 2,
    "tensorflow.constant": 1,
    "tensorflow.convert_to_tensor": 1,
} | dict.fromkeys(
    """
    numpy.abs numpy.absolute numpy.amax numpy.amin numpy.clip numpy.copy numpy.expand_dims
    numpy.max numpy.min numpy.repeat numpy.reshape numpy.square numpy.squeeze numpy.tile
    numpy.transpose
    tensorflow.abs tensorflow.clip_by_value tensorflow.expand_dims tensorflow.gather
    tensorflow.identity tensorflow.negative tensorflow.pad tensorflow.reduce_max
    tensorflow.reduce_mean tensorflow.reduce_min tensorflow.reduce_prod tensorflow.reduce_sum
    tensorflow.reshape tensorflow.slice tensorflow.square tensorflow.squeeze
    tensorflow.stop_gradient tensorflow.tile tensorflow.transpose
    """.split()
)
# Floats as soon as one of their first two arguments is.
_MIXING = frozenset(
    f"{module}.{name}"
    for module in ("numpy", "tensorflow")
    for name in "add maximum minimum multiply subtract".split()
) | {"numpy.dot", "tensorflow.matmul"}
_FLOAT_DTYPES = frozenset({"float", "float16", "float32", "float64", "half", "double"})
# Methods of arrays of floats that give such arrays, or numbers out of them.
_METHODS = frozenset(
    """
    clip copy cumsum dot flatten max mean min prod ravel repeat reshape squeeze std sum transpose
    var
    """.split()
)


def same(kinds: list[Kind]) -> Kind:
    """The one kind of all that something may be."""
    found = set(kinds)
    known = found - {PENDING}
    if not known:
        return PENDING if found else ""
    return known.pop() if len(known) == 1 else ""


def given(name: str, call: ast.Call, of: Callable[[ast.expr], Kind]) -> Kind:
    """What a function gives.

    Args:
        name: Its name in the module that it is of; "" where that is unknown.
        call: The call.
        of: Tells the kind of an expression.
    """
    if name in _INTS:
        return "int"
    if name in _FLOATS:
        return "float"
    if name in ("abs", "max", "min", "sum") and call.args:
        return same([*map(of, call.args)]) if len(call.args) > 1 or name == "abs" else ""
    if name in _FLOAT_BY_DTYPE:
        says = _says_float(call, _FLOAT_BY_DTYPE[name])
        return "float" if says or (says is None and name not in _NEEDS_DTYPE) else ""
    if name in _KEEPING and call.args:
        place = _KEEPING[name]
        says = _says_float(call, place) if place else None
        return _only_float([of(call.args[0])]) if says is None else "float" if says else ""
    if name in _MIXING:
        return _only_float([*map(of, call.args[:2])])
    return _of_method(call, of)


def _of_method(call: ast.Call, of: Callable[[ast.expr], Kind]) -> Kind:
    """What a method of an array gives: `probabilities.sum(axis=1)`, `x.astype(np.float32)`."""
    if not isinstance(call.func, ast.Attribute):
        return ""
    if call.func.attr == "astype":
        return "float" if _says_float(call, 0) else ""
    told = any(k.arg in (None, "dtype") for k in call.keywords)
    if call.func.attr not in _METHODS or told or len(call.args) > 1:
        return ""
    return _only_float([of(call.func.value)])


def _only_float(kinds: list[Kind]) -> Kind:
    """Floats stay what they are; of ints nobody knows, since lists have arguments of their own."""
    if "float" in kinds:
        return "float"
    return PENDING if PENDING in kinds else ""


def _says_float(call: ast.Call, place: int) -> bool | None:
    """Whether a call says that its dtype is a float one; None where it says nothing."""
    values = [k.value for k in call.keywords if k.arg == "dtype"] or call.args[place : place + 1]
    if not values:
        unsure = any(k.arg is None for k in call.keywords) or any(
            isinstance(argument, ast.Starred) for argument in call.args
        )
        return False if unsure else None
    match values[0]:
        case ast.Attribute(attr=name) | ast.Name(id=name) | ast.Constant(value=str(name)):
            return name in _FLOAT_DTYPES
    return False
