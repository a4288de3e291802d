"""Calls that may make layers and losses where nothing at the place tells that they do."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from slimport.index.names import Opaque
from slimport.index.program import Function, Program, closure_of
from slimport.index.resolve import InTree
from slimport.index.training import makes_any


def unknown_call(statement: ast.stmt, function: Function, program: Program) -> ast.Call | None:
    """A call of a statement that may make tensors beside the loss, unseen.

    A function that is handed in, a method whose class is not known, an object that is made: the
    layers and losses of these would be in no model.

    Args:
        statement: A statement that is no part of the loss.
        function: The function that holds it.
        program: The index.
    """
    for call in _calls(statement):
        alone = isinstance(statement, ast.Expr) and statement.value is call
        reached = _may_run(call, alone, function, program)
        if any(makes_any(target, program) for target in reached):
            return call
        if isinstance(call.func, ast.Name) and _is_handed_in(call.func, alone, function, program):
            return call
    return None


def _calls(statement: ast.AST) -> Iterator[ast.Call]:
    """The calls of a statement, but for those in functions that it defines."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return
    if isinstance(statement, ast.Call):
        yield statement
    for child in ast.iter_child_nodes(statement):
        yield from _calls(child)


def _may_run(
    call: ast.Call, alone: bool, function: Function, program: Program
) -> Iterable[Function]:
    """The functions of the program that a call may run, where it does not say which."""
    meaning = program.resolve(call.func, function.module)
    if meaning is None:
        name = getattr(call.func, "attr", "__call__" if alone else "")
        found = [f for f in function.maybe_callees if f.qualname.rpartition(".")[2] == name]
        return closure_of(found, lambda f: f.callees)
    if not isinstance(meaning, InTree):
        return ()
    if isinstance(meaning.definition.node, ast.ClassDef):
        made = f"{meaning.qualname}.__init__"
        start = [f for f in program.by_module[meaning.module] if f.qualname == made]
        return closure_of(start, lambda f: f.callees)
    target = program.function_of(meaning.definition)
    # Of what gives a value the value's use tells, as that of `network_fn = get_network_fn(name)`.
    return closure_of([target], _called) if alone and target is not None else ()


def _called(function: Function) -> set[Function]:
    """What a function calls, and the methods that it calls by name, of whatever class."""
    named = {call.func.attr for call in function.calls if isinstance(call.func, ast.Attribute)}
    return function.callees | function.methods_named(named)


def _is_handed_in(name: ast.Name, alone: bool, function: Function, program: Program) -> bool:
    """Whether a name that is called is a parameter, or one that is called for nothing."""
    scope = function.module.scopes.scope_of.get(name, function.module.scope)
    found = scope.lookup(name.id)
    if found is None or program.resolve(name, function.module) is not None:
        return False
    return alone or all(isinstance(binding, Opaque) for binding in found[1])
