"""The reasons that a module's code can give, read from its text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import product
from pathlib import Path


def given(path: Path) -> set[tuple[str, str]]:
    """Reason and advice of every `Leave(...)` in a file; ``…`` stands for what is filled in."""
    tree = ast.parse(path.read_text("utf-8"))
    return {
        pair
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for call in _leaves(function)
        for pair in product(*(_texts(_argument(call, at), function) for at in range(2)))
    }


def _leaves(function: ast.FunctionDef) -> Iterator[ast.Call]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Leave":
            yield node


def _argument(call: ast.Call, position: int) -> ast.expr:
    return call.args[position] if position < len(call.args) else ast.Constant("")


def _texts(node: ast.expr, function: ast.FunctionDef) -> list[str]:
    """What an expression may be: a name stands for all that its function assigns to it."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        parts = [str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values]
        return ["".join(parts)]
    assert isinstance(node, ast.Name), ast.unparse(node)
    assigned = [
        statement.value
        for statement in ast.walk(function)
        if isinstance(statement, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == node.id for t in statement.targets)
    ]
    return [text for value in assigned for text in _texts(value, function)] or ["…"]
