"""Functions of which no block is taken for a training, say: what its names mean is not known."""

from __future__ import annotations

import ast

from slimport.index.canonical import is_namespace, is_slim
from slimport.index.program import Function
from slimport.index.stays import Stays
from slimport.index.walking import walk


def check_clear(function: Function) -> None:
    """Passes where each name in a function stands for one thing.

    Raises:
        Stays: One of this function may stand for another.
    """
    if any(reference.api.doubt for reference in function.references):
        raise Stays("what it calls may not be slim's", function.node)
    if _hands_slim_on(function):
        raise Stays("slim itself is passed on as a value", function.node)


def is_clear(function: Function) -> bool:
    """The same as an answer."""
    try:
        check_clear(function)
    except Stays:
        return False
    return True


def _hands_slim_on(function: Function) -> bool:
    values = (r for r in function.references if r.call is None)
    modules = {r.node for r in values if is_slim(r.api.name) and is_namespace(r.api.name)}
    if not modules:
        return False
    aliases = {node.value for node in walk(function.node) if isinstance(node, ast.Assign)}
    return not modules <= aliases
