"""Savers of a loop by hand, and functions that restore: which variables they are told."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from slimport.index.blocks import argument, assigned, call_of, references_in
from slimport.index.hand_loop import SAVER, HandLoop
from slimport.index.stays import Stays

RESTORING = "slim.assign_from_checkpoint_fn"
_OF_SAVER = {"var_list", "max_to_keep", "keep_checkpoint_every_n_hours"}
_ALL = ("tf.all_variables", "tf.global_variables")
# What a model has under the same names.
_OF_MODELS = (
    "slim.get_model_variables", "slim.get_trainable_variables", "tf.model_variables",
    "tf.trainable_variables", "slim.filter_variables",
)  # fmt: skip
# These hold the step and what optimizers keep as well, once they are made.
_OF_GRAPHS = (*_ALL, "slim.get_variables", "slim.get_variables_to_restore")


def told_all(call: ast.Call, loop: HandLoop) -> bool:
    """Whether a saver is told all variables: ``tf.train.Saver(tf.global_variables())``"""
    match argument(call, 0, "var_list"):
        case ast.Call(function, [], []):
            return [r.api.name for r in references_in(function, loop.function)][-1:] in (
                [name] for name in _ALL
            )
    return False


def check_savers(loop: HandLoop, savers: Sequence[ast.stmt]) -> None:
    """Savers know the variables that they knew.

    Args:
        loop: What was read.
        savers: The savers that stay savers.

    Raises:
        Stays: They may not.
    """
    for statement in savers:
        call = call_of(statement)
        assert call is not None
        if not {k.arg for k in call.keywords} <= _OF_SAVER or len(call.args) > 1:
            raise Stays("what the saver is told has no equal", statement)
        given = argument(call, 0, "var_list")
        if statement not in loop.block:
            raise Stays(f"{SAVER} is no statement of its own", statement)
        is_all = given is None or told_all(call, loop)
        if not is_all and not _is_list(given, statement, loop):
            raise Stays("the saver is told which variables it saves", statement)
        if is_all and is_early(statement, loop) and _knows_step(statement, loop):
            raise Stays("the saver is made before the training operation", statement)


def is_early(saver: ast.stmt, loop: HandLoop) -> bool:
    """Whether a saver is made before what the optimizer keeps: it neither saves nor restores it."""
    return loop.block.index(saver) < loop.block.index(loop.minimized.statement)


def _knows_step(saver: ast.stmt, loop: HandLoop) -> bool:
    above = loop.block[: loop.block.index(saver)]
    return any(s in loop.gone and _names(s) & loop.steps for s in above)


def _is_list(given: ast.expr | None, saver: ast.stmt, loop: HandLoop) -> bool:
    """Whether it is a list of variables that a model has."""
    if isinstance(given, ast.Name):
        made = [s for s in loop.block if given.id in assigned([s])]
        if len(made) != 1 or made[0] not in loop.looks_up:
            return False
        return _looks_up_of_models(made[0], made[0], loop)
    is_made = isinstance(given, ast.Call | ast.ListComp)
    return is_made and given is not None and _looks_up_of_models(given, saver, loop)


def _looks_up_of_models(node: ast.AST, at: ast.stmt, loop: HandLoop) -> bool:
    names = {r.api.name for r in references_in(node, loop.function)}
    steps = [loop.block.index(s) for s in loop.gone if s in loop.block and _names(s) & loop.steps]
    first = min([loop.block.index(loop.minimized.statement), *steps])
    known = {*_OF_MODELS, *(_OF_GRAPHS if loop.block.index(at) < first else ())}
    return bool(names) and names <= known


def _names(statement: ast.stmt) -> set[str]:
    return assigned([statement])


def restores(statement: ast.stmt, session: str, names: set[str]) -> ast.Name | None:
    """The session in ``init_fn(session)``, `None` for any other statement."""
    match statement:
        case ast.Expr(ast.Call(ast.Name(name), [ast.Name(given) as node], [])) if (
            name in names and given == session
        ):
            return node
    return None
