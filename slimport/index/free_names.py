"""Names that code uses from outside, also through the functions that it stands for or calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from slimport.index.blocks import assigned, loaded
from slimport.index.program import Function
from slimport.index.walking import walk

# What they give can be gone through once.
_ONCE = frozenset("enumerate filter iter map open reversed zip".split())


def free_names(node: ast.AST) -> set[str]:
    """The names from outside that a function uses."""
    nodes = list(walk(node))
    outer = {n for g in nodes if isinstance(g, ast.Global | ast.Nonlocal) for n in g.names}
    parameters = {n.arg for n in nodes if isinstance(n, ast.arg)}
    body = getattr(node, "body", [])
    code: list[ast.AST] = body if isinstance(body, list) else [body]
    return (loaded(code) - assigned(code) - parameters) | outer


def with_inner(names: set[str], function: Function) -> set[str]:
    """The names, and what functions of a function that they stand for use.

    Args:
        names: Names that code of the function uses.
        function: The function, or a file's top level.
    """
    inner, found = list(_inner_functions(function)), set(names)
    while True:
        more = {n for name, node in inner if name in found for n in free_names(node)}
        if more <= found:
            return found
        found |= more


def shared_names(function: Function) -> set[str]:
    """The names of other functions, or of the file, that code of a function may bind."""
    nodes = walk(function.node)
    outer = (n for n in nodes if isinstance(n, ast.Global | ast.Nonlocal))
    return {name for node in outer for name in node.names}


def gives_once(statement: ast.stmt) -> bool:
    """Whether a statement names something that can be gone through once: ``zip(a, b)``"""
    match statement:
        case ast.Assign(_, ast.GeneratorExp()):
            return True
        case ast.Assign(_, ast.Call(ast.Name(name))):
            return name in _ONCE
    return False


def _inner_functions(function: Function) -> Iterator[tuple[str, ast.AST]]:
    """The functions and lambdas within a function, by the names that they are given."""
    for node in walk(function.node):
        if isinstance(node, ast.FunctionDef) and node is not function.node:
            yield node.name, node
        elif isinstance(node, ast.Assign):
            lambdas = [n for n in walk(node.value) if isinstance(n, ast.Lambda)]
            for name in assigned(node.targets) if lambdas else ():
                yield from ((name, found) for found in lambdas)
