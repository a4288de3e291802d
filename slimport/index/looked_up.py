"""Functions that code may find by a text: ``getattr(nets, name)``, ``globals()[name]``, `eval`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from slimport.index.resolve import InTree, InTreeModule
from slimport.index.walking import all_of

if TYPE_CHECKING:
    from slimport.index.modules import Module
    from slimport.index.program import Function, Program

#: What imports a module by a text.
IMPORTERS = frozenset({"__import__", "import_module"})
_SCOPES = ("slim.arg_scope", "tf.variable_scope")
_OF_THE_FILE = frozenset({"eval", "exec", "globals", "locals", "vars"})
_SIGNS = IMPORTERS | _OF_THE_FILE | {"getattr", "__dict__"}


def looked_up(program: Program) -> Iterator[Function]:
    """The functions that may be called so, if scopes may be open around such calls."""
    if not _opens_scopes(program.all()):
        return
    if any(loads_any(module, program) for module in program.modules):
        yield from (f for f in program.all() if f.qualname and "." not in f.qualname)
    for module in program.modules:
        if not module.words.isdisjoint(_SIGNS):
            yield from _in(module, program)


def loaded_by_name(call: ast.Call) -> Iterator[str]:
    """``importlib.import_module('nets.vgg')``: what it imports, if that is written there."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    match call.args[:1]:
        case [ast.Constant(str(dotted))] if name in IMPORTERS and not dotted.startswith("."):
            yield dotted


def loads_any(module: Module, program: Program) -> bool:
    """Whether a file loads others by names that it makes up, and opens scopes."""
    if not _opens_scopes(program.by_module[module]):
        return False
    if module.words.isdisjoint(IMPORTERS):
        return False
    return any(
        getattr(call.func, "attr", getattr(call.func, "id", "")) in IMPORTERS
        and not (call.args and isinstance(call.args[0], ast.Constant))
        for call in all_of(module.tree, ast.Call)
    )


def _opens_scopes(functions: Iterable[Function]) -> bool:
    return any(r.api.name in _SCOPES for f in functions for r in f.references)


def _in(module: Module, program: Program) -> Iterator[Function]:
    for node in all_of(module.tree, ast.Call, ast.Attribute):
        match node:
            case ast.Call() as call if found := [*loaded_by_name(call)]:
                loaded = program.table.find(found[0], module)
                functions = program.by_module[loaded] if loaded is not None else ()
                yield from (f for f in functions if f.qualname and "." not in f.qualname)
            case ast.Call(ast.Name("getattr"), [of, ast.Constant(str(name)), *_]):
                yield from (f for f in _functions_of(of, module, program) if f.qualname == name)
            case ast.Call(ast.Name("getattr" | "vars"), [of, *_]):
                yield from _functions_of(of, module, program)
            case ast.Attribute(of, "__dict__"):
                yield from _functions_of(of, module, program)
            case ast.Call(ast.Name(name)) if name in _OF_THE_FILE:
                yield from _seen_from(module, program)


def _functions_of(of: ast.expr, module: Module, program: Program) -> Iterator[Function]:
    """The functions of a file, if the expression stands for one."""
    meaning = program.resolve(of, module)
    if isinstance(meaning, InTreeModule) and meaning.module is not None:
        yield from (f for f in program.by_module[meaning.module] if "." not in f.qualname)


def _seen_from(module: Module, program: Program) -> Iterator[Function]:
    """The functions for which a file has a name."""
    yield from (f for f in program.by_module[module] if f.qualname and "." not in f.qualname)
    for star in program.star_imports[module]:
        yield from (f for f in program.by_module[star] if "." not in f.qualname)
    for name in module.scope.bindings:
        meaning = program.resolver.name(name, module.scope, module)
        function = program.function_of(meaning.definition) if isinstance(meaning, InTree) else None
        if function is not None:
            yield function
