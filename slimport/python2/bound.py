"""Names that a file binds itself: which of its names are no builtins for certain."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def bound_names(tree: ast.AST) -> frozenset[str]:
    """Every name that is assigned, imported, defined or a parameter somewhere in the file."""
    return frozenset(name for node in ast.walk(tree) for name in _binds(node))


def builtin_names(tree: ast.Module) -> dict[int, str]:
    """The names that are read and that no scope around them binds, by the node's id."""
    found: dict[int, str] = {}
    _read(tree, own_names(tree), frozenset(), found)
    return found


def _read(
    node: ast.AST, visible: frozenset[str], class_names: frozenset[str], found: dict[int, str]
) -> None:
    """Functions do not see what the class around them binds."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load):
            if child.id not in visible | class_names:
                found[id(child)] = child.id
        elif isinstance(child, _Function):
            _read(child, visible | own_names(child), frozenset(), found)
        elif isinstance(child, ast.ClassDef):
            _read(child, visible, own_names(child), found)
        else:
            _read(child, visible, class_names, found)


def own_names(scope: ast.AST) -> frozenset[str]:
    """What a scope binds, and what functions in it declare global."""
    names: set[str] = set()
    pending = list(ast.iter_child_nodes(scope))
    for node in pending:
        names.update(_binds(node))
        if not isinstance(node, _Function | ast.ClassDef):
            pending.extend(ast.iter_child_nodes(node))
    if isinstance(scope, ast.Module):
        names.update(n for g in ast.walk(scope) if isinstance(g, ast.Global) for n in g.names)
    return frozenset(names)


def _binds(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.ExceptHandler(name=str(name)):
            yield name
        case ast.alias(name=name, asname=local):
            yield local or name.partition(".")[0]


def character(lines: list[str], line: int, byte: int) -> int:
    """The character of a line, from 1, at a place that `ast` counts in bytes."""
    return len(lines[line - 1].encode("utf-8")[:byte].decode("utf-8"))
