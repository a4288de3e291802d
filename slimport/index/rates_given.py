"""Which names of a program are learning rates of optimizers."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from slimport.index.blocks import argument, called_by, loaded
from slimport.index.global_steps import passed_steps
from slimport.index.program import Function, Program
from slimport.index.walking import walk


def rates_of(
    node: ast.AST, function: Function, program: Program, seen: frozenset[Function] = frozenset()
) -> Iterator[ast.Name]:
    """The names that a call is given as the learning rate of an optimizer."""
    if not isinstance(node, ast.Call):
        return
    given = argument(node, 0, "learning_rate")
    if isinstance(given, ast.Name) and _is_optimizer(node, function):
        yield given
    for target in called_by(node, function, program):
        for passed in passed_steps(function, node, loaded([node]), target):
            value = argument(node, passed.position, passed.parameter)
            if isinstance(value, ast.Name) and _takes_rate(target, passed.parameter, program, seen):
                yield value


def _is_optimizer(call: ast.Call, function: Function) -> bool:
    names = [r.api.name for r in function.references if r.call is call]
    return any(n.startswith("tf.train.") and n.endswith("Optimizer") for n in names)


def _takes_rate(
    function: Function, parameter: str, program: Program, seen: frozenset[Function]
) -> bool:
    """Whether a parameter of a function is the learning rate of an optimizer, and no more."""
    if function in seen or function.is_method:
        return False
    nodes = list(walk(function.node))
    uses = {id(n) for n in nodes if isinstance(n, ast.Name) and n.id == parameter}
    known: set[int] = set()
    alone = {id(n.value) for n in nodes if isinstance(n, ast.Expr)}
    for reference in function.references:
        if reference.api.name.startswith("tf.summary.") and id(reference.call) in alone:
            known |= {id(n) for n in walk(reference.call or reference.node)}
    is_rate = False
    for node in nodes:
        if isinstance(node, ast.Call):
            for name in rates_of(node, function, program, seen | {function}):
                known.add(id(name))
                is_rate = is_rate or id(name) in uses
    return is_rate and uses <= known
