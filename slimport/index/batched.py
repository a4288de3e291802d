"""What tensors a queue is given: some, by names, or a list that only the running program knows."""

from __future__ import annotations

import ast

from slimport.index.names import Assigned
from slimport.index.program import Function
from slimport.index.walking import walk

LIST, DICT, COMPUTED = "list", "dict", "computed"


def kind_of(tensors: ast.expr, function: Function) -> tuple[str, int]:
    """Whether a queue's tensors are a list, a dictionary, or computed; and how many are listed.

    Args:
        tensors: What the queue is given.
        function: The function that makes the queue.
    """
    is_only_use = not isinstance(tensors, ast.Name) or _uses(tensors, function) == 2
    match _written_out(tensors, function):
        case ast.List(elements) | ast.Tuple(elements) if is_only_use:
            if not any(isinstance(e, ast.Starred | ast.List | ast.Tuple) for e in elements):
                return LIST, len(elements)
        case ast.Dict() | ast.DictComp() | ast.Call(ast.Name("dict")):
            return DICT, 0
    return COMPUTED, 0


def is_list(kind: tuple[str, int]) -> bool:
    """Whether a queue gives its tensors as a list: there are more than one, without names."""
    return kind[0] == COMPUTED or (kind[0] == LIST and kind[1] > 1)


def is_sorted(tensors: ast.expr, function: Function) -> bool:
    """Whether a dictionary is written out in the order of its keys."""
    node = _written_out(tensors, function)
    if not isinstance(node, ast.Dict) or (node is not tensors and _uses(tensors, function) != 2):
        return False
    keys = [str(key.value) for key in node.keys if isinstance(key, ast.Constant)]
    return len(keys) == len(node.keys) and keys == sorted(keys)


def _written_out(node: ast.expr, function: Function) -> ast.expr:
    """What a name of a function stands for, if it gets one value alone."""
    if not isinstance(node, ast.Name):
        return node
    found = function.module.scopes.scope_of[node].lookup(node.id)
    if found is None or found[0].node is not function.node or len(found[1]) != 1:
        return node
    (binding,) = found[1]
    return binding.value if isinstance(binding, Assigned) else node


def _uses(name: ast.expr, function: Function) -> int:
    """How often a name stands in a function."""
    assert isinstance(name, ast.Name)
    nodes = walk(function.node)
    return sum(isinstance(node, ast.Name) and node.id == name.id for node in nodes)
