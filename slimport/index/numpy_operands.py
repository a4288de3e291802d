"""NumPy's values beside tensors: Keras computes in the type of both, TF 1 in that of the tensor."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from slimport.index.modules import Module
from slimport.index.names import Scope
from slimport.index.values import named, values_of
from slimport.index.walking import all_of, own_of

# Functions of TensorFlow that compute with several values, or put them together.
_JOINING = frozenset(
    "add clip_by_value concat div divide maximum minimum multiply pow realdiv squared_difference "
    "stack subtract truediv where".split()
)
# What gives a number of Python's, a list of these, or a text.
_OF_PYTHON = frozenset("bool float int len list max min range round str sum tuple".split())
_PYTHON_METHODS = frozenset("as_list format get get_shape item join keys tolist values".split())
# Types whose values Keras takes in the type of a tensor of float32.
_SMALL_TYPES = frozenset("float16 float32 int8 int16 int32 int64 uint8 uint16 uint32".split())
_DOUBLES, _OTHERS = "doubles", "others"
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
# Values that are being followed already: `x = x * 2` refers to itself.
_Seen = frozenset[tuple[type[ast.expr], ast.expr]]
# Functions of NumPy that give what they are given, by type.
_OF_ONE_TYPE = frozenset("abs arange array asarray full maximum minimum reshape sum".split())
_INTEGERS = frozenset("argmax argmin argsort prod shape size".split())


def numpy_operands(node: ast.AST, module: Module) -> Iterator[str]:
    """Yields why a function that computes with values of NumPy cannot run on KerasTensors.

    ``x * np.sqrt(.5)`` is of float64 in Keras, where TF 1 and TensorFlow 2 take the number in the
    type of `x`; ``np.sqrt(.5) * x`` is a product of NumPy's, which fails on a KerasTensor.

    Args:
        node: The function, or a module.
        module: Its file.
    """
    if not any(name in module.words for name in ("np", "numpy", "onp")):
        return
    scope_of = module.scopes.scope_of
    for found in own_of(node, ast.BinOp):
        if _is_joined(found, scope_of[found]):
            yield f"{ast.unparse(found)} has the type of NumPy's value on KerasTensors"
    for call in own_of(node, ast.Call):
        if _takes_doubles(call, scope_of[call]):
            yield f"{ast.unparse(call)} has the type of NumPy's value on KerasTensors"


def _is_joined(node: ast.BinOp, scope: Scope) -> bool:
    """Whether a tensor may meet a value of NumPy that goes before it, or that has doubles."""
    if _kind(node.left, scope):
        return _may_be_tensor(node.right, scope)
    return _kind(node.right, scope) == _DOUBLES and _may_be_tensor(node.left, scope)


def _takes_doubles(call: ast.Call, scope: Scope) -> bool:
    package, *names = named(call.func, scope)
    if package != "tensorflow" or names[-1] not in _JOINING:
        return False
    given = [part for argument in call.args for part in getattr(argument, "elts", [argument])]
    doubles = any(_kind(part, scope) == _DOUBLES for part in given)
    return doubles and any(_may_be_tensor(part, scope) for part in given)


def _kind(node: ast.expr, scope: Scope, seen: _Seen = frozenset()) -> str:
    """What the file shows of a value of NumPy; "" for all that is none: ``2 * SCALE[0]``."""
    kinds = {
        _kind_of(value, where, seen | {_key(value)})
        for value, where in values_of(node, scope)
        if value is not None and _key(value) not in seen
    }
    return next((kind for kind in (_DOUBLES, _OTHERS) if kind in kinds), "")


def _key(node: ast.expr) -> tuple[type[ast.expr], ast.expr]:
    """What an expression is known by: that of ``x *= 2`` is made anew whenever it is asked for."""
    return type(node), node.right if isinstance(node, ast.BinOp) else node


def _kind_of(node: ast.expr, scope: Scope, seen: _Seen) -> str:
    match node:
        case ast.UnaryOp(_, value) | ast.Subscript(value) | ast.Attribute(value, "T"):
            return _kind(value, scope, seen)
        case ast.BinOp(left, _, right):
            kinds = [_kind(side, scope, seen) for side in (left, right)]
            if not all(kinds) and _may_be_tensor(right if kinds[0] else left, scope, seen):
                return ""
            return max(kinds, key=["", _OTHERS, _DOUBLES].index)
        case ast.Call(function, arguments):
            package, *names = named(function, scope)
            if package == "numpy" and names:
                return _kind_of_numpy(names[-1], node, scope, seen)
            if isinstance(function, ast.Attribute) and function.attr not in _PYTHON_METHODS:
                kind = _kind(function.value, scope, seen)
                of_type = function.attr == "astype" and _has_small_type(arguments)
                return _OTHERS if kind and of_type else kind
    return ""


def _kind_of_numpy(name: str, call: ast.Call, scope: Scope, seen: _Seen) -> str:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    if name in _SMALL_TYPES | _INTEGERS or _has_small_type(given):
        return _OTHERS
    if name in _OF_ONE_TYPE and given:
        inner = _kind(given[0], scope, seen)
        return inner or (_OTHERS if _holds_integers(given[0]) else _DOUBLES)
    return _DOUBLES


def _has_small_type(given: list[ast.expr]) -> bool:
    """Whether a type stands among arguments: ``np.float32``, ``tf.int32.as_numpy_dtype``."""
    parts = (ast.unparse(value).strip("'").split(".") for value in given)
    return any(not _SMALL_TYPES.isdisjoint(words) for words in parts)


def _holds_integers(node: ast.expr) -> bool:
    numbers = [n for n in all_of(node, ast.Constant) if not isinstance(n.value, int)]
    return not numbers and not all_of(node, ast.Name, ast.Call, ast.Attribute)


def _may_be_tensor(node: ast.expr, scope: Scope, seen: _Seen = frozenset()) -> bool:
    """Whether nothing in the file says that a value is a number, a text or NumPy's."""
    values = values_of(node, scope)
    known = [(v, where) for v, where in values if v is not None and _key(v) not in seen]
    if any(value is None and isinstance(where.node, _FUNCTIONS) for value, where in values):
        return not any(isinstance(value, ast.Constant) and value.value for value, _ in known)
    return any(_is_tensor(value, where, seen | {_key(value)}) for value, where in known)


def _is_tensor(node: ast.expr, scope: Scope, seen: _Seen) -> bool:
    match node:
        case ast.UnaryOp(_, value) | ast.Subscript(value):
            return _may_be_tensor(value, scope, seen)
        case ast.BinOp(left, _, right):
            return any(_may_be_tensor(side, scope, seen) for side in (left, right))
        case ast.Call(ast.Name(name)) if name in _OF_PYTHON:
            return False
        case ast.Call(ast.Attribute(_, name)) if name in _PYTHON_METHODS:
            return False
        case ast.Call(function):
            of_numbers = named(function, scope)[0] in ("math", "numpy", "random")
            return not of_numbers and not _kind_of(node, scope, seen)
        case ast.Attribute(ast.Name("self"), name):
            return name != "shape"
    return False
