"""Names for what a rewrite adds."""

from __future__ import annotations

import ast

from slimport.index.blocks import assigned, loaded
from slimport.index.program import Function
from slimport.index.walking import walk


def names_taken(function: Function) -> set[str]:
    """Every name that a function uses or binds, and those of its file."""
    node = function.node
    arguments = {n.arg for n in walk(node) if isinstance(n, ast.arg)}
    own = assigned([node]) | loaded([node]) | arguments
    return own | set(function.module.scope.bindings)


def free_name(name: str, taken: set[str]) -> str:
    """The name, with underscores behind it until it is free."""
    while name in taken:
        name = f"{name}_"
    return name
