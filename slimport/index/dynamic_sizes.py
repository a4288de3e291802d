"""Sizes out of ``tf.shape``: whether code uses them as sizes alone."""

from __future__ import annotations

import ast

from slimport.index.names import Assigned, Scope, Unpacked
from slimport.index.values import may_be_tensor, named
from slimport.index.walking import all_of, parents

_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
_WHOLE = ast.Add | ast.Sub | ast.Mult | ast.FloorDiv
# What takes them, and under which keyword; it is the second parameter of each.
_TAKES = {
    "reshape": "shape",
    "image.resize_bilinear": "size",
    "image.resize_nearest_neighbor": "size",
    "image.resize_images": "size",
}


def is_size(node: ast.expr, scope: Scope) -> bool:
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
            return _path(function, scope) == "shape"
        case ast.Subscript(value):
            return is_size(value, scope)
        case ast.BinOp(left, _, right):
            return is_size(left, scope) and is_size(right, scope)
        case ast.List(elements) | ast.Tuple(elements):
            return all(is_size(element, scope) for element in elements)
        case ast.Name(name):
            found = scope.lookup(name)
            return found is not None and all(_binds_size(b, found[0]) for b in found[1])
    return False


def _binds_size(binding: object, scope: Scope) -> bool:
    match binding:
        case Assigned(value):
            return not isinstance(value, ast.Name) and is_size(value, scope)
        case Unpacked(ast.Tuple(elements), position) if position is not None:
            element = elements[position]
            return not isinstance(element, ast.Name) and is_size(element, scope)
    return False


def used_as_size(call: ast.Call, scope: Scope) -> bool:
    """Whether what ``tf.shape`` gives is nothing but a size of ``tf.reshape`` or of resizing.

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
            case ast.keyword(keyword):
                return self._takes(self._parents[parent], keyword or "")
            case ast.Call(args=[_, second, *_]) if second is node:
                return self._takes(parent, "")
        return False

    def _unpacked(
        self, targets: list[ast.expr], elements: list[ast.expr], node: ast.AST, seen: frozenset[str]
    ) -> bool:
        match targets:
            case [ast.Tuple(names)] if len(names) == len(elements):
                target = names[next(at for at, e in enumerate(elements) if e is node)]
                return isinstance(target, ast.Name) and self._named(target.id, seen)
        return False

    def _named(self, name: str, seen: frozenset[str]) -> bool:
        if name in seen:
            return True
        uses = [node for node in self._names if node.id == name]
        loaded = [node for node in uses if isinstance(node.ctx, ast.Load)]
        once = len(uses) - len(loaded) == 1 and name not in self._others
        return once and all(self.only_sizes(node, seen | {name}) for node in loaded)

    def _takes(self, call: ast.AST, keyword: str) -> bool:
        if not isinstance(call, ast.Call):
            return False
        wanted = _TAKES.get(_path(call.func, self._scope))
        return wanted is not None and keyword in ("", wanted)


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
