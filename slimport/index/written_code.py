"""Code that an earlier run migrated, and that makes layers of the written module.

Some files of a tree may still be slim's: they could not be rewritten at first, or were added. Their
scopes reach such layers once they are migrated, and so must not be taken for scopes of nothing.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from slimport import slim_api
from slimport.index.walking import walk

if TYPE_CHECKING:
    from slimport.index.modules import Module
    from slimport.index.program import Function, Program

#: What of the written module makes layers or variables; so does all whose name begins with `tf_`.
_MAKES_LAYERS = frozenset(
    {*slim_api.LAYERS, *(name.rpartition(".")[2] for name in slim_api.NETS), "variable",
     "model_variable", "get_variable", "takes_layer_defaults"}
)  # fmt: skip


def uses_written_module(program: Program, name: str) -> set[Function]:
    """The functions that use layers of the written module that has this name."""
    return {function for module in program.modules for function in _in(module, program, name)}


def uses_any_of_written_module(program: Program, name: str) -> set[Function]:
    """The functions that use whatever of it, so that an earlier run has gone over them."""
    return {f for module in program.modules for f in _in(module, program, name, any_name=True)}


def _in(module: Module, program: Program, name: str, any_name: bool = False) -> set[Function]:
    if not any(name in line for line in module.lines):
        return set()
    nodes = list(walk(module.tree))
    bound = {
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").rpartition(".")[2] == name
        for alias in node.names
        if any_name or alias.name in _MAKES_LAYERS or alias.name.startswith(("tf_", "convolution"))
    }
    found = set()
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in bound:
            scope = module.scopes.scope_of.get(node, module.scope)
            found.add(program.functions[scope.function() or module.tree])
    return found
