"""The arg_scope function of a network, by slim's conventions.

``inception_v1_arg_scope`` stands beside ``inception_v1``, or ``inception_arg_scope`` in a file of
the same folder serves the whole family; networks of mobile phones have a ``training_scope``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from slimport.index.modules import Module
from slimport.index.names import FunctionNode
from slimport.index.program import Function, Program, callees
from slimport.index.resolve import InTree
from slimport.verify.case_files.entry_parameters import Arguments, arguments, signature

_SUFFIXES = ("_arg_scope", "_argscope", "_args_scope")
_PLAIN = ("training_scope", "arg_scope", "argscope")
_MAKING = ("build_", "get_", "create_", "make_")


@dataclass(frozen=True)
class ScopeFunction:
    """An arg_scope function.

    Attributes:
        module: Where its name is.
        name: Its name there.
        function: What the name stands for.
        call: How it is called.
    """

    module: Module
    name: str
    function: Function
    call: Arguments


def scope_of(program: Program, entry: Function, reached: set[Function]) -> ScopeFunction | None:
    """Finds the arg_scope function that an entry is meant to run under.

    Args:
        program: The index.
        entry: A function that builds a network.
        reached: What it leads to: a scope that it enters itself is not entered again.
    """
    for module in _modules(program, entry.module):
        for name in _names(entry, module):
            found = _scope_function(program, module, name)
            if found is not None:
                return None if found.function in reached else found
    return None


def _modules(program: Program, home: Module) -> list[Module]:
    near = [m for m in program.modules if m.package == home.package and m is not home]
    return [home, *near]


def _names(entry: Function, module: Module) -> Iterator[str]:
    """Names that an arg_scope function may have in a module, the most special first."""
    name = entry.qualname
    for making in _MAKING:
        name = name.removeprefix(making)
    for stem in (*_stems(name), *_stems(entry.module.path.stem)):
        yield from (stem + suffix for suffix in _SUFFIXES)
    if module is entry.module:
        yield from _PLAIN
        ending = [n for n in module.scope.bindings if n.endswith(_SUFFIXES)]
        if len(ending) == 1:
            yield ending[0]


def _stems(name: str) -> Iterator[str]:
    """``resnet_v1_50``, ``resnet_v1``, ``resnet``."""
    parts = name.split("_")
    for length in range(len(parts), 0, -1):
        yield "_".join(parts[:length])


def _scope_function(program: Program, module: Module, name: str) -> ScopeFunction | None:
    if name not in module.scope.bindings:
        return None
    meaning = program.resolver.name(name, module.scope, module)
    function = program.function_of(meaning.definition) if isinstance(meaning, InTree) else None
    if function is None or not isinstance(function.node, FunctionNode):
        return None
    if not any(r.api.name == "slim.arg_scope" for f in callees(function) for r in f.references):
        return None
    given = signature(function.node)
    call = arguments(given.parameters, passed_on(program, function))
    return None if call.unknown or call.tensors else ScopeFunction(module, name, function, call)


def passed_on(program: Program, function: Function) -> list[str]:
    """Parameters that a function takes through its ``**kwargs``, which it hands to another."""
    found: dict[str, None] = {}
    pending, seen = [function], {function}
    while pending:
        caller = pending.pop()
        if not isinstance(caller.node, FunctionNode) or not signature(caller.node).rest:
            continue
        for callee in caller.callees:
            handed = any(
                keyword.arg is None
                for call in _calls_between(program, caller, callee)
                for keyword in call.keywords
            )
            if handed and callee not in seen and isinstance(callee.node, FunctionNode):
                seen.add(callee)
                pending.append(callee)
                found |= {p.name: None for p in signature(callee.node).parameters}
    return list(found)


def _calls_between(program: Program, caller: Function, callee: Function) -> Iterator[ast.Call]:
    for call in caller.calls:
        meaning = program.resolve(call.func, caller.module)
        if isinstance(meaning, InTree) and meaning.definition.node is callee.node:
            yield call
