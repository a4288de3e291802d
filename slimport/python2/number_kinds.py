"""Whether an expression is an int or a float for certain, as far as one file tells."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from slimport.index.names import dotted_parts
from slimport.python2.number_functions import CONSTANTS, PENDING, Kind, given, same

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Kinds:
    """The kinds of a file's expressions as Python 2 computes them; "" where nobody can tell."""

    def __init__(self, tree: ast.Module) -> None:
        self._imports = dict(_imports(tree))
        self._scopes: dict[ast.AST, ast.AST] = {}
        self._bound: dict[ast.AST, dict[str, list[Callable[[], Kind]]]] = {}
        self._kinds: dict[tuple[ast.AST, str], Kind] = {}
        self._stars = any(
            isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
            for node in ast.walk(tree)
        )
        #: Names that something else than an import binds somewhere.
        self._others: set[str] = set()
        self._read(tree, tree)
        self._settle()

    # Names ------------------------------------------------------------------------------------

    def _read(self, node: ast.AST, scope: ast.AST) -> None:
        self._scopes[node] = scope
        self._bind(node, scope)
        inner = node if isinstance(node, _Function | ast.ClassDef) else scope
        for child in ast.iter_child_nodes(node):
            self._read(child, inner)

    def _bind(self, node: ast.AST, scope: ast.AST) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._assign(target, value, scope)
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                self._add(
                    scope, name, lambda: _arithmetic(op, self.of_name(name, scope), self.of(value))
                )
            case (
                ast.For(target=ast.Name(id=name), iter=iterable)
                | ast.comprehension(target=ast.Name(id=name), iter=iterable)
            ):
                self._add(scope, name, lambda: "int" if self._counts(iterable) else "")
            case ast.Global(names=names):
                for name in names:  # whoever calls the function changes the file's name
                    self._add(scope, name, _unknown)
                    self._add(self._root(scope), name, _unknown)
            case ast.alias(name=name, asname=local):
                self._bound.setdefault(scope, {})[local or name.partition(".")[0]] = [_unknown]
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                self._add(scope, name, _unknown)
            case ast.arg(arg=name):
                self._add(scope, name, _unknown)
            case ast.ExceptHandler(name=str(name)):
                self._add(scope, name, _unknown)
            case ast.For(target=target) | ast.comprehension(target=target):
                self._unknown(target, scope)
            case ast.withitem(optional_vars=ast.expr() as target):
                self._unknown(target, scope)

    def _assign(self, target: ast.expr, value: ast.expr, scope: ast.AST) -> None:
        if isinstance(target, ast.Name):
            self._add(scope, target.id, lambda: self.of(value))
        elif (
            isinstance(target, ast.Tuple)
            and isinstance(value, ast.Tuple)
            and (len(target.elts) == len(value.elts))
        ):
            for one, its in zip(target.elts, value.elts, strict=True):
                self._assign(one, its, scope)
        elif isinstance(target, ast.Tuple) and _is_shape(_unsliced(value)):
            for one in target.elts:  # `height, width = image.shape[:2]`
                if isinstance(one, ast.Name):
                    self._add(scope, one.id, lambda: "int")
                else:
                    self._unknown(one, scope)
        else:
            self._unknown(target, scope)

    def _unknown(self, target: ast.expr, scope: ast.AST) -> None:
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                self._add(scope, node.id, _unknown)

    def _add(self, scope: ast.AST, name: str, kind: Callable[[], Kind]) -> None:
        self._others.add(name)
        self._bound.setdefault(scope, {}).setdefault(name, []).append(kind)

    def _root(self, scope: ast.AST) -> ast.AST:
        while self._scopes[scope] is not scope:
            scope = self._scopes[scope]
        return scope

    def _settle(self) -> None:
        """Gives every name the one kind of all that it is bound to; each changes at most twice."""
        changed = True
        while changed:
            changed = False
            for scope, names in self._bound.items():
                for name, bindings in names.items():
                    kind = same([binding() for binding in bindings])
                    changed |= kind != self._kinds.get((scope, name), PENDING)
                    self._kinds[scope, name] = kind
        for key, kind in self._kinds.items():
            self._kinds[key] = "" if kind == PENDING else kind

    def of_name(self, name: str, scope: ast.AST) -> Kind:
        """The kind that a name has wherever its scope binds it; a parameter has none."""
        if isinstance(scope, ast.ClassDef) and name in self._bound.get(scope, {}):
            return ""
        while name not in self._bound.get(scope, {}) or isinstance(scope, ast.ClassDef):
            if self._scopes[scope] is scope:
                return ""
            scope = self._scopes[scope]
        if self._stars and self._scopes[scope] is scope:
            return ""
        return self._kinds.get((scope, name), PENDING)

    # Expressions ------------------------------------------------------------------------------

    def of(self, node: ast.expr) -> Kind:
        """The kind of an expression."""
        match node:
            case ast.Constant(value=bool() | int()):
                return "int"
            case ast.Constant(value=float() | complex()):
                return "float"
            case ast.Name(id=name):
                return self.of_name(name, self._scopes[node])
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return self.of(operand)
            case ast.BinOp(left=left, op=op, right=right):
                return _arithmetic(op, self.of(left), self.of(right))
            case ast.IfExp(body=body, orelse=orelse):
                return same([self.of(body), self.of(orelse)])
            case ast.Subscript(value=value, slice=index):
                if _is_shape(value):
                    return "" if isinstance(index, ast.Slice) else "int"
                return self.of(value)  # of an array or a tensor: a number has no elements
            case ast.Attribute(attr="value", value=ast.Subscript(value=value, slice=index)):
                return "int" if _is_shape(value) and not isinstance(index, ast.Slice) else ""
            case ast.Attribute(attr="T", value=value):
                return self.of(value)
            case ast.Attribute():
                return "float" if self._dotted(node) in CONSTANTS else ""
            case ast.Call(func=callee):
                return given(self._dotted(callee), node, self.of)
        return ""

    def _dotted(self, node: ast.expr) -> str:
        """What a callee is by the file's imports; a builtin, unless the file binds its name."""
        parts = dotted_parts(node)
        if parts is None:
            return ""
        first, rest = parts[0].id, parts[1]
        if first in self._others or (self._stars and first not in ("float", "int", "len")):
            return ""
        return ".".join((self._imports.get(first, first), *rest))

    def _counts(self, iterable: ast.expr) -> bool:
        """Whether a loop goes over the ints of `range`."""
        match iterable:
            case ast.Call(func=ast.Name(id="list" | "iter"), args=[inner]):
                return self._counts(inner)
            case ast.Call(func=callee):
                return self._dotted(callee) in (
                    "range",
                    "xrange",
                    "six.moves.xrange",
                    "six.moves.range",
                )
        return False


def _unsliced(node: ast.expr) -> ast.expr:
    match node:
        case ast.Subscript(value=value, slice=ast.Slice()):
            return value
    return node


def _is_shape(node: ast.expr) -> bool:
    """Whether it is a shape, or the list of one: `x.shape`, `x.get_shape().as_list()`."""
    match node:
        case ast.Attribute(attr="shape") | ast.Call(func=ast.Attribute(attr="get_shape"), args=[]):
            return True
        case ast.Call(func=ast.Attribute(attr="as_list", value=value), args=[]):
            return _is_shape(value)
    return False


def _unknown() -> Kind:
    return ""


def _arithmetic(op: ast.operator, left: Kind, right: Kind) -> Kind:
    if isinstance(op, ast.Mod):  # a text takes anything
        return "float" if left == "float" else _both(left, right)
    if isinstance(op, ast.Add | ast.Sub | ast.Mult | ast.Div | ast.FloorDiv | ast.Pow):
        if "float" in (left, right):
            return "float"
        return "" if isinstance(op, ast.Pow) else _both(left, right)  # 2 ** -1 is a float
    return _both(left, right)


def _both(left: Kind, right: Kind) -> Kind:
    if "" in (left, right):
        return ""
    return PENDING if PENDING in (left, right) else "int" if left == right == "int" else ""


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Local names of modules and of what is imported from them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (
                    alias.asname or alias.name.partition(".")[0],
                    (alias.name if alias.asname else alias.name.partition(".")[0]),
                )
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"
