"""Names that code asks functions for: TF-Slim called `slim.conv2d` "convolution2d"."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from slimport.index.modules import Module
from slimport.index.program import ColumnMap, Program
from slimport.index.walking import all_of

# tf_slim/layers/layers.py: the functions that `conv2d` and its like are other names of.
NAMES = {
    "conv1d": "convolution1d",
    "conv2d": "convolution2d",
    "conv2d_in_plane": "convolution2d_in_plane",
    "conv2d_transpose": "convolution2d_transpose",
    "conv3d": "convolution3d",
    "conv3d_transpose": "convolution3d_transpose",
    "separable_conv2d": "separable_convolution2d",
}
#: ``op.__name__`` of an `op` that may be one of these.
UNSEEN = "function.__name__"
_OPEN = frozenset({"tf.variable_scope", "tf.variable_op_scope", "tf.name_scope", "tf.get_variable"})
_APIS = frozenset(f"slim.{name}" for name in NAMES)


def add_references(program: Program) -> None:
    """Adds ``op.__name__`` to the functions of a program, where layers are passed on."""
    asked = {module: found for module in program.modules if (found := [*_asked(module, program)])}
    passing = {module for module in program.modules if _passes_on(module, program)} if asked else ()
    for module, found in asked.items():
        if not program.loaded_with(module).isdisjoint(passing):
            columns = ColumnMap(module.lines)
            for node in found:
                program.add_reference(UNSEEN, node, node, columns, module)


def _passes_on(module: Module, program: Program) -> bool:
    """Whether a layer is a value here, other than in the list of an arg_scope."""
    references = [r for f in program.by_module[module] for r in f.references]
    values = {r.node for r in references if r.call is None and r.api.name in _APIS}
    scopes = [r.call for r in references if r.api.name == "slim.arg_scope" and r.call is not None]
    lists = [first for call in scopes for first in call.args[:1]]
    listed = {node for first in lists for node in all_of(first, ast.Attribute, ast.Name)}
    return not values <= listed


def _asked(module: Module, program: Program) -> Iterator[ast.Attribute]:
    """The names of unknown functions that name scopes, in files that call these functions, too."""
    names = [node for node in all_of(module.tree, ast.Attribute) if node.attr == "__name__"]
    if not names:  # as in nearly all files
        return
    called = {_last(call.func) for call in all_of(module.tree, ast.Call)}
    function_of = {node: scope.function() for node, scope in module.scopes.scope_of.items()}
    naming = set(_naming(module, program))
    held = {(function_of[node], node.id) for node in naming if isinstance(node, ast.Name)}
    for assigned in all_of(module.tree, ast.Assign):  # scope = op.__name__
        if any((function_of[target], _last(target)) in held for target in assigned.targets):
            naming.update(all_of(assigned.value, ast.Attribute))
    for node in names:
        is_called = node in naming and _last(node.value) in called
        if is_called and program.resolve(node.value, module) is None:
            yield node


def _naming(module: Module, program: Program) -> Iterator[ast.expr]:
    """What stands where scopes and operations get their names."""
    references = [r for f in program.by_module[module] for r in f.references]
    opening = {r.call for r in references if r.call is not None and r.api.name in _OPEN}
    for call in all_of(module.tree, ast.Call):
        keywords = [k.value for k in call.keywords if k.arg in ("name", "scope")]
        for value in (*keywords, *(call.args if call in opening else ())):
            yield from all_of(value, ast.Attribute, ast.Name)


def _last(node: ast.expr) -> str:
    """``op`` of both ``op`` and ``self.op``."""
    return str(getattr(node, "attr", getattr(node, "id", "")))
