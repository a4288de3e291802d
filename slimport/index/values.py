"""What an expression may be worth, as far as one file shows: a float, a tensor, whole numbers ...

Names are followed to what the file assigns to them. What comes from elsewhere (parameters without
a default, attributes, other files) is unknown.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from slimport.index.names import (
    Assigned,
    Defined,
    Imported,
    Scope,
    Unpacked,
    defaults_of,
    dotted_parts,
)
from slimport.index.walking import all_of

# Names that are being followed already: `depth = depth / 2` refers to itself.
_Seen = frozenset[tuple[Scope, str]]
_Value = tuple[ast.expr | None, Scope, _Seen]

_OF_ARGUMENTS = frozenset("abs list max min pow reversed set sorted sum tuple".split())
# Functions of NumPy or math that give floats for integers. math's ceil and floor give integers.
_FLOATS_OF_MATH = frozenset("exp log log2 pow sqrt".split())
_FLOATS_OF_NUMPY = _FLOATS_OF_MATH | frozenset("around ceil divide floor rint true_divide".split())
# TensorFlow's functions that may give a size. What is seen of a file must be the same before and
# after it is rewritten: those of _WRITTEN move to the written module, see `_makes_tensor`.
_TENSORS = frozenset(
    """
    add cast ceil concat constant convert_to_tensor div divide expand_dims fill floor
    floor_div floordiv floormod gather identity linspace lin_space maximum minimum mod multiply
    negative normal ones ones_like pack pad placeholder placeholder_with_default range random_normal
    random_uniform rank reduce_max reduce_mean reduce_min reduce_prod reduce_sum reshape round shape
    shape_n size slice split squeeze stack subtract tile to_float to_int32 to_int64 transpose
    truncatediv uniform unpack unstack where zeros zeros_like
    """.split()
)

_WRITTEN = [
    [name]
    for name in "convert_to_tensor dynamic_concat dynamic_reshape dynamic_shape dynamic_sizes "
    "dynamic_stack dynamic_unstack gather identity slice_tensor split".split()
]
_TENSOR_LISTS = frozenset("shape_n split unpack unstack".split())
# Functions of TensorFlow that give whole numbers, and those that give what they are given.
_BYTES = frozenset("decode_gif decode_image decode_jpeg decode_png".split())
_INTEGERS = _BYTES | frozenset(
    "argmax argmin bincount count_nonzero rank shape size to_int32 to_int64".split()
)
_SMALL_TYPES = frozenset("int8 int16 uint8 uint16".split())
_LARGE_TYPES = frozenset("int32 int64 uint32 uint64".split())
_FLOAT_TYPES = frozenset("bfloat16 float16 float32 float64 half double".split())
_OF_ONE_TYPE = frozenset(
    """
    abs add clip_by_value concat expand_dims fill floordiv gather identity maximum minimum multiply
    negative ones_like pad reduce_max reduce_mean reduce_min reduce_prod reduce_sum reshape reverse
    sign slice split square squeeze stack stop_gradient subtract tile transpose unstack where
    zeros_like
    """.split()
)


def may_be_float(node: ast.expr, scope: Scope, seen: _Seen = frozenset()) -> bool:
    """Whether the file shows that a float may come out: ``depth / 2``, ``0.5 * depth``.

    >>> from slimport.index.names import ScopeBuilder
    >>> module = ScopeBuilder(ast.parse("half = 16 / 2")).module
    >>> may_be_float(ast.Name("half"), module)
    True
    """
    return any(_is_float(*value) for value in _values(node, scope, seen))


def may_be_tensor(
    node: ast.expr, scope: Scope, seen: _Seen = frozenset(), or_array: bool = False
) -> bool:
    """Whether the file shows that a tensor may come out or be in a list.

    Args:
        node: the expression.
        scope: where it stands.
        seen: names that are being followed.
        or_array: whether an array of NumPy counts as well.
    """
    return any(_is_tensor(*value, or_array) for value in _values(node, scope, seen))


def is_tensor(node: ast.expr, scope: Scope, seen: _Seen = frozenset()) -> bool:
    """Whether the file shows that a tensor comes out, whichever way it runs.

    >>> from slimport.index.names import ScopeBuilder
    >>> module = ScopeBuilder(ast.parse("import tensorflow as tf; s = tf.shape(x)")).module
    >>> is_tensor(ast.parse("s[3] * 2", mode="eval").body, module)
    True
    """
    found = list(_values(node, scope, seen))
    return bool(found) and all(_is_surely_tensor(*value) for value in found)


def _is_surely_tensor(node: ast.expr | None, scope: Scope, seen: _Seen) -> bool:
    match node:
        case ast.Call(function):
            package, *names = named(function, scope)
            known = package == "tensorflow" and "contrib" not in names
            return known and names[-1] in _TENSORS - _TENSOR_LISTS
        case ast.BinOp(left, _, right):
            return is_tensor(left, scope, seen) or is_tensor(right, scope, seen)
        case ast.Subscript(value) | ast.UnaryOp(ast.USub(), value):
            return is_tensor(value, scope, seen)
    return False


def may_be_integers(
    node: ast.expr, scope: Scope, seen: _Seen = frozenset(), small: bool = False
) -> bool:
    """Whether the file shows that a tensor of whole numbers may come out.

    Args:
        node: the expression.
        scope: where it stands.
        seen: names that are being followed.
        small: whether only those of one or two bytes count.

    >>> from slimport.index.names import ScopeBuilder
    >>> module = ScopeBuilder(ast.parse("import tensorflow as tf; n = tf.cast(x, tf.int32)")).module
    >>> may_be_integers(ast.parse("tf.concat([n, n], 0)", mode="eval").body, module)
    True
    """
    return any(_has_integers(*value, small) for value in _values(node, scope, seen))


def is_list_of_numbers(node: ast.expr, scope: Scope, seen: _Seen = frozenset()) -> bool:
    """Whether the file shows a list of Python's (or an array of NumPy), whatever its numbers."""
    found = list(_values(node, scope, seen))
    return bool(found) and all(_is_list(*value) for value in found)


def is_number(node: ast.expr, scope: Scope, seen: _Seen = frozenset()) -> bool:
    """Whether the file shows one number, neither a list nor an array of them.

    >>> from slimport.index.names import ScopeBuilder
    >>> module = ScopeBuilder(ast.parse("import math; bias = -math.log(99 / 1)")).module
    >>> is_number(ast.Name("bias"), module)
    True
    """
    found = list(_values(node, scope, seen))
    return bool(found) and all(_is_number(*value) for value in found)


def values_of(node: ast.expr, scope: Scope) -> list[tuple[ast.expr | None, Scope]]:
    """What an expression may stand for, and where that stands; None for what nobody sees."""
    return [(value, where) for value, where, _ in _values(node, scope, frozenset())]


def _is_number(node: ast.expr | None, scope: Scope, seen: _Seen) -> bool:
    match node:
        case ast.Constant(value):
            return isinstance(value, int | float)
        case ast.BinOp(left, _, right):
            return is_number(left, scope, seen) and is_number(right, scope, seen)
        case ast.UnaryOp(_, value):
            return is_number(value, scope, seen)
        case ast.Call(ast.Name("float" | "int" | "len")):
            return True
        case ast.Call(ast.Attribute() as function, arguments):
            package, *names = named(function, scope)
            numbers = all(is_number(argument, scope, seen) for argument in arguments)
            return package == "math" or (
                package == "numpy" and names[-1] in _FLOATS_OF_NUMPY and numbers
            )
    return False


def _is_float(node: ast.expr | None, scope: Scope, seen: _Seen) -> bool:
    def among(*nodes: ast.expr) -> bool:
        return any(may_be_float(child, scope, seen) for child in nodes)

    match node:
        case ast.Constant(value):
            return isinstance(value, float)
        case ast.BinOp(left, op, right):
            return isinstance(op, ast.Div) or among(left, right)
        case ast.Call(ast.Name("float")):
            return True
        case ast.Call(ast.Name(name), arguments) if name in _OF_ARGUMENTS:
            return among(*arguments)
        case ast.Call(ast.Attribute(ast.Name(), name) as function):
            known = {"math": _FLOATS_OF_MATH, "numpy": _FLOATS_OF_NUMPY}
            return name in known.get(named(function, scope)[0], ())
        case ast.Call(ast.Name(name)):
            return any(may_be_float(*result) for result in _results(name, scope, seen))
    return among(*_parts(node))


def _is_tensor(node: ast.expr | None, scope: Scope, seen: _Seen, or_array: bool) -> bool:
    def among(*nodes: ast.expr) -> bool:
        return any(may_be_tensor(child, scope, seen, or_array) for child in nodes)

    match node:
        case ast.BinOp(left, _, right):
            return among(left, right)
        case ast.Call(ast.Name(name), arguments) if name in _OF_ARGUMENTS:
            return among(*arguments)
        case ast.Call(function):
            if _makes_tensor(function, scope, or_array):
                return True
            name = function.id if isinstance(function, ast.Name) else ""
            results = _results(name, scope, seen)
            return any(may_be_tensor(*result, or_array) for result in results)
    return among(*_parts(node))


def _has_integers(node: ast.expr | None, scope: Scope, seen: _Seen, small: bool) -> bool:
    def among(*nodes: ast.expr) -> bool:
        return any(may_be_integers(child, scope, seen, small) for child in nodes)

    match node:
        case ast.BinOp(left, op, right):
            return not isinstance(op, ast.Div) and among(left, right)
        case ast.Call(function, arguments, keywords):
            package, *names = named(function, scope)
            if package != "tensorflow" or "contrib" in names:
                return False
            given = [*arguments, *(keyword.value for keyword in keywords)]
            types = {_type_name(value) for value in given}
            if types & _FLOAT_TYPES:
                return False
            if types & (_SMALL_TYPES if small else _SMALL_TYPES | _LARGE_TYPES):
                return True
            if names[-1] in (_BYTES if small else _INTEGERS):
                return True
            return names[-1] in _OF_ONE_TYPE and among(*given)
    return among(*_parts(node))


def _type_name(node: ast.expr) -> str:
    """``int32`` of both ``tf.int32`` and ``"int32"``."""
    match node:
        case ast.Attribute(_, name) | ast.Constant(str(name)):
            return name
    return ""


def _is_list(node: ast.expr | None, scope: Scope, seen: _Seen) -> bool:
    match node:
        case ast.List() | ast.Tuple() | ast.ListComp():
            return not may_be_tensor(node, scope, seen)
        case ast.BinOp(left, ast.Add(), right):
            return all(is_list_of_numbers(side, scope, seen) for side in (left, right))
        case ast.BinOp(left, ast.Mult(), right):
            return any(is_list_of_numbers(side, scope, seen) for side in (left, right))
        case ast.Call(ast.Name("list" | "tuple"), [argument]):
            return is_list_of_numbers(argument, scope, seen)
        case ast.Call(function):
            return named(function, scope)[0] == "numpy"
    return False


def _parts(node: ast.expr | None) -> list[ast.expr]:
    """The expressions that make up a value."""
    match node:
        case ast.List(elements) | ast.Tuple(elements):
            return elements
        case ast.Starred(value) | ast.UnaryOp(_, value) | ast.Subscript(value):
            return [value]
        case ast.ListComp(element, loops) | ast.GeneratorExp(element, loops):
            return [element, *(loop.iter for loop in loops)]
    return []


def _values(node: ast.expr, scope: Scope, seen: _Seen) -> Iterator[_Value]:
    """What an expression may stand for, None for what nobody sees."""
    match node:
        case ast.Name(name):
            yield from _bound(name, scope, seen)
        case ast.IfExp(_, body, orelse):
            yield from _values(body, scope, seen)
            yield from _values(orelse, scope, seen)
        case ast.BoolOp(_, operands):
            for operand in operands:
                yield from _values(operand, scope, seen)
        case _:
            yield node, scope, seen


def _bound(name: str, scope: Scope, seen: _Seen) -> Iterator[_Value]:
    found = scope.lookup(name)
    if found is None:
        yield None, scope, seen
        return
    where, bindings = found
    if (where, name) in seen:
        return
    seen |= {(where, name)}
    for binding in bindings:
        match binding:
            case Assigned(value):
                yield from _values(value, where, seen)
            case Unpacked(value, position):
                for element in _unpacked(value, position):
                    yield from _values(element, where, seen)
            case Imported() | Defined():
                yield None, where, seen
            case _:
                yield from _otherwise(name, where, seen)


def _unpacked(value: ast.expr, position: int | None) -> list[ast.expr]:
    """The elements of a list that is written out, the value itself if it is not."""
    if not isinstance(value, ast.List | ast.Tuple):
        return [value]
    return value.elts if position is None else value.elts[position : position + 1]


def _otherwise(name: str, scope: Scope, seen: _Seen) -> Iterator[_Value]:
    """A parameter's default, ``name /= 2``, ``a = name = 3``, and what comes from elsewhere."""
    yield None, scope, seen
    if isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        default = dict(defaults_of(scope.node.args)).get(name)
        if default is not None:
            yield from _values(default, scope.parent or scope, seen)
    for node in all_of(scope.node, ast.AugAssign, ast.Assign):
        match node:
            case ast.AugAssign(ast.Name(target), op, value) if target == name:
                yield ast.BinOp(ast.Name(name), op, value), scope, seen
            case ast.Assign([_, _, *_] as targets, value):
                if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                    yield from _values(value, scope, seen)


def _results(name: str, scope: Scope, seen: _Seen) -> Iterator[tuple[ast.expr, Scope, _Seen]]:
    """What a function of the file returns."""
    found = scope.lookup(name)
    if found is None or (found[0], name) in seen:
        return
    where, bindings = found
    seen |= {(where, name)}
    for binding in bindings:
        match binding:
            case Assigned(ast.Lambda(body=body)):
                yield body, where, seen
            case Defined(ast.FunctionDef() as function):
                for node in all_of(function, ast.Return):
                    if node.value is not None:
                        yield node.value, where, seen


def _makes_tensor(function: ast.expr, scope: Scope, or_array: bool) -> bool:
    package, *names = named(function, scope)
    if package == "tensorflow":
        return "contrib" not in names and names[-1] in _TENSORS
    if names in _WRITTEN and package != "numpy":  # the written module may have any name
        return True
    return (package == "keras" and "ops" in names) or (package == "numpy" and or_array)


def named(function: ast.expr, scope: Scope) -> list[str]:
    """The parts of the absolute name that an import gives a function; ``[""]`` without one.

    A package alone is no function, also where code calls it: ``tf(x)``.
    """
    chain = dotted_parts(function)
    found = scope.lookup(chain[0].id) if chain is not None else None
    for binding in found[1] if found is not None else ():
        if isinstance(binding, Imported) and chain is not None:
            parts = [*binding.dotted.split("."), *chain[1]]
            return parts if len(parts) > 1 else [""]
    return [""]
