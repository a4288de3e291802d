"""Savers of a loop by hand save and restore its model."""

from __future__ import annotations

import ast

import libcst as cst

from slimport.index.blocks import call_of
from slimport.index.hand_loop import HandLoop
from slimport.index.hand_savers import is_early, told_all
from slimport.index.session_runs import Saved
from slimport.index.walking import walk
from slimport.rewrite.hand_names import HandNames
from slimport.rewrite.site import FileServices, dotted
from slimport.rewrite.statements import arguments, call_in, code, keyword, on_one_line

_OF_GRAPHS = {"write_meta_graph"}


class HandSavers:
    """The savers of one loop.

    Args:
        loop: What the index found.
        names: Those of what is new.
        services: The file, for names of the written module.
    """

    def __init__(self, loop: HandLoop, names: HandNames, services: FileServices) -> None:
        self._loop, self._names, self._services = loop, names, services

    def made(self, old: ast.stmt, statement: cst.BaseStatement) -> cst.BaseStatement:
        """``saver = ModelSaver(model)``"""
        call = call_of(old)
        assert call is not None
        told = arguments(call_in(statement), ("var_list",))
        if told_all(call, self._loop):
            del told["var_list"]
        if "var_list" not in told and is_early(old, self._loop):
            told["var_list"] = dotted(f"{self._names.model}.variables")
        given = [
            cst.Arg(cst.Name(self._names.model)),
            *(keyword(n, value) for n, value in told.items()),
        ]
        made = cst.Call(self._services.written("ModelSaver"), on_one_line(given))
        return _with_call(statement, made)

    def is_all(self, old: ast.stmt) -> bool:
        """Whether a statement makes a saver of all variables, which it need not look up."""
        call = call_of(old)
        return old in self._loop.savers and call is not None and told_all(call, self._loop)

    def saved(self, found: Saved, statement: cst.BaseStatement) -> cst.BaseStatement:
        """The saver's call without the session."""
        call = call_in(statement)
        kept = [a for a in call.args[1:] if not (a.keyword and a.keyword.value in _OF_GRAPHS)]
        if found.step is not None:
            steps = dotted(f"{self._names.model}.optimizer.iterations")
            name = found.step.id
            kept = [a.with_changes(value=steps) if code(a.value) == name else a for a in kept]
        return _with_call(statement, call.with_changes(args=on_one_line(kept)))

    @staticmethod
    def restored(statement: cst.BaseStatement) -> cst.BaseStatement:
        """``init_fn()``, for what restored into the session."""
        return _with_call(statement, call_in(statement).with_changes(args=[]))


def gone_of(saver: ast.stmt, loop: HandLoop) -> list[ast.AST]:
    """The calls of a saver's statement that go."""
    call = call_of(saver)
    assert call is not None
    return list(walk(call)) if told_all(call, loop) else [call]


def _with_call(statement: cst.BaseStatement, call: cst.Call) -> cst.BaseStatement:
    assert isinstance(statement, cst.SimpleStatementLine)
    small = statement.body[0]
    assert isinstance(small, cst.Assign | cst.Expr)
    return statement.with_changes(body=[small.with_changes(value=call)])
