"""Optimizers that Keras has no equal of: those of the program itself, and of other packages."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from slimport.index.modules import Module
from slimport.index.program import Function, Program
from slimport.index.resolve import Api, InTree
from slimport.index.stays import Stays
from slimport.index.walking import walk

# What TensorFlow asks of an optimizer, however it is derived.
_OF_OPTIMIZERS = {"apply_gradients", "_apply_dense", "_resource_apply_dense"}


def check_optimizers(parts: Iterable[tuple[ast.AST, Function]], program: Program) -> None:
    """Nothing that stands beside a loss makes an optimizer which `fit` could not run.

    Keras hands gradients and weights to methods of its own, and asks for the learning rate under a
    name of its own; a class that was written for a graph has neither.

    Args:
        parts: Statements, or whole functions, each with the function that it stands in.
        program: The index.

    Raises:
        Stays: If a class of the program, or one that another package makes, is an optimizer.
    """
    for part, function in parts:
        for node in walk(part):
            if isinstance(node, ast.Name | ast.Attribute) and _is_own(node, function, program):
                raise Stays(f"{ast.unparse(node)} is an optimizer that Keras has not", node)
            if isinstance(node, ast.Call) and _is_foreign(node.func, function, program):
                raise Stays(f"{ast.unparse(node.func)} is an optimizer that Keras has not", node)


def _is_own(node: ast.expr, function: Function, program: Program) -> bool:
    meaning = program.resolve(node, function.module)
    if not isinstance(meaning, InTree) or not isinstance(meaning.definition.node, ast.ClassDef):
        return False
    return _is_optimizer(meaning.definition.node, meaning.module, program, set())


def _is_optimizer(
    node: ast.ClassDef, module: Module, program: Program, seen: set[ast.ClassDef]
) -> bool:
    """Whether a class has an optimizer's methods, or is derived from what has."""
    if any(isinstance(s, ast.FunctionDef) and s.name in _OF_OPTIMIZERS for s in node.body):
        return True
    seen.add(node)
    meanings = [(base, program.resolve(base, module)) for base in node.bases]
    if any(
        not isinstance(meaning, InTree) and _is_named_so(base) and not _is_keras(base)
        for base, meaning in meanings
    ):
        return True
    above = [m for _, m in meanings if isinstance(m, InTree)]
    return any(
        isinstance(m.definition.node, ast.ClassDef)
        and m.definition.node not in seen
        and _is_optimizer(m.definition.node, m.module, program, seen)
        for m in above
    )


def _is_foreign(called: ast.expr, function: Function, program: Program) -> bool:
    """``hvd.DistributedOptimizer(...)``: neither TensorFlow's own nor the program's."""
    if not _is_named_so(called) or _is_keras(called):
        return False
    meaning = program.resolve(called, function.module)
    return not isinstance(meaning, Api | InTree)


def _is_named_so(node: ast.expr) -> bool:
    name = ast.unparse(node).rpartition(".")[2]
    return name.endswith("Optimizer") and name[0].isupper()


def _is_keras(node: ast.expr) -> bool:
    return "keras" in ast.unparse(node)
