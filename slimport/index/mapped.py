"""Which statements between two readings of tensors belong into a function that a dataset maps."""

from __future__ import annotations

import ast

from slimport.index.blocks import assigned, called, leave_it, loaded, references_in
from slimport.index.program import Function, Program, builds_layers, callees, closure_of
from slimport.index.training import is_inside

# Functions of Python that compute a number or a list, and change nothing.
_COUNTING = frozenset("abs float int len list max min range round sorted str sum tuple".split())
# Layers that are functions of tensors alone.
_WITHOUT_VARIABLES = {"slim.flatten", "slim.one_hot_encoding", "slim.softmax"}


def may_be_mapped(statements: list[ast.stmt], function: Function, program: Program) -> bool:
    """Whether statements make tensors of an example, and do nothing else that a graph keeps."""
    if leave_it(statements):
        return False
    references = [r for s in statements for r in references_in(s, function)]
    start = {f for s in statements for f in called(s, function, program)}
    names = {r.api.name for r in references} - _WITHOUT_VARIABLES
    if any(name.startswith("tf.summary.") or builds_layers(name) for name in names):
        return False
    return not any(f in program.building for f in closure_of(start, callees))


def mapped(
    statements: list[ast.stmt], made: list[ast.stmt], later: set[str], function: Function
) -> list[ast.stmt] | None:
    """Those of the statements that belong into the mapped function.

    Args:
        statements: They stand between a reading of tensors and the next.
        made: The statement that reads.
        later: What is used behind them.
        function: The function.

    Returns:
        All but those that only compute numbers of the program; `None` if anything of a tensor is
        used behind them.
    """
    beside = [s for s in statements if assigned([s]) & later]
    inside = [s for s in statements if s not in beside]
    if assigned([*made, *inside]) & later:
        return None
    if not all(_is_beside(s, [*made, *inside], function) for s in beside):
        return None
    return inside


def _is_beside(statement: ast.stmt, inside: list[ast.stmt], function: Function) -> bool:
    """Whether a statement computes the same before all of those that make tensors."""
    match statement:
        case ast.Assign([ast.Name(name)], value):
            if any(is_inside(r) for r in references_in(value, function)):
                return False
            calls = [n.func for n in ast.walk(value) if isinstance(n, ast.Call)]
            if not all(isinstance(c, ast.Name) and c.id in _COUNTING for c in calls):
                return False
            before = [s for s in inside if s.lineno < statement.lineno]
            used = loaded([value])
            if used & (assigned(inside) | _changed_by(before)):
                return False
            return name not in assigned(inside) | loaded(before)
    return False


def _changed_by(statements: list[ast.stmt]) -> set[str]:
    """The names whose objects statements may change: ``x[0] = ...``, ``x.append(...)``."""
    nodes = [node for statement in statements for node in ast.walk(statement)]
    stored = [
        node.value
        for node in nodes
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load)
    ]
    stored += [
        node.func.value
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    return {name for node in stored for name in loaded([node])}
