"""What the savers of a block that predicts restore: all, some scopes, averages."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from slimport.index.blocks import argument, call_of, references_in
from slimport.index.hand_loop import HandLoop
from slimport.index.program import Function
from slimport.index.session_runs import Saved
from slimport.index.walking import walk

AVERAGES = "tf.train.ExponentialMovingAverage"
_TO_RESTORE = "slim.get_variables_to_restore"
_ALL = ("tf.all_variables", "tf.global_variables", "slim.get_variables")
_OF_KEEPING = {"max_to_keep", "keep_checkpoint_every_n_hours", "var_list"}


@dataclass(frozen=True)
class Restored:
    """What a saver restores.

    Attributes:
        told: Arguments for it: scopes to include and exclude, or the name of averages.
        averaged: Whether variables take the values of their moving averages.
    """

    told: Mapping[str, ast.expr]
    averaged: bool = False


def savers_gone(
    savers: Sequence[ast.stmt], block: list[ast.stmt], function: Function
) -> Iterator[ast.stmt]:
    """Savers that restore_checkpoint stands for, with the lists and averages made for them."""
    gone = [s for s in savers if restored_by(s, block, function) is not None]
    yield from gone
    found = [list_of(s, block, function) for s in gone]
    lists = [s for s in found if s is not None and not _used_beside(s, gone, function)]
    yield from lists
    found = [averages_of(s, block, function) for s in (*gone, *lists)]
    yield from (s for s in found if s is not None)


def saver_of(found: Saved, loop: HandLoop) -> ast.stmt | None:
    """The saver of ``saver.restore(session, path)``, if it goes."""
    call = call_of(found.statement)
    assert call is not None and isinstance(call.func, ast.Attribute)
    name = ast.unparse(call.func.value)
    made = [s for s in loop.savers if name in _bound(s)]
    return made[0] if len(made) == 1 and made[0] in loop.gone else None


def restored_by(saver: ast.stmt, block: list[ast.stmt], function: Function) -> Restored | None:
    """What a saver restores, `None` where no argument of restore_checkpoint says it."""
    made = call_of(saver)
    if made is None or len(made.args) > 1 or {k.arg for k in made.keywords} - _OF_KEEPING:
        return None
    given = argument(made, 0, "var_list")
    if given is None:
        return None if made.args else Restored({})
    of_list = list_of(saver, block, function)
    averages = averages_of(of_list or saver, block, function)
    if averages is not None:
        known = [s for s in (saver, of_list) if s is not None]
        name = _name_of(averages)
        alone = name is not None and not _used_beside(averages, known, function)
        return Restored(name or {}, averaged=True) if alone else None
    given = call_of(of_list) if of_list is not None else given
    return _listed(given, function) if isinstance(given, ast.Call) else None


def _listed(call: ast.Call, function: Function) -> Restored | None:
    """What a call that lists variables lists."""
    names = [r.api.name for r in references_in(call.func, function)]
    if names and names[-1] in _ALL and not call.args and not call.keywords:
        return Restored({})
    if names[-1:] != [_TO_RESTORE] or len(call.args) > 2:
        return None
    parts = {key: argument(call, at, key) for at, key in enumerate(("include", "exclude"))}
    told = {key: value for key, value in parts.items() if value is not None}
    is_all = len(told) == len(call.args) + len(call.keywords)
    if not is_all or not all(map(_is_plain, told.values())):
        return None
    return Restored({k: v for k, v in told.items() if ast.unparse(v) != "None"})


def averages_of(statement: ast.stmt, block: list[ast.stmt], function: Function) -> ast.stmt | None:
    """``averages = tf.train.ExponentialMovingAverage(...)``, if a statement restores these."""
    call = call_of(statement)
    given = argument(call, 0, "var_list") if call is not None else None
    for node in (given, call):
        match node:
            case ast.Call(ast.Attribute(ast.Name(name), "variables_to_restore"), [], []):
                made = [s for s in block if name in _bound(s)]
                calls = [r.call for r in function.references if r.api.name == AVERAGES]
                return made[0] if len(made) == 1 and call_of(made[0]) in calls else None
    return None


def _name_of(averages: ast.stmt) -> dict[str, ast.expr] | None:
    """What averages are called, where they are called otherwise; `None` where that is unknown."""
    call = call_of(averages)
    assert call is not None
    name = argument(call, 3, "name")
    plain = name is None or isinstance(name, ast.Constant)
    if not plain or len(call.args) > 2 or any(k.arg is None for k in call.keywords):
        return None
    return {"name": name} if name is not None else {}


def list_of(saver: ast.stmt, block: list[ast.stmt], function: Function) -> ast.stmt | None:
    """The statement that looks up the variables of a saver, if it is one of the block."""
    call = call_of(saver)
    given = argument(call, 0, "var_list") if call is not None else None
    if not isinstance(given, ast.Name):
        return None
    made = [s for s in block if given.id in _bound(s)]
    return made[0] if len(made) == 1 and call_of(made[0]) is not None else None


def _used_beside(made: ast.stmt, users: Sequence[ast.stmt], function: Function) -> bool:
    """Whether anything but these statements uses what one makes."""
    within = {id(node) for user in users for node in walk(user)}
    return any(
        isinstance(node, ast.Name)
        and node.id in _bound(made)
        and isinstance(node.ctx, ast.Load)
        and id(node) not in within
        for node in walk(function.node)
    )


def _bound(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.Assign([ast.Name(name)]):
            return {name}
    return set()


def _is_plain(value: ast.expr) -> bool:
    """Whether it is constants alone, which mean the same at another place."""
    parts = (ast.Constant, ast.List, ast.Tuple, ast.expr_context)
    return all(isinstance(node, parts) for node in walk(value))
