"""The tf.ConfigProto of a loop's session: where operations run, and how memory is taken."""

from __future__ import annotations

import ast

from slimport.index.lines import Lines, is_none
from slimport.index.stays import Stays
from slimport.index.walking import walk

# What may be said without changing what is computed, but for the last digits.
_HARMLESS = frozenset(
    """
    allow_soft_placement device_count gpu_options inter_op_parallelism_threads
    intra_op_parallelism_threads log_device_placement
    """.split()
)
_CONFIG, _GPUS = "tf.ConfigProto", "tf.GPUOptions"


def configuring(node: ast.expr | None, lines: Lines) -> list[ast.stmt]:
    """The statements of a block that only configure the session of its loop.

    Args:
        node: The argument of the loop.
        lines: The block.

    Raises:
        Stays: If the configuration may change what is computed, or is used elsewhere.
    """
    if is_none(node):
        return []
    if isinstance(node, ast.Call):
        return _of_call(node, lines)
    if not isinstance(node, ast.Name):
        raise Stays("the session is configured in another way", node)
    made = lines.made(node.id)
    value = lines.value(node.id)
    if not isinstance(value, ast.Call):
        raise Stays("the session is configured in another way", made)
    setting = [s for s in lines.block if _sets(s, node.id)]
    uses = [n for n in walk(lines.function.node) if isinstance(n, ast.Name) and n.id == node.id]
    if len(uses) != len(setting) + 2:  # where it is made, and where it is given to the loop
        raise Stays("the session's configuration is used elsewhere", made)
    return [made, *setting, *_of_call(value, lines)]


def _sets(statement: ast.stmt, name: str) -> bool:
    """``config.gpu_options.allow_growth = True``"""
    match statement:
        case ast.Assign([ast.Attribute(ast.Attribute(ast.Name(of), "gpu_options"))], value):
            return of == name and not any(isinstance(n, ast.Call) for n in walk(value))
        case ast.Assign([ast.Attribute(ast.Name(of), option)], value) if option in _HARMLESS:
            return of == name and not any(isinstance(n, ast.Call) for n in walk(value))
    return False


def _of_call(call: ast.Call, lines: Lines) -> list[ast.stmt]:
    if lines.api(call) != _CONFIG or call.args:
        raise Stays("the session is configured in another way", call)
    unknown = {k.arg or "**" for k in call.keywords} - _HARMLESS
    if unknown:
        raise Stays(f"the session's {min(unknown)} may change what is computed", call)
    found: list[ast.stmt] = []
    for keyword in call.keywords:
        if isinstance(keyword.value, ast.Name) and lines.assigning(keyword.value.id):
            made = lines.made(keyword.value.id)
            if lines.api(lines.value(keyword.value.id)) == _GPUS:
                found.append(made)
    return found
