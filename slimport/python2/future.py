"""What a file takes from ``__future__``."""

from __future__ import annotations

import ast


def imports_future(tree: ast.Module, feature: str) -> bool:
    """Whether the file says ``from __future__ import <feature>``."""
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == feature for alias in node.names)
        for node in tree.body
    )
