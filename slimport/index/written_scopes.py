"""Code that an earlier run migrated and that opens scopes of the written module.

Such scopes reach layers which are still slim's just as `arg_scope` did, once these are migrated.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from slimport.index.names import Binding, Imported
from slimport.index.resolve import External
from slimport.index.walking import all_of

if TYPE_CHECKING:
    from slimport.index.modules import Module
    from slimport.index.program import Function, Program

DEFAULTS = "layer_defaults"
_NAMES = (DEFAULTS, "variable_scope")


def openers(program: Program) -> set[Function]:
    """The functions that name a scope of the written module, whatever they do with it."""
    return {function for module in program.modules for function in _in(module, program)}


def _in(module: Module, program: Program) -> set[Function]:
    if not module.holds(*_NAMES):
        return set()
    known = {
        name
        for scope in module.all_scopes()
        for name, bindings in scope.bindings.items()
        if any(map(_imports_scope, bindings))
    }
    named = (node for node in all_of(module.tree, ast.Name) if node.id in known)
    names = [node for node in named if _is_scope(node, module, program)]
    attributes = [node for node in all_of(module.tree, ast.Attribute) if node.attr == DEFAULTS]
    scopes = [module.scopes.scope_of.get(node, module.scope) for node in (*names, *attributes)]
    return {program.functions[scope.function() or module.tree] for scope in scopes}


def _imports_scope(binding: Binding) -> bool:
    return isinstance(binding, Imported) and binding.dotted.rpartition(".")[2] in _NAMES


def _is_scope(node: ast.Name, module: Module, program: Program) -> bool:
    scope = module.scopes.scope_of.get(node, module.scope)
    bindings = (scope.lookup(node.id) or (scope, []))[1]
    if not any(map(_imports_scope, bindings)):
        return False
    # The written module is no part of the index; a function of the tree's own has a meaning.
    meaning = program.resolve(node, module)
    return meaning is None or isinstance(meaning, External)
