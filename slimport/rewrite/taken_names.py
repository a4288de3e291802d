"""Names that an import must not give to something else in a file."""

from __future__ import annotations

import ast

from slimport.index.canonical import is_namespace, is_slim
from slimport.index.modules import Module
from slimport.index.names import Assigned, Imported, Scope
from slimport.index.program import Program, closure_of
from slimport.index.resolve import Api
from slimport.index.walking import all_of


def taken_names(module: Module, program: Program, written_module: str) -> set[str]:
    """Names that the file binds or takes from elsewhere, other than those of slim that go.

    An ``import *`` hands names on that no file says: what the file uses and does not bind is taken,
    and so is all that is in files which have this one's names that way.
    """
    found = _own(module, program, written_module)
    found |= _handed_on(module, program)
    for other in closure_of([module], program.star_importers) - {module}:
        found |= _own(other, program, written_module)
    return found


def _own(module: Module, program: Program, written_module: str) -> set[str]:
    bound = {name for scope in module.all_scopes() for name in scope.bindings}
    used = {node.id for node in all_of(module.tree, ast.Name)}
    free = {n for n in used - bound if not _is_slims(n, module.scope, module, program)}
    return free | {
        name
        for scope in module.all_scopes()
        for name in scope.bindings
        if not _goes(name, scope, module, program, written_module)
    }


def _handed_on(module: Module, program: Program) -> set[str]:
    """Names that other files import from this one, which has them from an ``import *``."""
    asked = program.imported_names[module]
    own = module.scope.bindings
    return {n for n in asked if n not in own and not _is_slims(n, module.scope, module, program)}


def _is_slims(name: str, scope: Scope, module: Module, program: Program) -> bool:
    meaning = program.resolver.name(name, scope, module)
    return isinstance(meaning, Api) and is_slim(meaning.name) and not meaning.doubt


def _goes(name: str, scope: Scope, module: Module, program: Program, written_module: str) -> bool:
    bindings = scope.bindings[name]
    if all(isinstance(binding, Assigned) for binding in bindings):
        meaning = program.resolver.name(name, scope, module)
        return isinstance(meaning, Api) and is_slim(meaning.name) and is_namespace(meaning.name)
    if all(isinstance(binding, Imported) for binding in bindings):
        written = f"{written_module}.{name}"
        if any(isinstance(b, Imported) and b.dotted.endswith(written) for b in bindings):
            return True
        return _is_slims(name, scope, module, program)
    return False
