"""Which statements between two readings of tensors belong into a function that a dataset maps."""

from __future__ import annotations

import ast

from slimport.index.blocks import assigned, called, leave_it, loaded, references_in
from slimport.index.global_steps import STEPS
from slimport.index.later_uses import used_later
from slimport.index.program import Function, Program, builds_layers, callees, closure_of
from slimport.index.training import is_inside
from slimport.index.walking import walk

# Functions of Python that compute a number or a list, and change nothing.
_COUNTING = frozenset("abs float int len list max min range round sorted str sum tuple".split())
# Layers that are functions of tensors alone.
_WITHOUT_VARIABLES = {"slim.flatten", "slim.one_hot_encoding", "slim.softmax"}

# What the graph keeps for those who look it up, or who run it, one example after the other.
_OF_THE_GRAPH = (
    "slim.losses.", "tf.add_to_collection", "tf.losses.", "tf.numpy_function", "tf.py_func",
)  # fmt: skip


def may_be_mapped(statements: list[ast.stmt], function: Function, program: Program) -> bool:
    """Whether statements make tensors of an example, and do nothing else that a graph keeps."""
    if leave_it(statements):
        return False
    references = [r for s in statements for r in references_in(s, function)]
    reached = closure_of({f for s in statements for f in called(s, function, program)}, callees)
    names = {r.api.name for r in references} - _WITHOUT_VARIABLES
    if any(name.startswith("tf.summary.") or builds_layers(name) for name in names):
        return False
    names |= {r.api.name for f in reached for r in f.references}
    if any(name.startswith(_OF_THE_GRAPH) or name in STEPS for name in names):
        return False
    return not any(f in program.building for f in reached)


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
        used behind them, or a name would have no value yet in a function.
    """
    changing = used_later(statements, function, assigned(made)) & assigned(statements)
    outside = later | (changing & _above(made, function))
    beside = [s for s in statements if assigned([s]) & outside]
    inside = [s for s in statements if s not in beside]
    if assigned([*made, *inside]) & outside:
        return None
    if not all(_is_beside(s, [*made, *inside], function) for s in beside):
        return None
    return inside


def _above(made: list[ast.stmt], function: Function) -> set[str]:
    """The names of a function that have a value before it reads."""
    nodes = list(walk(function.node))
    first = min(statement.lineno for statement in made)
    stores = (n for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load))
    parameters = {n.arg for n in nodes if isinstance(n, ast.arg)}
    return parameters | {name.id for name in stores if name.lineno < first}


def _is_beside(statement: ast.stmt, inside: list[ast.stmt], function: Function) -> bool:
    """Whether a statement computes the same before all of those that make tensors."""
    if not _computes(statement) or _names_tensors(statement, function):
        return False
    calls = [n.func for n in walk(statement) if isinstance(n, ast.Call)]
    if not all(isinstance(c, ast.Name) and c.id in _COUNTING for c in calls):
        return False
    before = [s for s in inside if s.lineno < statement.lineno]
    if loaded([statement]) & (assigned(inside) | _changed_by(before)):
        return False
    return not assigned([statement]) & (assigned(inside) | loaded(before))


def _computes(statement: ast.stmt) -> bool:
    """Whether a statement gives a name a number: ``if size is None: size = 224``"""
    match statement:
        case ast.Assign([ast.Name()]) | ast.AugAssign(ast.Name()):
            return True
        case ast.If(_, body, others):
            return all(map(_computes, (*body, *others)))
    return False


def _names_tensors(statement: ast.stmt, function: Function) -> bool:
    """Whether a statement names what makes tensors."""
    return any(is_inside(r) for r in references_in(statement, function))


def _changed_by(statements: list[ast.stmt]) -> set[str]:
    """The names whose objects statements may change: ``x[0] = ...``, ``x.append(...)``."""
    nodes = [node for statement in statements for node in walk(statement)]
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
