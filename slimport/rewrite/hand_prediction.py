"""A session that ran a restored network becomes a model that predicts."""

from __future__ import annotations

import ast

import libcst as cst

from slimport.index.hand_loop import HandLoop
from slimport.index.hand_prediction import restores_of
from slimport.index.session_runs import Request, Saved
from slimport.rewrite.hand_names import HandNames
from slimport.rewrite.site import FileServices, dotted
from slimport.rewrite.statements import arguments, call_in, keyword, on_one_line

CODE, NAME = "SLIM295", "predict_by_hand"


class HandPrediction:
    """The runs and the restoring of one block that trains nothing.

    Args:
        loop: What the index found.
        names: Those of what is new.
        services: The file, for names of the written module.
    """

    def __init__(self, loop: HandLoop, names: HandNames, services: FileServices) -> None:
        self._loop, self._names, self._services = loop, names, services
        asked = {(tuple(request.fetches), request.is_list) for request in loop.asked}
        fed = all(request.feed.keys() == loop.inputs.keys() for request in loop.asked)
        self._is_one = len(asked) == 1 and fed

    def returned(self) -> str:
        """What the function returns: what each run asks for, or all that any does, by name."""
        if not self._is_one:
            return "{" + ", ".join(f'"{name}": {name}' for name in self._loop.fetched) + "}"
        (request, *_) = self._loop.asked
        return f"[{', '.join(request.fetches)}]" if request.is_list else request.fetches[0]

    def values(self, request: Request, feed: cst.BaseExpression) -> cst.Call:
        """``model.predict_on_batch(batch)``, or ``model.run_on_batch({...}, "logits")``

        Args:
            request: The run.
            feed: What it feeds: a dictionary by names, or the name of one.
        """
        if not self._is_one:
            keys = [cst.SimpleString(f'"{name}"') for name in request.fetches]
            asked = cst.List([cst.Element(key) for key in keys]) if request.is_list else keys[0]
            method = dotted(f"{self._names.model}.run_on_batch")
            return cst.Call(method, [cst.Arg(feed), cst.Arg(asked)])
        if isinstance(feed, cst.Dict) and len(feed.elements) == 1:
            (element,) = feed.elements
            assert isinstance(element, cst.DictElement)
            feed = element.value
        return cst.Call(dotted(f"{self._names.model}.predict_on_batch"), [cst.Arg(feed)])

    def restored(self, found: Saved, statement: cst.BaseStatement) -> cst.BaseStatement:
        """``restore_checkpoint(model, path, exclude=[...])``"""
        path = arguments(call_in(statement), ("sess", "save_path"))["save_path"]
        told = restores_of(found, self._loop)
        given = [
            cst.Arg(cst.Name(self._names.model)),
            cst.Arg(path),
            *(keyword(n, cst.parse_expression(ast.unparse(v))) for n, v in told.items()),
        ]
        call = cst.Call(self._services.written("restore_checkpoint"), on_one_line(given))
        assert isinstance(statement, cst.SimpleStatementLine)
        return statement.with_changes(body=[cst.Expr(call)])
