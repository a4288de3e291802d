"""Names that a file binds itself, in whatever scope: none of them is a builtin for certain."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def bound_names(tree: ast.Module) -> frozenset[str]:
    """Every name that is assigned, imported, defined or a parameter somewhere in the file."""
    return frozenset(_bound(tree))


def _bound(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.alias(name=name, asname=local):
                yield local or name.partition(".")[0]
