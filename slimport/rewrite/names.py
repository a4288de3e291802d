"""Names for what a rewrite adds."""

from __future__ import annotations

import ast


def names_in(node: ast.AST) -> set[str]:
    """Every name that a piece of code uses or binds."""
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return names | {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}


def free_name(name: str, taken: set[str]) -> str:
    """The name, with underscores behind it until it is free."""
    while name in taken:
        name = f"{name}_"
    return name
