"""Whether a loss of a loop by hand computes the same whenever it is traced again.

A graph was built once. A model traces its loss where it is made, at the first step, for each new
kind of batch, and for each set of values that runs ask for.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from slimport.index.blocks import assigned, loaded
from slimport.index.drawn import check_drawn
from slimport.index.free_names import free_names, gives_once, shared_names, with_inner
from slimport.index.hand_loop import HandLoop, nested
from slimport.index.in_place import InPlace
from slimport.index.program import Function, Program
from slimport.index.stays import Stays
from slimport.index.walking import walk


def check_again(loop: HandLoop, program: Program) -> None:
    """Each trace finds what the first found, and leaves it as it is.

    Raises:
        Stays: If Python's own values may be others later.
    """
    callees = loop.callees(program)
    direct, of_callees = loaded(loop.of_loss), _of_callees(callees)
    of_inner = with_inner(direct, loop.function) - direct
    needed = direct | of_inner | (of_callees - _own(loop.function))
    needed -= assigned(loop.of_loss) | loop.inputs.keys()
    _check_shared(loop, of_inner, of_callees)
    _check_objects(loop, program, callees)
    in_place = InPlace(program)
    first = loop.of_loss[0].lineno
    for node in _beside(loop):
        once = assigned([node]) & needed if isinstance(node, ast.stmt) and gives_once(node) else ()
        if once:
            raise Stays(f"{min(once)} can be gone through once", node)
        changed = in_place.names(node, loop.function) & needed
        if changed and getattr(node, "lineno", first) > first:
            raise Stays(f"what {min(changed)} holds changes after the loss is built", node)
    check_drawn(_parts(loop, callees), program)


def _beside(loop: HandLoop) -> Iterator[ast.AST]:
    """The statements that stay, and what those that hold others evaluate."""
    of_loss = {id(node) for s in loop.of_loss for node in walk(s)}
    for statement in nested(loop.block):
        if id(statement) in of_loss or statement in loop.gone:
            continue
        if hasattr(statement, "body"):
            inner = ast.iter_child_nodes(statement)
            yield from (n for n in inner if isinstance(n, ast.expr | ast.withitem))
        else:
            yield statement


def _of_callees(callees: set[Function]) -> set[str]:
    return set[str]().union(*(free_names(callee.node) for callee in callees))


def _own(function: Function) -> set[str]:
    """The names of a function that no other sees; a file's are those of its functions, too."""
    if isinstance(function.node, ast.Module):
        return set()
    parameters = {n.arg for n in walk(function.node.args) if isinstance(n, ast.arg)}
    return (assigned(function.node.body) | parameters) - shared_names(function)


def _check_shared(loop: HandLoop, of_inner: set[str], of_callees: set[str]) -> None:
    """What functions of the loss find outside keeps its value; `HandLoopChecks` has the rest."""
    is_file = isinstance(loop.function.node, ast.Module)
    seen = of_inner | (of_callees if is_file else of_callees & shared_names(loop.function))
    seen -= assigned(loop.of_loss) | loop.inputs.keys()
    first = loop.block.index(loop.of_loss[0])
    for statement in loop.block[first + 1 :]:
        is_loss = statement in loop.of_loss or statement in loop.gone
        changed = set() if is_loss else assigned([statement]) & seen
        if changed:
            raise Stays(f"{min(changed)} changes after the loss is built", statement)


def _check_objects(loop: HandLoop, program: Program, callees: set[Function]) -> None:
    """A trace adds to nothing that was there before."""
    counting, made = InPlace(program, counting=True), assigned(loop.of_loss)
    for statement in loop.of_loss:
        more = counting.names(statement, loop.function) - made
        if more:
            raise Stays(f"{min(more)} gets more with each run of the loss", statement)
    for callee in callees:
        parameters = {n.arg for n in walk(callee.node) if isinstance(n, ast.arg)}
        more = counting.by(callee) - parameters
        if more:
            raise Stays(f"{min(more)} gets more with each run of the loss", callee.node)


def _parts(loop: HandLoop, callees: set[Function]) -> Iterator[tuple[Function, ast.AST]]:
    yield from ((loop.function, statement) for statement in loop.of_loss)
    yield from ((callee, callee.node) for callee in callees)
