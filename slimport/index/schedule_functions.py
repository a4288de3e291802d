"""Functions of the global step that give schedules, which Keras has: they need no step there."""

from __future__ import annotations

import ast

from slimport.index.blocks import assigned, loaded
from slimport.index.computing import holds, is_once, made_of
from slimport.index.global_steps import SCHEDULES, PassedStep, only_schedules
from slimport.index.program import Function
from slimport.index.walking import walk

# What a schedule can be computed with, other than a tensor.
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div)


def gives_schedules(passed: PassedStep) -> bool:
    """Whether a function gives schedules, numbers, or arithmetic with these."""
    function = passed.function
    if function.callees or not only_schedules(passed):
        return False
    constants = rate_constants(function)
    for reference in function.references:
        name = reference.api.name
        is_known = name in SCHEDULES or reference.call in constants or is_once(name)
        if name.startswith("tf.") and not is_known:
            return False
    nodes = list(walk(function.node))
    made = made_of(nodes, {passed.parameter})
    for node in nodes:
        match node:
            case ast.BinOp(left, op, right) if holds([left, right], made):
                if not isinstance(op, ARITHMETIC):
                    return False
            case ast.Compare() if holds([node], made):
                return False
    return True


def rate_constants(function: Function) -> list[ast.Call]:
    """The calls of `tf.constant` whose value a function returns as it is: a number will do."""
    nodes = list(walk(function.node))
    returned = [n.value for n in nodes if isinstance(n, ast.Return) and n.value is not None]
    names = {n.id for n in returned if isinstance(n, ast.Name)}
    names -= loaded(n for n in nodes if isinstance(n, ast.expr) and n not in returned)
    values = [*returned]
    for node in nodes:
        if isinstance(node, ast.Assign) and assigned(node.targets) <= names:
            values.append(node.value)
    found = [
        r.call for r in function.references if r.api.name == "tf.constant" and r.call in values
    ]
    return [c for c in found if c is not None and _is_number(c)]


def _is_number(call: ast.Call) -> bool:
    """``tf.constant(value, name=...)``"""
    return len(call.args) == 1 and {k.arg for k in call.keywords} <= {"name"}
