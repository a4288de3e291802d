"""Numbers that NumPy or Python draws while a loss is built: a graph kept those of its one run."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from slimport.index.blocks import references_in
from slimport.index.names import Assigned
from slimport.index.program import Function, Program
from slimport.index.resolve import External
from slimport.index.stays import Stays
from slimport.index.walking import walk

_DRAWING = ("numpy.random.", "random.")
_GENERATORS = ("Random", "RandomState", "default_rng")
# What takes a number when a variable is made, and never again.
_BEGINNING = ("tf.Variable", "tf.get_variable")


def check_drawn(code: Iterable[tuple[Function, ast.AST]], program: Program) -> None:
    """Whether code draws no numbers, which each of its runs would draw anew.

    Args:
        code: Functions, and what of them runs while the loss is built.
        program: The index.

    Raises:
        Stays: If it does.
    """
    for function, node in code:
        inside = {id(child) for child in walk(node)} - _first_values(node, function)
        for call in function.calls:
            if id(call) in inside and _draws(call, inside, function, program):
                raise Stays(f"{ast.unparse(call.func)} draws with each run of the loss", call)


def _first_values(node: ast.AST, function: Function) -> set[int]:
    """The parts of a node that are values which variables begin with."""
    return {
        id(part)
        for reference in references_in(node, function)
        if reference.call is not None and _begins(reference.api.name)
        for part in walk(reference.call)
    }


def _begins(name: str) -> bool:
    return name.startswith(_BEGINNING) or "initializer" in name


def _draws(call: ast.Call, inside: set[int], function: Function, program: Program) -> bool:
    """``np.random.normal()``, or a method of ``rng = np.random.RandomState(7)``.

    A generator that the code makes itself, of a seed, draws the same in each run.
    """
    callee = call.func
    if _is_drawing(callee, function, program):
        return not _is_seeded(call)
    if not isinstance(callee, ast.Attribute) or not isinstance(callee.value, ast.Name):
        return False
    scope = function.module.scopes.scope_of.get(callee.value, function.module.scope)
    found = scope.lookup(callee.value.id)
    values = [b.value for b in found[1] if isinstance(b, Assigned)] if found is not None else []
    made = [value for value in values if isinstance(value, ast.Call)]
    return any(
        _is_drawing(value.func, function, program)
        and not (id(value) in inside and _is_seeded(value))
        for value in made
    )


def _is_seeded(call: ast.Call) -> bool:
    """``np.random.RandomState(7)``"""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    seeds = [*call.args, *(keyword.value for keyword in call.keywords)]
    is_given = any(not isinstance(s, ast.Constant) or s.value is not None for s in seeds)
    return name in _GENERATORS and is_given


def _is_drawing(callee: ast.expr, function: Function, program: Program) -> bool:
    meaning = program.resolve(callee, function.module)
    return isinstance(meaning, External) and meaning.dotted.startswith(_DRAWING)
