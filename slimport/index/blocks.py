"""Statements of a block: what they assign, what they use, which APIs they name."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from slimport.index.program import Function, Reference


def assigned(statements: Iterable[ast.AST]) -> set[str]:
    """The names that statements bind."""
    return {
        node.id
        for statement in statements
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    }


def loaded(statements: Iterable[ast.AST]) -> set[str]:
    """The names that statements use."""
    return {
        node.id
        for statement in statements
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def references_in(node: ast.AST, function: Function) -> list[Reference]:
    """The function's references within a node."""
    inside = {id(child) for child in ast.walk(node)}
    return [r for r in function.references if id(r.node) in inside]
