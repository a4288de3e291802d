"""Where a loop by hand ran until its queue ended."""

from __future__ import annotations

import ast

import libcst as cst

from slimport.index.hand_loop import HandLoop, nested
from slimport.rewrite.statements import code


def tried(number: int, node: cst.Try, loop: HandLoop) -> cst.Try:
    """A `try` that the end of a queue left: that of the batches does.

    Args:
        number: Its line.
        node: The statement, with what is in it rewritten.
        loop: The loop that it is of.
    """
    tries = (n for n in nested(loop.block) if isinstance(n, ast.Try))
    old = next((n for n in tries if n.lineno == number), None)
    if old is None:
        return node
    caught = [handler.type in loop.ends for handler in old.handlers]
    stop = cst.Name("StopIteration")
    if loop.inputs:  # nothing was read from queues
        caught = [False for _ in caught]
    handlers = [
        handler.with_changes(type=stop) if ends else handler
        for handler, ends in zip(node.handlers, caught, strict=True)
    ]
    node = node.with_changes(handlers=handlers)
    is_empty = bool(old.finalbody) and all(s in loop.gone for s in old.finalbody)
    is_empty = is_empty and node.finalbody is not None and "#" not in code(node.finalbody)
    return node.with_changes(finalbody=None) if is_empty and handlers else node
