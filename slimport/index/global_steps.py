"""The global step of a block that trains: what names it, and whether Keras' own count will do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from slimport.index.blocks import argument, call_of, references_in
from slimport.index.program import Function
from slimport.index.walking import walk

STEPS = (
    "slim.create_global_step", "slim.get_or_create_global_step", "slim.get_global_step",
    "tf.train.create_global_step", "tf.train.get_or_create_global_step",
    "tf.train.get_global_step",
)  # fmt: skip
# Schedules, and where they take the global step.
SCHEDULES = {
    "tf.train.cosine_decay": 1, "tf.train.cosine_decay_restarts": 1,
    "tf.train.exponential_decay": 1, "tf.train.inverse_time_decay": 1,
    "tf.train.linear_cosine_decay": 1, "tf.train.natural_exp_decay": 1,
    "tf.train.noisy_linear_cosine_decay": 1, "tf.train.piecewise_constant": 0,
    "tf.train.piecewise_constant_decay": 0, "tf.train.polynomial_decay": 1,
}  # fmt: skip


def is_step(statement: ast.stmt, function: Function) -> bool:
    """Whether a statement gives the global step a name."""
    call = call_of(statement) if isinstance(statement, ast.Assign) else None
    found = [r for r in references_in(statement, function) if r.call is call and call is not None]
    return any(r.api.name in STEPS for r in found)


@dataclass(frozen=True)
class PassedStep:
    """A call that hands the global step to a function of the program.

    Attributes:
        caller: The function that calls.
        call: The call.
        function: The function.
        parameter: Its parameter that gets the step.
        position: The parameter's place.
    """

    caller: Function
    call: ast.Call
    function: Function
    parameter: str
    position: int


def passed_steps(
    caller: Function, call: ast.Call, names: set[str], target: Function
) -> Iterator[PassedStep]:
    """Where a call hands one of the names over, as a plain name each.

    Args:
        caller: A function.
        call: A call in it.
        names: Those of the global step.
        target: The function that it calls.
    """
    if not isinstance(target.node, ast.FunctionDef):
        return
    parameters = [argument.arg for argument in target.node.args.args]
    given = [*zip(parameters, call.args, strict=False)]
    given += [(k.arg or "", k.value) for k in call.keywords]
    for parameter, value in given:
        if isinstance(value, ast.Name) and value.id in names and parameter in parameters:
            yield PassedStep(caller, call, target, parameter, parameters.index(parameter))


def only_schedules(passed: PassedStep) -> bool:
    """Whether a function, which one other calls, uses the step for learning rates alone."""
    function, node = passed.function, passed.function.node
    if function.all_callers != {passed.caller} or function.escapes or function.is_method:
        return False
    if not isinstance(node, ast.FunctionDef):
        return False
    if node.args.defaults or node.args.vararg or node.args.kwarg:
        return False
    told = list(told_steps(function))
    uses = [n for n in walk(node) if isinstance(n, ast.Name) and n.id == passed.parameter]
    return all(any(use is step for step in told) for use in uses)


def told_steps(function: Function) -> Iterator[ast.expr | None]:
    """What schedules of a function are given as the step."""
    for reference in function.references:
        position = SCHEDULES.get(reference.api.name)
        if position is not None and reference.call is not None:
            yield argument(reference.call, position, "global_step" if position else "x")
