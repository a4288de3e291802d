"""References to Python 2's builtins and methods of dictionaries, added to a program's index."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from slimport.index.modules import Module
from slimport.index.program import ColumnMap, Program, closure_of
from slimport.index.walking import all_of
from slimport.python2_api import METHODS, NAMES, PREFIX, UNSURE

_ANY = frozenset((*NAMES, *METHODS))
# Packages whose `import *` brings Python 2's names.
_GIVE_BACK = frozenset({"six.moves", "past.builtins", "future.builtins", "builtins"})


@dataclass(frozen=True)
class _Found:
    """One of them: `whole` is what a rule replaces, `call` the call whose callee it is."""

    name: str
    node: ast.expr
    whole: ast.expr
    call: ast.Call | None


def add_references(program: Program) -> None:
    """Adds them to the functions of the program; names that it binds itself are none."""
    for module in program.modules:
        if module.words.isdisjoint(_ANY):
            continue
        columns = ColumnMap(module.lines)
        methods = _own_methods(module, program)
        for found in (*_names(module, program), *_methods(module, program, methods)):
            program.add_reference(found.name, found.node, found.whole, columns, module, found.call)


def _own_methods(module: Module, program: Program) -> set[str]:
    """Those of a dictionary that classes have which a process with this file may load."""
    if module.words.isdisjoint(METHODS):
        return set()
    functions = (f for loaded in program.loaded_with(module) for f in program.by_module[loaded])
    return {f.qualname.rpartition(".")[2] for f in functions if f.is_method} & METHODS.keys()


def _names(module: Module, program: Program) -> Iterator[_Found]:
    sources = closure_of([module], lambda m: program.star_imports[m])
    if any(star in _GIVE_BACK for source in sources for star in _stars(source)):
        return
    bound = {name for source in sources - {module} for name in source.scope.bindings}
    unknown = any(
        _is_unknown(star, source, program) for source in sources for star in _stars(source)
    )
    prefix = UNSURE if unknown else PREFIX
    callees = {call.func: call for call in all_of(module.tree, ast.Call)}
    for node in all_of(module.tree, ast.Name):
        if node.id in NAMES and isinstance(node.ctx, ast.Load):
            scope = module.scopes.scope_of.get(node, module.scope)
            if scope.lookup(node.id) is None and node.id not in bound:
                yield _Found(prefix + node.id, node, node, callees.get(node))


def _stars(module: Module) -> list[str]:
    return [star for scope in module.all_scopes() for star in scope.stars]


def _is_unknown(star: str, module: Module, program: Program) -> bool:
    """Whether ``from <star> import *`` may bind any name: all but TensorFlow and the program."""
    if star.partition(".")[0] in ("tensorflow", "tf_slim", "numpy"):
        return False
    absolute = program.table.relative(module, star) if star.startswith(".") else star
    return absolute is None or program.table.find(absolute, module) is None


def _methods(module: Module, program: Program, methods: set[str]) -> Iterator[_Found]:
    for call in all_of(module.tree, ast.Call):
        node = call.func
        if not isinstance(node, ast.Attribute):
            continue
        if node.attr in METHODS and _is_a_dicts(call) and program.resolve(node, module) is None:
            prefix = UNSURE if node.attr in methods else PREFIX
            yield _Found(prefix + node.attr, node, call, None)


def _is_a_dicts(call: ast.Call) -> bool:
    """Whether a call has the arguments of a dictionary's method."""
    assert isinstance(call.func, ast.Attribute)
    starred = any(isinstance(argument, ast.Starred) for argument in call.args)
    return len(call.args) == METHODS[call.func.attr][1] and not call.keywords and not starred
