"""Statements of a loss that look variables up: penalties on weights, regularization losses."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from slimport.index.blocks import called, references_in
from slimport.index.program import Function, Program, builds_layers, callees, closure_of
from slimport.index.stays import Stays

# What makes a number of variables, or of the losses on them.
_COMPUTING = ("tf.add_n", "tf.losses.", "tf.nn.", "tf.reduce_", "tf.square", "tf.norm")
_LOSSES = ("tf.GraphKeys.LOSSES", "tf.GraphKeys.REGULARIZATION_LOSSES")
_LOOK_UPS = ("slim.get_", "tf.get_collection", "tf.trainable_variables", "tf.global_variables")
_MAKING = ("tf.Variable", "tf.get_variable", "tf.keras.layers.", "tf.layers.")


def computes_of_variables(statement: ast.stmt, function: Function) -> bool:
    """``l2 = tf.add_n([tf.nn.l2_loss(v) for v in tf.trainable_variables()])``, and its like."""
    if not isinstance(statement, ast.Assign | ast.AugAssign):
        return False
    names = [r.api.name for r in references_in(statement, function)]
    return any(name in _LOSSES or name.startswith(_COMPUTING) for name in names)


def check_lookups(of_loss: Sequence[ast.stmt], function: Function, program: Program) -> None:
    """Variables are looked up once all are made: a model knows its own from the start.

    Raises:
        Stays: More are made later.
    """
    for position, statement in enumerate(of_loss):
        names = [r.api.name for r in references_in(statement, function)]
        looks_up = any(name.startswith(_LOOK_UPS) for name in names)
        later = of_loss[position + 1 :]
        if looks_up and any(makes_variables(s, function, program) for s in later):
            raise Stays("variables are made after others are looked up", statement)


def makes_variables(statement: ast.stmt, function: Function, program: Program) -> bool:
    """Whether variables are made while a statement runs."""
    reached = closure_of(called(statement, function, program), callees)
    names = {r.api.name for r in references_in(statement, function)}
    names |= {r.api.name for f in reached for r in f.references}
    makes = any(builds_layers(name) or name.startswith(_MAKING) for name in names)
    return makes or any(f in program.building for f in reached)
