"""Whether the global step of a loop by hand is the number of its steps."""

from __future__ import annotations

import ast

from slimport.index.blocks import assigned, references_in
from slimport.index.global_steps import STEPS, is_step, told_steps
from slimport.index.hand_loop import HandLoop
from slimport.index.program import Function, Program
from slimport.index.stays import Stays


def check_steps(loop: HandLoop, program: Program) -> None:
    """Who reads the global step reads what the training operation counts.

    An operation that is told no step counts none: a learning rate that decays with it stood still.

    Raises:
        Stays: It counts another, or none.
    """
    used = _uses(loop, program)
    if not used or loop.minimized.is_slims:
        return
    operation, step = loop.minimized.statement, loop.minimized.step
    if step is None:
        raise Stays("the global step is used, and nothing counts it", operation)
    counted = [s for s in loop.gone if ast.unparse(step) in assigned([s])]
    is_own = not any(is_step(s, loop.function) for s in counted)
    others = [name for name in loop.steps if name != ast.unparse(step)]
    if is_own and (others or any(_reads_the_step(f, loop) for f in _functions(loop, program))):
        raise Stays("it counts a step of its own", operation)


def _functions(loop: HandLoop, program: Program) -> set[Function]:
    return {loop.function} | loop.callees(program) | loop.beside(program)


def _uses(loop: HandLoop, program: Program) -> bool:
    """Whether anything reads the step."""
    wanted = {name for run in loop.runs for _, name in run.wanted}
    if loop.step_reads or wanted & loop.steps or any(found.step for found in loop.saves):
        return True
    return any(True for f in _functions(loop, program) for _ in told_steps(f))


def _reads_the_step(function: Function, loop: HandLoop) -> bool:
    """Whether a function names the graph's own step, but for what goes."""
    gone = {id(r.node) for s in loop.gone for r in references_in(s, loop.function)}
    return any(r.api.name in STEPS and id(r.node) not in gone for r in function.references)
