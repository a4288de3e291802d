"""Code beside a loss that asks for the global step itself: it must tell it to schedules alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from slimport.index.blocks import references_in
from slimport.index.global_steps import STEPS, is_step, told_steps
from slimport.index.program import Function, Program
from slimport.index.stays import Stays
from slimport.index.training import Training
from slimport.index.walking import walk


def check_asked_steps(training: Training, program: Program) -> None:
    """Whether a step that is asked for beside the loss, other than for the block, is a schedule's.

    Keras counts steps itself: what else is computed of it would be computed once.

    Raises:
        Stays: If it is used for anything else.
    """
    block = {id(s) for s in training.block if is_step(s, training.function)}
    own = {*training.of_loss, *training.gone}
    rest = [s for s in training.block if s not in own and id(s) not in block]
    computed = training.rates.nodes()
    places = [(training.function, s) for s in rest if not isinstance(s, ast.FunctionDef)]
    places += [(f, s) for f in training.beside(program) for s in getattr(f.node, "body", [])]
    told = {id(n) for f in {f for f, _ in places} for n in told_steps(f)}
    for function, statement in places:
        for call in _asking(statement, function):
            uses = _uses(call, function)
            if id(call) in told | computed or (uses and {id(n) for n in uses} <= told):
                continue
            raise Stays(f"{function.qualname} computes with the global step", call)


def _asking(statement: ast.stmt, function: Function) -> Iterator[ast.Call]:
    for reference in references_in(statement, function):
        if reference.api.name in STEPS and reference.call is not None:
            yield reference.call


def _uses(call: ast.Call, function: Function) -> list[ast.Name]:
    """Where the name is used that a call's value gets, if all that is done is to name it."""
    for node in walk(function.node):
        match node:
            case ast.Assign([ast.Name(name)], value) if value is call:
                nodes = (n for n in walk(function.node) if isinstance(n, ast.Name))
                return [n for n in nodes if n.id == name and isinstance(n.ctx, ast.Load)]
    return []
