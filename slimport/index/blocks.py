"""Statements of a block: what they assign, what they use, which APIs they name."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from slimport.index.program import Function, Program, Reference
from slimport.index.resolve import InTree


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


def value_of(statement: ast.stmt) -> ast.expr | None:
    match statement:
        case ast.Return(value) | ast.Expr(value) | ast.Assign([ast.Name()], value):
            return value
    return None


def argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    if any(isinstance(a, ast.Starred) for a in call.args) or any(not k.arg for k in call.keywords):
        return None
    if position < len(call.args):
        return call.args[position]
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def called(statement: ast.AST, function: Function, program: Program) -> Iterator[Function]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Call):
            yield from called_by(node, function, program)


def called_by(node: ast.Call, function: Function, program: Program) -> Iterator[Function]:
    meaning = program.resolve(node.func, function.module)
    target = program.function_of(meaning.definition) if isinstance(meaning, InTree) else None
    if target is not None:
        yield target
