"""Scopes that no `with` statement of their function opens and closes around the code below it.

What runs under them is known to nobody who reads: a scope that is kept, returned, entered by hand
or by an `ExitStack`, that decorates a function, or stays open while a generator waits.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from slimport.index.program import Function, Program, Reference
from slimport.index.resolve import Api, InTree
from slimport.index.walking import all_of, own_nodes, walk

_SCOPES = ("slim.arg_scope", "tf.variable_scope")
_HARMLESS = frozenset("abstractmethod classmethod getter property setter staticmethod".split())
# What enters such a scope is not told by any call.
_ENTERED = frozenset({"__aenter__", "__enter__"})
# Where a function goes on later.
_WAITS: tuple[type[ast.AST], ...] = (
    ast.AsyncFor, ast.AsyncWith, ast.Await, ast.Yield, ast.YieldFrom,
)  # fmt: skip


def under_loose_scopes(program: Program) -> set[Function]:
    """The functions that may run, or make layers, while such a scope is open."""
    found: set[Function] = set()
    for function in program.all():
        if function in found or not _opens_loosely(function):
            continue
        if _is_kept(function):
            near = program.connected(function.module)
            found.update(f for m in near for f in program.by_module[m])
            continue
        around = program.links.reached([function], up=True)
        found |= program.links.reached(around, up=False)
    return found


class Decorators:
    """Which decorators open scopes around what they decorate, or may."""

    def __init__(self, program: Program) -> None:
        self._program = program
        opening = (f for f in program.all() if any(r.api.name in _SCOPES for r in f.references))
        # Asked from the scopes upwards, once: TensorFlow alone decorates ten thousand functions.
        self._leads_to_scopes = program.links.reached(opening, up=True)

    def around(self, function: Function) -> str:
        """A decorator that opens a scope around the function, or may; empty text for none."""
        node = function.node
        if isinstance(node, ast.Module):
            return ""
        scope = function.module.scopes.scope_of.get(node, function.module.scope)
        for decorator in node.decorator_list:
            callee = decorator.func if isinstance(decorator, ast.Call) else decorator
            meaning = self._program.resolver.resolve(callee, scope, function.module)
            name = ast.unparse(callee)
            if isinstance(meaning, InTree):
                opens = self._opens_any(meaning)
            elif meaning is None:
                opens = name.rpartition(".")[2] not in _HARMLESS
            else:
                opens = isinstance(meaning, Api) and meaning.name in _SCOPES
            if opens:
                return name
        return ""

    def _opens_any(self, decorator: InTree) -> bool:
        """Whether code of a decorator, or what it calls, opens scopes."""
        inside, functions = f"{decorator.qualname}.", self._program.by_module[decorator.module]
        own = (f for f in functions if f"{f.qualname}.".startswith(inside))
        return not self._leads_to_scopes.isdisjoint(own)


def _opens_loosely(function: Function) -> bool:
    scopes = [r for r in function.references if r.api.name in _SCOPES]
    if not scopes:
        return False
    own = own_nodes(function.node)
    withs = [node for node in own if isinstance(node, ast.With | ast.AsyncWith)]
    opened = {item.context_expr for node in withs for item in node.items}
    if any(r.call not in opened for r in scopes if r.call is not None):
        return True
    if any(_is_handed_on(r, own) for r in scopes if r.call is None):
        return True
    calls = {r.call for r in scopes}
    return any(
        all_of(node, *_WAITS)
        for node in withs
        if any(item.context_expr in calls for item in node.items)
    )


def _is_handed_on(reference: Reference, own: Iterable[ast.AST]) -> bool:
    """Whether a scope that is not called where it is named does more than get another name."""
    return not any(isinstance(node, ast.Assign) and node.value is reference.node for node in own)


def _is_kept(function: Function) -> bool:
    """Whether who opens the scope in the end cannot be told from calls."""
    if not function.qualname or function.qualname.rpartition(".")[2] in _ENTERED:
        return True
    calls = {r.call for r in function.references if r.api.name in _SCOPES}
    return any(
        isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign)
        and any(inner in calls for inner in walk(node))
        and not all(isinstance(target, ast.Name) for target in _targets(node))
        for node in own_nodes(function.node)
    )


def _targets(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]
