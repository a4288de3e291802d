"""What code changes in place: lists it appends to, dictionaries and objects it sets parts of."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from slimport.index.blocks import assigned
from slimport.index.free_names import shared_names
from slimport.index.program import Function, Program
from slimport.index.resolve import External, InTree, InTreeModule
from slimport.index.walking import children, walk

# Methods of lists, sets and dictionaries after which they hold more, less, or in another order.
_COUNTING = frozenset(
    """
    add append appendleft clear discard extend insert pop popitem popleft remove reverse setdefault
    sort update
    """.split()
)
# Statements that are calls of these methods say something, or write what is there.
_SAYING = frozenset(
    """
    close critical debug error exception flush info log print warn warning write
    """.split()
)
_BY_FUNCTIONS = frozenset("delattr next setattr".split())
_SHUFFLES = ("numpy.random.shuffle", "random.shuffle")
_LIBRARIES = sys.stdlib_module_names | {"absl", "matplotlib", "numpy", "scipy", "six"}


def of_library(meaning: object) -> bool:
    """Whether a meaning is of a library that knows neither tensors nor the program's objects."""
    return isinstance(meaning, External) and meaning.dotted.partition(".")[0] in _LIBRARIES


class InPlace:
    """Finds the names whose objects code changes.

    Args:
        program: The index.
        counting: Whether only changes count that are others when they are made once more: an
            element that is appended, `n += 1`; not an attribute that is set.
    """

    def __init__(self, program: Program, counting: bool = False) -> None:
        self._program, self._counting = program, counting
        self._known: dict[Function, set[str]] = {}

    def names(self, node: ast.AST, function: Function) -> set[str]:
        """The names whose objects a node of a function changes where it stands."""
        return set(self._names(node, function))

    def by(self, function: Function) -> set[str]:
        """The parameters and the names from outside whose objects a function changes."""
        if function not in self._known:
            self._known[function] = set()  # as far as a function that calls itself knows
            own = _own(function)
            body = getattr(function.node, "body", [])
            found = {n for s in body for n in self.names(s, function)}
            found |= {
                n for n in shared_names(function) if not self._counting or _counts(function, n)
            }
            self._known[function] = found - own
        return self._known[function]

    def _names(self, node: ast.AST, function: Function) -> Iterator[str]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            return
        counted = node.target if isinstance(node, ast.AugAssign) else None
        for part in children(node):
            is_asked = part is counted or not self._counting
            if isinstance(part, ast.Attribute | ast.Subscript) and is_asked:
                yield from self._set(part, function)
        if isinstance(node, ast.Call):
            yield from self._by_call(node, function)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield from self._by_statement(node.value, function)
        for part in children(node):
            yield from self._names(part, function)

    def _set(self, node: ast.Attribute | ast.Subscript, function: Function) -> Iterator[str]:
        """``options.scale = 2``; where `options` is a file of the program its own name as well."""
        if isinstance(node.ctx, ast.Load):
            return
        yield from _root(node)
        if isinstance(node, ast.Attribute):
            meaning = self._program.resolve(node.value, function.module)
            if isinstance(meaning, InTreeModule):
                yield node.attr

    def _by_call(self, call: ast.Call, function: Function) -> Iterator[str]:
        meaning = self._program.resolve(call.func, function.module)
        if meaning is None and isinstance(call.func, ast.Attribute):
            if call.func.attr in _COUNTING:
                yield from _root(call.func.value)
            for method in function.methods_named({call.func.attr}):
                changed = self.by(method)
                receiver = _parameters(method)[:1]
                yield from _root(call.func.value) if changed & {*receiver} else ()
                yield from changed - {*_parameters(method)}
        elif isinstance(meaning, InTree):
            yield from self._by_function(call, self._program.function_of(meaning.definition))
        elif _changes_first(call, meaning):
            yield from _root(call.args[0])

    def _by_function(self, call: ast.Call, target: Function | None) -> Iterator[str]:
        if target is None:
            return
        parameters, changed = _parameters(target), self.by(target)
        given = [*zip(parameters, call.args, strict=False)]
        given += [(k.arg or "", k.value) for k in call.keywords]
        for parameter, value in given:
            if parameter in changed:
                yield from _root(value)
        yield from changed - {*parameters}

    def _by_statement(self, call: ast.Call, function: Function) -> Iterator[str]:
        """``options.parse('...')``: what is called for nothing else may change what it is of."""
        meaning = self._program.resolve(call.func, function.module)
        is_known = meaning is not None and not isinstance(meaning, External)
        if self._counting or is_known or of_library(meaning):
            return
        if isinstance(call.func, ast.Attribute) and call.func.attr not in _SAYING:
            yield from _root(call.func.value)


def _changes_first(call: ast.Call, meaning: object) -> bool:
    if not call.args:
        return False
    if isinstance(meaning, External):
        return meaning.dotted in _SHUFFLES
    return meaning is None and isinstance(call.func, ast.Name) and call.func.id in _BY_FUNCTIONS


def _root(node: ast.AST) -> Iterator[str]:
    """The name that an attribute, an element or a method's result is taken from."""
    while True:
        match node:
            case ast.Name(name):
                yield name
                return
            case ast.Attribute(value) | ast.Subscript(value) | ast.Starred(value):
                node = value
            case ast.Call(ast.Attribute(value)):
                node = value
            case _:
                return


def _parameters(function: Function) -> list[str]:
    arguments = getattr(function.node, "args", None)
    if not isinstance(arguments, ast.arguments):
        return []
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    return [a.arg for a in every]


def _own(function: Function) -> set[str]:
    """The names that are a function's own, but for its parameters."""
    body = getattr(function.node, "body", [])
    return assigned(body) - shared_names(function) - {*_parameters(function)}


def _counts(function: Function, name: str) -> bool:
    """Whether a function gives a name from outside a value that is made of its value before."""
    for node in walk(function.node):
        match node:
            case ast.AugAssign(ast.Name(target)) if target == name:
                return True
            case ast.Assign(targets, value) if name in assigned(targets):
                if any(isinstance(n, ast.Name) and n.id == name for n in walk(value)):
                    return True
    return False
