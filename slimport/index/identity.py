"""Comparisons of tensors: TensorFlow 1's `==` and `!=` asked whether both were one object."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from slimport.index.modules import Module
from slimport.index.names import Scope
from slimport.index.values import is_tensor
from slimport.index.walking import all_of

_MADE_HERE = (ast.BinOp, ast.Call, ast.Subscript, ast.UnaryOp)


def tensor_comparisons(module: Module) -> Iterator[tuple[ast.Compare, bool]]:
    """Yields comparisons with a tensor that is made right there, and what TF 1 made of them.

    Such a tensor is no other object: ``tf.shape(x)[3] != 64`` was true whatever `x` was. Names on
    both sides may stand for one object, and are left out.
    """
    for node in all_of(module.tree, ast.Compare):
        match node:
            case ast.Compare(left, [ast.Eq() | ast.NotEq() as operator], [right]):
                scope = module.scopes.scope_of[node]
                if _is_another(left, right, scope) or _is_another(right, left, scope):
                    yield node, isinstance(operator, ast.NotEq)


def _is_another(node: ast.expr, other: ast.expr, scope: Scope) -> bool:
    """Whether the expression is a tensor, and surely not the other."""
    differs = isinstance(node, _MADE_HERE) or isinstance(other, ast.Constant)
    return differs and is_tensor(node, scope)
