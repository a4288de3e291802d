"""Where the cells of a notebook leave a loop by hand: a cell may run again.

Cells in their order are a program like any other. Beyond that, a cell that initializes variables
and trains may run again, and trains anew each time: the model has to be made in that cell, too.
"""

from __future__ import annotations

import ast
import bisect
from dataclasses import replace

from slimport.index.blocks import assigned, call_of, loaded
from slimport.index.hand_loop import HandLoop
from slimport.index.hand_loop_checks import begun
from slimport.index.stays import Stays
from slimport.index.walking import walk
from slimport.notebooks.signs import SIGN


def by_cells(loop: HandLoop) -> HandLoop:
    """The loop, with the statement at which its model is to be made.

    Raises:
        Stays: If a cell that ran again would do something else than it did.
    """
    if loop.graph is not None:  # a `with` is in one cell
        return loop
    return _training(loop) if loop.trains else _prediction(loop)


def _training(loop: HandLoop) -> HandLoop:
    first = next(iter(begun(loop)), None)
    if first is None:
        raise Stays("no cell initializes its variables", loop.minimized.statement)
    begins = next(s for s in loop.block if any(node is first for node in walk(s)))
    cell = _Cells(loop)
    if cell.of(begins) == cell.of(loop.place) == cell.of(loop.minimized.statement):
        return loop
    return replace(loop, begins=begins, waits=_waiting(loop, begins))


def _waiting(loop: HandLoop, begins: ast.stmt) -> list[ast.stmt]:
    """The statements that can wait until variables are initialized: the optimizer's."""
    operation = loop.minimized.statement
    before = loop.block[: loop.block.index(begins)]
    if operation not in before:
        raise Stays("variables are initialized in a cell before that of the optimizer", begins)
    for statement in (*loop.savers, *loop.looks_up, *loop.minimized.changing):
        if statement in before:
            raise Stays("it needs variables in a cell before they are initialized", statement)
    if not loop.inputs:
        raise Stays("its queues are read in another cell", operation)
    waiting = [*_making_optimizer(loop, before), operation]
    own = {id(call_of(statement)) for statement in waiting} | {id(loop.minimized.optimizer)}
    inner = [n for s in waiting for n in walk(s) if isinstance(n, ast.Call) and id(n) not in own]
    between = before[before.index(waiting[0]) :]
    changed = assigned(s for s in between if s not in (*loop.gone, *waiting))
    changed &= loaded(waiting)
    if inner or changed:
        what = min(changed) if changed else ast.unparse(inner[0])
        raise Stays(f"{what} may be another where variables are initialized", operation)
    return waiting


def _making_optimizer(loop: HandLoop, before: list[ast.stmt]) -> list[ast.stmt]:
    """The statement that makes the optimizer, where it is one of its own."""
    optimizer = loop.minimized.optimizer
    if isinstance(optimizer, ast.Call):
        return []
    names = [n for n in walk(loop.function.node) if isinstance(n, ast.Name)]
    if isinstance(optimizer, ast.Name) and sum(n.id == optimizer.id for n in names) == 2:
        made = [s for s in before if optimizer.id in assigned([s]) and call_of(s) is not None]
        if made:
            return made
    raise Stays("its optimizer would keep its state where the cell runs again", optimizer)


def _prediction(loop: HandLoop) -> HandLoop:
    cell = _Cells(loop)
    used: list[ast.stmt | ast.expr] = [*(s.statement for s in loop.saves), *loop.restored]
    used += [request.call for request in loop.asked]
    if len({cell.of(node) for node in used}) > 1:
        raise Stays("the network is restored in another cell than it runs in", used[0])
    return loop


class _Cells:
    def __init__(self, loop: HandLoop) -> None:
        tree = loop.function.module.tree
        self._starts = [s.lineno for s in tree.body if _is_sign(s)]

    def of(self, node: ast.stmt | ast.expr) -> int:
        """The number of the cell that a node stands in."""
        return bisect.bisect(self._starts, node.lineno)


def _is_sign(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(ast.Constant(str(text))):
            return SIGN.fullmatch(text) is not None
    return False
