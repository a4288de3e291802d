"""Sizes out of ``tf.shape``: whether code uses them as sizes alone."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from slimport.index.names import Assigned, Binding, Opaque, Scope, Unpacked
from slimport.index.values import may_be_tensor, named
from slimport.index.walking import all_of, parents

_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
_WHOLE = ast.Add | ast.Sub | ast.Mult | ast.FloorDiv
# What takes them: the place of the parameter, and its name.
_TAKES = {
    "reshape": (1, "shape"),
    "image.resize_bilinear": (1, "size"),
    "image.resize_nearest_neighbor": (1, "size"),
    "image.resize_images": (1, "size"),
}
# What takes one of them, and makes a tensor of it that is no size any more.
_COUNTS = {"cast": (0, "x"), "to_double": (0, "x"), "to_float": (0, "x")}
# What puts sizes together or parts them. Sizes come out, and nothing else.
_PASSES = {
    "concat": (0, "values"),
    "convert_to_tensor": (0, "value"),
    "stack": (0, "values"),
    "unstack": (0, "value"),
}
# Names that are being followed already: `n = n * 2` refers to itself.
_Seen = frozenset[tuple[Scope, str]]


def is_size(node: ast.expr, scope: Scope, seen: _Seen = frozenset()) -> bool:
    """Whether no tensor but one of ``tf.shape`` may be in an expression.

    >>> from slimport.index.names import ScopeBuilder
    >>> text = "import tensorflow as tf; n = tf.shape(x)[0]; m = tf.size(x)"
    >>> module = ScopeBuilder(ast.parse(text)).module
    >>> [is_size(ast.parse(code, mode="eval").body, module) for code in ("[n * 2, -1]", "[m]")]
    [True, False]
    """
    if not may_be_tensor(node, scope):
        return True
    match node:
        case ast.Call(function):
            if _path(function, scope) == "shape":
                return True
            passed = _given(node, _PASSES, scope)
            # of ``stack([n, -1])`` with an unknown `n` nobody could say that it is no other tensor
            return passed is not None and of_shape(passed, scope, seen)
        case ast.Subscript(value):
            return is_size(value, scope, seen)
        case ast.BinOp(left, _, right):
            return is_size(left, scope, seen) and is_size(right, scope, seen)
        case ast.List(elements) | ast.Tuple(elements):
            return all(is_size(element, scope, seen) for element in elements)
        case ast.Name(name):
            bindings, seen = _followed(name, scope, seen)
            return all(_binds_size(binding, scope, seen) for binding in bindings)
    return False


def of_shape(node: ast.expr, scope: Scope, seen: _Seen = frozenset()) -> bool:
    """Whether sizes of ``tf.shape`` are in an expression, and no other tensor."""
    return _has_shape(node, scope, seen) and is_size(node, scope, seen)


def _has_shape(node: ast.expr, scope: Scope, seen: _Seen) -> bool:
    """Whether a ``tf.shape`` is seen in what an expression is made of.

    That it may be a tensor does not tell: ``net = tf.concat([net, side], 3)`` is one of others.
    """
    match node:
        case ast.Call(function):
            passed = _given(node, _PASSES, scope)
            found = passed is not None and _has_shape(passed, scope, seen)
            return found or _path(function, scope) == "shape"
        case ast.Subscript(value):
            return _has_shape(value, scope, seen)
        case ast.BinOp(left, _, right):
            return _has_shape(left, scope, seen) or _has_shape(right, scope, seen)
        case ast.List(elements) | ast.Tuple(elements):
            return any(_has_shape(element, scope, seen) for element in elements)
        case ast.Name(name):
            bindings, seen = _followed(name, scope, seen)
            return any(_binds_shape(binding, scope, seen) for binding in bindings)
    return False


def _binds_shape(binding: Binding, scope: Scope, seen: _Seen) -> bool:
    value = _value(binding)
    if value is None and isinstance(binding, Unpacked) and isinstance(binding.value, ast.Call):
        value = binding.value
    return value is not None and _has_shape(value, scope, seen)


def _binds_size(binding: Binding, scope: Scope, seen: _Seen) -> bool:
    value = _value(binding)
    if value is not None:
        return not isinstance(value, ast.Name) and is_size(value, scope, seen)
    match binding:
        case Unpacked(ast.Call() as call, position) if position is not None:
            return is_size(call, scope, seen)
    return False


def _followed(name: str, scope: Scope, seen: _Seen) -> tuple[Sequence[Binding], _Seen]:
    """What a name is bound to, and the names that are followed with it; nothing where it is one."""
    found = scope.lookup(name)
    if found is None:
        return [Opaque()], seen
    owner, bindings = found
    return ([], seen) if (owner, name) in seen else (bindings, seen | {(owner, name)})


def _value(binding: Binding) -> ast.expr | None:
    """The expression that a name is bound to: also its part of ``n, h = size, 2``."""
    match binding:
        case Assigned(value):
            return value
        case Unpacked(ast.Tuple(elements), int(position)) if position < len(elements):
            return elements[position]
    return None


def _is_one(node: ast.expr, scope: Scope, seen: _Seen = frozenset()) -> bool:
    """Whether what is known to be sizes is a single one, and no vector of them."""
    match node:
        case ast.Subscript(_, index):
            return not isinstance(index, ast.Slice)
        case ast.BinOp(left, _, right):
            sides = [side for side in (left, right) if may_be_tensor(side, scope)]
            return all(_is_one(side, scope, seen) for side in sides)
        case ast.Name(name):
            bindings, seen = _followed(name, scope, seen)
            return all(_binds_one(binding, scope, seen) for binding in bindings)
    return not may_be_tensor(node, scope)


def _binds_one(binding: Binding, scope: Scope, seen: _Seen) -> bool:
    value = _value(binding)
    if value is not None:
        return _is_one(value, scope, seen)
    return isinstance(binding, Unpacked)  # an entry of a vector


def used_as_size(call: ast.Call, scope: Scope) -> bool:
    """Whether what ``tf.shape`` gives is a size of ``tf.reshape`` or of resizing, or is counted.

    It may be cut, computed with whole numbers, put into lists and given names on the way. Anything
    else that gets it (a function of the program, ``tf.zeros``) may want a tensor.
    """
    inner: Scope | None = scope
    while inner is not None and not isinstance(inner.node, _FUNCTIONS):
        inner = inner.parent
    return inner is not None and _Uses(inner).only_sizes(call, frozenset())


class _Uses:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._parents = parents(scope.node)
        self._names = all_of(scope.node, ast.Name)
        bound = [node.arg for node in all_of(scope.node, ast.arg)]
        free = [node.names for node in all_of(scope.node, ast.Global)]
        free += [node.names for node in all_of(scope.node, ast.Nonlocal)]
        self._others = {*bound, *(name for names in free for name in names)}

    def only_sizes(self, node: ast.AST, seen: frozenset[str]) -> bool:
        """Whether the value of an expression goes only where sizes do."""
        parent = self._parents[node]
        match parent:
            case ast.Subscript(value, index) if value is node:
                return _is_written_out(index) and self.only_sizes(parent, seen)
            case ast.BinOp(left, op, right):
                known = isinstance(op, _WHOLE) and is_size(left, self._scope)
                return known and is_size(right, self._scope) and self.only_sizes(parent, seen)
            case ast.List() | ast.Tuple():
                statement = self._parents[parent]
                if isinstance(parent, ast.Tuple) and isinstance(statement, ast.Assign):
                    return self._unpacked(statement.targets, parent.elts, node, seen)
                return self.only_sizes(parent, seen)
            case ast.Assign([ast.Name(name)]):
                return self._named(name, seen)
            case ast.Assign([ast.Tuple(names)]):
                return all(isinstance(n, ast.Name) and self._named(n.id, seen) for n in names)
            case ast.keyword():
                return self._taken(self._parents[parent], node, seen)
        return self._taken(parent, node, seen)

    def _unpacked(
        self, targets: list[ast.expr], elements: list[ast.expr], node: ast.AST, seen: frozenset[str]
    ) -> bool:
        match targets:
            case [ast.Tuple(names)] if len(names) == len(elements):
                target = names[next(at for at, e in enumerate(elements) if e is node)]
                return isinstance(target, ast.Name) and self._named(target.id, seen)
        return False

    def _named(self, name: str, seen: frozenset[str]) -> bool:
        """Whether a name stands for sizes wherever it is bound, and each of its uses is one's."""
        if name in seen:
            return True
        loaded = [n for n in self._names if n.id == name and isinstance(n.ctx, ast.Load)]
        known = name not in self._others and is_size(ast.Name(name), self._scope)
        return known and all(self.only_sizes(node, seen | {name}) for node in loaded)

    def _taken(self, call: ast.AST, node: ast.AST, seen: frozenset[str]) -> bool:
        """Whether a call takes the expression as what it wants: sizes, or one of them to count."""
        if not isinstance(call, ast.Call):
            return False
        if _given(call, _TAKES, self._scope) is node:
            return True
        if _given(call, _PASSES, self._scope) is node:
            return of_shape(call, self._scope) and self.only_sizes(call, seen)
        counted = _given(call, _COUNTS, self._scope)
        return counted is node and of_shape(counted, self._scope) and _is_one(counted, self._scope)


def _given(call: ast.Call, table: dict[str, tuple[int, str]], scope: Scope) -> ast.expr | None:
    """What a call of one of the functions hands to its parameter; None for other calls."""
    place, keyword = table.get(_path(call.func, scope), (0, ""))
    named_ones = [k.value for k in call.keywords if keyword and k.arg == keyword]
    plain = call.args[place : place + 1] if keyword else []
    return next(iter(named_ones + plain), None)


def _path(function: ast.expr, scope: Scope) -> str:
    """``image.resize_bilinear`` for a function of TensorFlow, whatever its name is here."""
    package, *names = named(function, scope)
    path = ".".join(names).removeprefix("compat.v1.")
    return path if package == "tensorflow" else ""


def _is_written_out(index: ast.expr) -> bool:
    match index:
        case ast.Slice(lower, upper, step):
            parts = (part for part in (lower, upper, step) if part is not None)
            return all(_is_written_out(part) for part in parts)
        case ast.UnaryOp(ast.USub(), operand):
            return _is_written_out(operand)
    return isinstance(index, ast.Constant) and type(index.value) is int
