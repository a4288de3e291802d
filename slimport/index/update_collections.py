"""Collections that batch norms are told to put their updates in, where a step may not look.

A model moves its statistics with each step. In a graph what a batch norm with
``updates_collections='mine'`` collects runs only where somebody asks for that collection.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from slimport.index.modules import Module
from slimport.index.names import Imported, Scope, defaults_of
from slimport.index.program import Function, Program
from slimport.index.resolve import Api
from slimport.index.stays import Stays
from slimport.index.values import values_of
from slimport.index.walking import all_of

_PARAMETER = "updates_collections"  # slim's own, and `batch_norm_updates_collections` of networks
_METRICS = ("slim.metrics.", "tf.metrics.", "tf.contrib.metrics.")
_USUAL = "update_ops"


def check_collections(function: Function, program: Program) -> None:
    """Whether all updates of batch norms are where a training step looks for them.

    Raises:
        Stays: If code of the program names another collection, or one that cannot be seen.
    """
    for module in program.connected(function.module):
        for value in _given(module, program):
            if _is_other(value, module, program):
                raise Stays("a batch norm puts its updates elsewhere, or may", value)


def _given(module: Module, program: Program) -> Iterator[ast.expr]:
    """What the file gives as collections of updates, in calls, dictionaries and defaults."""
    for node in all_of(module.tree, ast.Call, ast.Dict, ast.Assign, ast.arguments):
        match node:
            case ast.Call(func, keywords=keywords):
                meaning = program.resolve(func, module)
                if not (isinstance(meaning, Api) and meaning.name.startswith(_METRICS)):
                    yield from (k.value for k in keywords if (k.arg or "").endswith(_PARAMETER))
            case ast.Dict(keys, values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == _PARAMETER:
                        yield value
            case ast.Assign([ast.Subscript(slice=ast.Constant(key))], value):
                if key == _PARAMETER:
                    yield value
            case ast.arguments():
                yield from (v for name, v in defaults_of(node) if name.endswith(_PARAMETER))


def _is_other(node: ast.expr, module: Module, program: Program) -> bool:
    """Whether a value may be a collection but that of all updates; `None` is updated in place.

    A parameter is what it is given by name, which is looked at where that is.
    """
    scope = module.scopes.scope_of.get(node, module.scope)
    return any(
        _is_other_value(value, where, module, program) for value, where in values_of(node, scope)
    ) or _is_imported(node, scope)


def _is_other_value(value: ast.expr | None, scope: Scope, module: Module, program: Program) -> bool:
    match value:
        case None | ast.Constant(None) | ast.Constant("update_ops"):
            return False
        case ast.List(elements) | ast.Tuple(elements) | ast.Set(elements):
            return any(_is_other(element, module, program) for element in elements)
        case ast.Attribute(attr=name):
            return name != _USUAL.upper()
    return True


def _is_imported(node: ast.expr, scope: Scope) -> bool:
    """Whether the name is another file's, which may be any text there."""
    if not isinstance(node, ast.Name):
        return False
    found = scope.lookup(node.id)
    return found is None or any(isinstance(binding, Imported) for binding in found[1])
