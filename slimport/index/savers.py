"""The tf.train.Saver that slim's loop is given: what of it Checkpoints does."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from slimport.index.lines import Lines, is_none
from slimport.index.stays import Stays

# What is told on, and what says what is done anyway.
KEPT = ("max_to_keep", "keep_checkpoint_every_n_hours")
_ANYWAY = {"write_version": 2, "pad_step_number": False, "sharded": False}


@dataclass(frozen=True)
class Saver:
    """A saver of all variables.

    Attributes:
        call: The call that makes it.
        statement: The statement that does nothing else, if it has a name.
    """

    call: ast.Call
    statement: ast.stmt | None


def saver_of(node: ast.expr | None, lines: Lines) -> Saver | None:
    """The saver that an argument is; None where there is none.

    Raises:
        Stays: If it saves a part, or in another way.
    """
    if is_none(node):
        return None
    statement = lines.made(node.id) if isinstance(node, ast.Name) else None
    value = lines.value(node.id) if isinstance(node, ast.Name) else node
    if not isinstance(value, ast.Call) or lines.api(value) != "tf.train.Saver" or value.args:
        raise Stays("fit has no place for its saver", node)
    for keyword in value.keywords:
        if keyword.arg not in KEPT and not _is_done_anyway(keyword):
            raise Stays(f"fit has no place for its saver's {keyword.arg or '**'}", value)
    return Saver(value, statement)


def _is_done_anyway(keyword: ast.keyword) -> bool:
    if keyword.arg not in _ANYWAY or not isinstance(keyword.value, ast.Constant):
        return False
    return bool(keyword.value.value == _ANYWAY[keyword.arg])
