"""Statements that use a session: those that run tensors, and those that save or restore."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from slimport.index.blocks import argument
from slimport.index.stays import Stays


@dataclass(frozen=True, eq=False)
class Request:
    """``session.run(tensors, feed_dict={images: batch})``, ``tensor.eval({images: batch})``

    Attributes:
        call: The call.
        fetches: What it asks for, in order.
        is_list: Whether it asks for a list, and gets one.
        of_session: Whether the session's method is called, not the tensor's own.
        feed: What is fed, by placeholder.
        parts: The parts of the call that name what is gone.
    """

    call: ast.Call
    fetches: list[str]
    is_list: bool
    of_session: bool
    feed: Mapping[str, ast.expr]
    parts: list[ast.AST]


@dataclass(frozen=True, eq=False)
class Run:
    """``_, value = session.run([train_op, loss], feed_dict={images: batch})``

    Attributes:
        statement: The statement.
        request: What it asks for.
        targets: The names for it, in order; none where nothing is assigned.
    """

    statement: ast.stmt
    request: Request
    targets: list[str]

    @property
    def wanted(self) -> list[tuple[str, str]]:
        """Each name that gets a value, with the tensor's."""
        pairs = zip(self.targets, self.request.fetches, strict=False)
        return [(target, name) for target, name in pairs if target != "_"]


def request_of(
    call: ast.Call,
    session: str,
    feeds: Mapping[str, Sequence[ast.Dict]],
    tensors: Collection[str],
    of_parts: bool = False,
) -> Request | None:
    """What a call asks of a session, `None` where it asks nothing.

    Args:
        call: A call.
        session: The name of the session.
        feeds: The dictionaries that have names, by these.
        tensors: Names of tensors and operations, whose own methods ask the default session.
        of_parts: Whether it may ask for parts of what has a name.

    Raises:
        Stays: It asks for something else than names, or feeds something else than a dictionary.
    """
    match call.func:
        case ast.Attribute(ast.Name(name) as owner, "eval" | "run") if name in tensors:
            given = _rest_of(call, session)
            parts = [call.func, *_sessions_in(call, session)]
            return _request(call, owner, given, feeds, parts, of_parts)
        case ast.Attribute(ast.Name(name), "run") if name == session:
            if not {k.arg for k in call.keywords} <= {"fetches", "feed_dict"} or len(call.args) > 2:
                raise Stays("a run is told more than what to feed", call)
            fetches, feed = argument(call, 0, "fetches"), argument(call, 1, "feed_dict")
            parts = [call.func, *([fetches] if fetches else [])]
            return _request(call, fetches, feed, feeds, parts, of_parts)
    return None


def _request(
    call: ast.Call,
    fetches: ast.expr | None,
    feed: ast.expr | None,
    feeds: Mapping[str, Sequence[ast.Dict]],
    parts: list[ast.AST],
    of_parts: bool,
) -> Request:
    asked = _asked(fetches) if of_parts else _names(fetches)
    if fetches is None or asked is None:
        raise Stays("what it runs is not a list of names", call)
    named = [feed] if isinstance(feed, ast.Name) and feed.id in feeds else []
    dictionaries = list(feeds[named[0].id]) if named else [feed]
    fed, keys = _fed(dictionaries[0], call)
    for other in dictionaries[1:]:
        if _fed(other, call)[0].keys() != fed.keys():
            raise Stays("what it feeds differs from run to run", call)
    is_list = isinstance(fetches, ast.List | ast.Tuple)
    of_session = fetches is not getattr(call.func, "value", None)
    return Request(call, asked, is_list, of_session, fed, [*parts, *named, *keys])


def _rest_of(call: ast.Call, session: str) -> ast.expr | None:
    """What ``tensor.eval(feed, session)`` feeds."""
    if not {k.arg for k in call.keywords} <= {"feed_dict", "session"} or len(call.args) > 2:
        raise Stays("a run is told more than what to feed", call)
    given = argument(call, 1, "session")
    if given is not None and not (isinstance(given, ast.Name) and given.id == session):
        raise Stays("it runs on another session", call)
    return argument(call, 0, "feed_dict")


def _sessions_in(call: ast.Call, session: str) -> list[ast.AST]:
    given = argument(call, 1, "session")
    return [given] if isinstance(given, ast.Name) and given.id == session else []


def run_of(statement: ast.stmt | None, request: Request) -> Run:
    """The run that a statement is, `None` for one that is part of a statement.

    Raises:
        Stays: Its values have no names.
    """
    if not isinstance(statement, ast.Assign | ast.Expr):
        raise Stays("the values of a run are not taken one by one", request.call)
    targets = _targets(statement, request.is_list)
    if targets is None or (targets and len(targets) != len(request.fetches)):
        raise Stays("the values of a run are not taken one by one", statement)
    named = [target for target in targets if target != "_"]
    if len(set(named)) != len(named):
        raise Stays("two values of a run have one name", statement)
    return Run(statement, request, targets)


def _names(fetches: ast.expr | None) -> list[str] | None:
    """The names in what is fetched, a list or one."""
    nodes = fetches.elts if isinstance(fetches, ast.List | ast.Tuple) else [fetches]
    names = [node.id for node in nodes if isinstance(node, ast.Name)]
    return names if len(names) == len(nodes) else None


def _asked(fetches: ast.expr | None) -> list[str] | None:
    """Names, and parts of what has a name, as they are written."""
    nodes = fetches.elts if isinstance(fetches, ast.List | ast.Tuple) else [fetches]
    found = [ast.unparse(node) for node in nodes if node is not None and _is_part(node)]
    return found if len(found) == len(nodes) else None


def _is_part(node: ast.expr) -> bool:
    """``end_points["logits"]``, ``model.outputs[0]``"""
    match node:
        case ast.Name():
            return True
        case ast.Subscript(inner, ast.Constant()) | ast.Attribute(inner):
            return _is_part(inner)
    return False


def root_of(fetch: str) -> str:
    """The name that a part belongs to."""
    return fetch.partition(".")[0].partition("[")[0]


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


def _fed(feed: ast.expr | None, call: ast.Call) -> tuple[dict[str, ast.expr], list[ast.AST]]:
    if feed is None:
        return {}, []
    keys = feed.keys if isinstance(feed, ast.Dict) else [None]
    if not isinstance(feed, ast.Dict) or not all(isinstance(key, ast.Name) for key in keys):
        raise Stays("what it feeds is not a dictionary of placeholders' names", call)
    names = [key.id for key in keys if isinstance(key, ast.Name)]
    return dict(zip(names, feed.values, strict=True)), [k for k in keys if k is not None]


@dataclass(frozen=True, eq=False)
class Saved:
    """``saver.save(session, path)`` or ``saver.restore(session, path)``

    Attributes:
        statement: The statement.
        parts: The session in it, and the global step.
        step: The global step, if the saver is told that of the graph.
    """

    statement: ast.stmt
    parts: list[ast.AST]
    step: ast.Name | None


def saved(
    statement: ast.stmt, session: str, savers: Collection[str], steps: Collection[str]
) -> Saved | None:
    """The use of a saver that a statement is, `None` for any other.

    Args:
        statement: A statement.
        session: The name of the session.
        savers: Those of savers.
        steps: Those of the global step.

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
            step = argument(call, 2, "global_step") if method == "save" else None
            if not isinstance(step, ast.Name) or step.id not in steps:
                step = None
            return Saved(statement, [call.func, call.args[0], *([step] if step else [])], step)
    return None


def is_method(call: ast.Call, owner: str, method: str) -> bool:
    """Whether a call is one of an object's method by the object's name."""
    match call.func:
        case ast.Attribute(ast.Name(name), attribute):
            return name == owner and attribute == method
    return False
