"""Loops that run until their queue ends: ``while not coord.should_stop():``, OutOfRangeError."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable

from slimport.index.blocks import references_in
from slimport.index.program import Function
from slimport.index.walking import walk

END = "tf.errors.OutOfRangeError"


def endless(nodes: Iterable[ast.stmt], coordinators: Collection[str]) -> list[ast.While]:
    """Loops that nothing stops but the queue's end, as far as the coordinator tells."""
    found = []
    for node in nodes:
        match node:
            case ast.While(
                ast.UnaryOp(ast.Not(), ast.Call(ast.Attribute(ast.Name(name), "should_stop"), []))
            ) if name in coordinators and not _names(node.body) & {name}:
                found.append(node)
    return found


def ends(nodes: Iterable[ast.stmt], function: Function) -> list[ast.expr]:
    """What is caught at the queue's end, where nothing else would be if it were StopIteration."""
    found = []
    for node in nodes:
        if not isinstance(node, ast.Try) or _may_end_otherwise(node):
            continue
        for handler in node.handlers:
            names = [r.api.name for r in references_in(handler, function) if r.node is handler.type]
            if handler.type is not None and handler.name is None and names == [END]:
                found.append(handler.type)
    return found


def _may_end_otherwise(node: ast.Try) -> bool:
    """Whether an iterator of the author's may raise StopIteration."""
    calls = [n for s in node.body for n in walk(s) if isinstance(n, ast.Call)]
    named = {n.func.id for n in calls if isinstance(n.func, ast.Name)}
    methods = {n.func.attr for n in calls if isinstance(n.func, ast.Attribute)}
    return bool({"next", "StopIteration"} & named or {"next", "__next__"} & methods)


def _names(statements: Iterable[ast.stmt]) -> set[str]:
    return {n.id for s in statements for n in walk(s) if isinstance(n, ast.Name)}
