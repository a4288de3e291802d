"""Names for what a rewrite adds."""

from __future__ import annotations

import ast

from slimport.index.blocks import assigned, loaded


def names_in(node: ast.AST) -> set[str]:
    """Every name that a piece of code uses or binds."""
    arguments = {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}
    return assigned([node]) | loaded([node]) | arguments


def free_name(name: str, taken: set[str]) -> str:
    """The name, with underscores behind it until it is free."""
    while name in taken:
        name = f"{name}_"
    return name
