"""Initializers that may be asked for values more than once: ``init(shape)``, layers that share one.

Likewise the regularizers that code calls itself, or that TensorFlow calls for its own variables.

One of TensorFlow 1 draws anew whenever it is asked, and in each session. One of Keras gives the
values again that it gave. The layers of the written module take a copy each; code that calls an
initializer itself does not, nor do Keras' own layers.

A value is followed by names alone: through assignments, parameters, keys and what functions
return, in all files of the program. Where a name stands for other things as well, an initializer
counts as called that is not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from slimport.index.modules import Module
from slimport.index.names import FunctionNode, defaults_of
from slimport.index.program import Function, Program, Reference
from slimport.index.resolve import Api, External
from slimport.index.walking import all_of, parents

# What hands on one of its parts as it is.
_HANDING_ON = (ast.IfExp, ast.BoolOp, ast.List, ast.Tuple, ast.Set, ast.NamedExpr)
_OWN_VARIABLES = ("tf.get_variable", "tf.variable_scope")
_KERAS = ("tensorflow.keras.", "tensorflow.python.keras.", "keras.")


class CalledInitializers:
    """Finds the initializers that are called by hand, or that layers of Keras share."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._places: dict[int, _Places] = {}

    def has(self, reference: Reference, function: Function) -> bool:
        """Whether the initializer that a call makes may be asked more than once."""
        if reference.call is None:
            return False
        group = self._program.connected(function.module)
        places = self._places.setdefault(id(group), _Places(self._program, group))
        return places.is_asked(reference.call, function.module)


class _Places:
    """Where the names of some files are used."""

    def __init__(self, program: Program, modules: set[Module]) -> None:
        self._program, self._modules = program, modules
        self._parents: dict[Module, dict[ast.AST, ast.AST]] = {}

    def is_asked(self, value: ast.expr, module: Module) -> bool:
        """Whether values that an expression gives, or may hand on, are asked for by a call."""
        waiting, seen = [(value, module)], set[str]()
        while waiting:
            node, here = waiting.pop()
            names = self._names_given(node, here)
            if names is None:
                return True
            for name in names - seen:
                seen.add(name)
                waiting += self._values_of(name)
        return False

    @cached_property
    def _uses(self) -> dict[str, list[tuple[ast.expr, Module]]]:
        """Where each name is used; most initializers go straight into a layer, and need none."""
        found: dict[str, list[tuple[ast.expr, Module]]] = {}
        for module in self._modules:
            for node in all_of(module.tree, ast.Name, ast.Attribute, ast.Subscript):
                name = _name(node)
                if name and isinstance(getattr(node, "ctx", None), ast.Load):
                    found.setdefault(name, []).append((node, module))
        return found

    @cached_property
    def _parameters(self) -> dict[str, list[list[str]]]:
        """Of each function, and of what makes an object of each class, the positional parameters.

        One list for each of the name.
        """
        found: dict[str, list[list[str]]] = {}
        for module in self._modules:
            for function in all_of(module.tree, ast.FunctionDef):
                found.setdefault(function.name, []).append(_positional(function))
            for definition in all_of(module.tree, ast.ClassDef):
                for part in definition.body:
                    if isinstance(part, ast.FunctionDef) and part.name == "__init__":
                        found.setdefault(definition.name, []).append(_positional(part))
        return found

    def _values_of(self, name: str) -> Iterator[tuple[ast.expr, Module]]:
        """The expressions that stand for what has a name; ``f()`` for what `f` returns."""
        for node, module in self._uses.get(name.removesuffix("()"), ()):
            if not name.endswith("()"):
                yield node, module
                continue
            call = self._around(module)[node]
            if isinstance(call, ast.Call) and call.func is node:
                yield call, module

    def _names_given(self, node: ast.expr, module: Module) -> set[str] | None:
        """The names that a value gets where it stands; None where it is asked for values."""
        around = self._around(module)
        child: ast.AST = node
        parent = around[child]
        while isinstance(parent, _HANDING_ON):
            child, parent = parent, around[parent]
        match parent:
            case ast.Call(func) if func is child:
                known = self._program.resolve(node, module) is not None
                return set() if known or not (parent.args or parent.keywords) else None
            case ast.keyword(arg):
                call = around[parent]
                assert isinstance(call, ast.Call)
                return self._as_keyword(call, arg or "", module)
            case ast.Call():
                return self._as_argument(parent, child, module)
            case ast.arguments():
                return {name for name, value in defaults_of(parent) if value is child}
            case ast.Dict(keys, values):
                key = keys[values.index(child)] if child in values else None
                return {str(key.value)} if isinstance(key, ast.Constant) else set()
            case ast.Return():
                return {f"{_function_around(parent, around)}()"}
            case ast.Assign(targets=targets):
                return {name for target in targets for name in _targets(target)}
            case ast.AnnAssign(target=target) | ast.For(target=target):
                return set(_targets(target))
        return set()

    def _as_keyword(self, call: ast.Call, name: str, module: Module) -> set[str] | None:
        meaning = self._program.resolve(call.func, module)
        if not isinstance(meaning, Api | External):
            return {name}
        if name == "regularizer" and isinstance(meaning, Api):
            return None if meaning.name in _OWN_VARIABLES else set()
        spelled = meaning.spelled if isinstance(meaning, Api) else meaning.dotted
        of_keras = spelled.replace(".compat.v1.", ".").startswith(_KERAS)
        return None if of_keras and name.endswith("initializer") else set()

    def _as_argument(self, call: ast.Call, argument: ast.AST, module: Module) -> set[str]:
        meaning = self._program.resolve(call.func, module)
        place = next((at for at, given in enumerate(call.args) if given is argument), None)
        if place is None or isinstance(meaning, Api | External):
            return set()
        found: set[str] = set()
        for names in self._parameters.get(_name(call.func), ()):
            found |= set(names[place : place + 1])
        return found

    def _around(self, module: Module) -> dict[ast.AST, ast.AST]:
        if module not in self._parents:
            self._parents[module] = parents(module.tree)
        return self._parents[module]


def _positional(function: ast.FunctionDef) -> list[str]:
    names = [p.arg for p in (*function.args.posonlyargs, *function.args.args)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def _name(node: ast.expr) -> str:
    """``init``, the `init` of ``self.init``, and that of ``inits['init']``."""
    match node:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(str(name))):
            return name
    return ""


def _targets(target: ast.expr) -> Iterator[str]:
    for part in getattr(target, "elts", [target]):
        name = _name(part)
        if name:
            yield name


def _function_around(node: ast.AST, around: dict[ast.AST, ast.AST]) -> str:
    while node in around and not isinstance(node, FunctionNode):
        node = around[node]
    return getattr(node, "name", "")
