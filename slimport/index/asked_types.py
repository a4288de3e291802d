"""What code asks of a tensor's dtype that only TensorFlow's knows: a KerasTensor's is a string."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from slimport.index.names import Imported, Scope, dotted_parts
from slimport.index.walking import all_of


def asked_types(tree: ast.Module, scope_of: dict[ast.AST, Scope]) -> Iterator[ast.expr]:
    """Yields each ``x.dtype`` that a text would not do for.

    ``x.dtype == tf.float32`` holds of ``"float32"``, too; ``x.dtype is tf.float32``, ``x.dtype ==
    np.float32`` and ``SIZES[x.dtype]`` do not, and ``x.dtype.name`` fails.
    """
    for outer in all_of(tree, ast.Attribute):
        if _is_type(outer.value):
            yield outer.value
    for subscript in all_of(tree, ast.Subscript):
        if _is_type(subscript.slice):
            yield subscript.slice
    for compared in all_of(tree, ast.Compare):
        sides = [compared.left, *compared.comparators]
        by_identity = any(isinstance(op, ast.Is | ast.IsNot) for op in compared.ops)
        inner = [part for side in sides for part in getattr(side, "elts", [side])]
        if by_identity or any(_is_of_numpy(part, scope_of[compared]) for part in inner):
            yield from filter(_is_type, sides)


def _is_type(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "dtype"


def _is_of_numpy(node: ast.expr, scope: Scope) -> bool:
    chain = dotted_parts(node)
    found = scope.lookup(chain[0].id) if chain is not None else None
    bindings = found[1] if found is not None else ()
    return any(isinstance(b, Imported) and b.dotted.split(".")[0] == "numpy" for b in bindings)
