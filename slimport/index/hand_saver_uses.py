"""What a loop by hand does with its savers: a ModelSaver has but a few of their methods."""

from __future__ import annotations

import ast

from slimport.index.hand_gradients import bound
from slimport.index.hand_loop import HandLoop
from slimport.index.stays import Stays
from slimport.index.walking import walk

_PATH_AND_STEP = 3  # behind the session
_METHODS = {"recover_last_checkpoints", "restore", "save"}
_KNOWN = {"last_checkpoints", *_METHODS}


def check_saver_uses(loop: HandLoop) -> None:
    """Whether savers save, restore, and tell of their checkpoints, and go nowhere else.

    Raises:
        Stays: If they are used in another way.
    """
    names = bound(loop.savers)
    nodes = list(walk(loop.function.node))
    methods = {id(n.func): n for n in nodes if isinstance(n, ast.Call)}
    used = {id(n.value): n for n in nodes if isinstance(n, ast.Attribute)}
    for node in nodes:
        if not isinstance(node, ast.Name) or node.id not in names or _is_stored(node):
            continue
        attribute = used.get(id(node))
        if attribute is None or attribute.attr not in _KNOWN:
            raise Stays(f"{node.id} is used for more than to save and restore", node)
        call = methods.get(id(attribute))
        if attribute.attr in _METHODS and (call is None or len(call.args) > _PATH_AND_STEP):
            raise Stays(f"{node.id} is used for more than to save and restore", node)


def _is_stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)
