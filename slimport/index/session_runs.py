"""Statements that use a session: those that run tensors, and those that save or restore."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from slimport.index.blocks import argument
from slimport.index.stays import Stays


@dataclass(frozen=True, eq=False)
class Run:
    """``_, value = session.run([train_op, loss], feed_dict={images: batch})``

    Attributes:
        statement: The statement.
        fetches: What it asks for, in order.
        targets: The names for it, likewise; none where nothing is assigned.
        feed: What is fed, by placeholder.
        parts: The parts of the call that name what is gone.
    """

    statement: ast.stmt
    fetches: list[str]
    targets: list[str]
    feed: Mapping[str, ast.expr]
    parts: list[ast.AST]

    @property
    def wanted(self) -> list[tuple[str, str]]:
        """Each name that gets a value, with the tensor's."""
        return [(t, f) for t, f in zip(self.targets, self.fetches, strict=False) if t != "_"]


def run_of(
    statement: ast.stmt, session: str, feeds: Mapping[str, Sequence[ast.Dict]]
) -> Run | None:
    """The run that a statement is, `None` for any other.

    Args:
        statement: A statement.
        session: The name of the session.
        feeds: The dictionaries that have names, by these.

    Raises:
        Stays: It asks for something else than names, or feeds something else than a dictionary.
    """
    call = getattr(statement, "value", None)
    if not isinstance(call, ast.Call) or not is_method(call, session, "run"):
        return None
    if not isinstance(statement, ast.Assign | ast.Expr):
        raise Stays("the value of a run is returned", statement)
    if not {k.arg for k in call.keywords} <= {"fetches", "feed_dict"} or len(call.args) > 2:
        raise Stays("a run is told more than what to feed", statement)
    fetches, feed = argument(call, 0, "fetches"), argument(call, 1, "feed_dict")
    asked = _names(fetches)
    if fetches is None or asked is None:
        raise Stays("what it runs is not a list of names", statement)
    targets = _targets(statement, isinstance(fetches, ast.List | ast.Tuple))
    if targets is None or (targets and len(targets) != len(asked)):
        raise Stays("the values of a run are not taken one by one", statement)
    named = [feed] if isinstance(feed, ast.Name) and feed.id in feeds else []
    dictionaries = list(feeds[named[0].id]) if named else [feed]
    fed, keys = _fed(dictionaries[0], statement)
    for other in dictionaries[1:]:
        if _fed(other, statement)[0].keys() != fed.keys():
            raise Stays("what it feeds differs from run to run", statement)
    return Run(statement, asked, targets, fed, [call.func, fetches, *named, *keys])


def _names(fetches: ast.expr | None) -> list[str] | None:
    """The names in what is fetched, a list or one."""
    nodes = fetches.elts if isinstance(fetches, ast.List | ast.Tuple) else [fetches]
    names = [node.id for node in nodes if isinstance(node, ast.Name)]
    return names if len(names) == len(nodes) else None


def _targets(statement: ast.Assign | ast.Expr, is_list: bool) -> list[str] | None:
    """The names that get values, `None` where something else does."""
    match statement:
        case ast.Expr():
            return []
        case ast.Assign([ast.Name(name)]) if not is_list:
            return [name]
        case ast.Assign([ast.Tuple() | ast.List() as target]) if is_list:
            return _names(target)
    return None


def _fed(feed: ast.expr | None, statement: ast.stmt) -> tuple[dict[str, ast.expr], list[ast.AST]]:
    if feed is None:
        return {}, []
    keys = feed.keys if isinstance(feed, ast.Dict) else [None]
    if not isinstance(feed, ast.Dict) or not all(isinstance(key, ast.Name) for key in keys):
        raise Stays("what it feeds is not a dictionary of placeholders' names", statement)
    names = [key.id for key in keys if isinstance(key, ast.Name)]
    return dict(zip(names, feed.values, strict=True)), [k for k in keys if k is not None]


@dataclass(frozen=True, eq=False)
class Saved:
    """``saver.save(session, path)`` or ``saver.restore(session, path)``

    Attributes:
        statement: The statement.
        parts: The session in it.
    """

    statement: ast.stmt
    parts: list[ast.AST]


def saved(statement: ast.stmt, session: str, savers: Collection[str]) -> Saved | None:
    """The use of a saver that a statement is, `None` for any other.

    Raises:
        Stays: It says more than where and at which step.
    """
    call = getattr(statement, "value", None)
    match call:
        case ast.Call(ast.Attribute(ast.Name(saver), method), [ast.Name(name), *_]) if (
            saver in savers and name == session
        ):
            known = {"global_step", "write_meta_graph"} if method == "save" else set()
            if method not in ("restore", "save") or not {k.arg for k in call.keywords} <= known:
                raise Stays("what the saver is told has no equal", statement)
            if not isinstance(statement, ast.Expr | ast.Assign):
                raise Stays("what the saver gives is used", statement)
            return Saved(statement, [call.func, call.args[0]])
    return None


def is_method(call: ast.Call, owner: str, method: str) -> bool:
    """Whether a call is one of an object's method by the object's name."""
    match call.func:
        case ast.Attribute(ast.Name(name), attribute):
            return name == owner and attribute == method
    return False
