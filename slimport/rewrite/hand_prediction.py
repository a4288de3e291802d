"""A session that ran a restored network becomes a model that predicts."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

import libcst as cst

from slimport.index.hand_loop import HandLoop
from slimport.index.hand_restores import restored_by, saver_of
from slimport.index.session_runs import Request, Saved
from slimport.rewrite.hand_names import HandNames
from slimport.rewrite.names import free_name
from slimport.rewrite.site import FileServices, dotted
from slimport.rewrite.statements import (
    arguments,
    assignment,
    below,
    call_in,
    keyword,
    lines_above,
    on_one_line,
    simple,
    with_lines_only,
)

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
        self._keys = _keys(loop.fetched)

    def returned(self) -> str:
        """What the function returns: what each run asks for, or all that any does, by name."""
        if not self._is_one:
            return "{" + ", ".join(f'"{key}": {name}' for name, key in self._keys.items()) + "}"
        (request, *_) = self._loop.asked
        return f"[{', '.join(request.fetches)}]" if request.is_list else request.fetches[0]

    def values(self, request: Request, feed: cst.BaseExpression) -> cst.Call:
        """``model.predict_on_batch(batch)``, or ``model.run_on_batch({...}, "logits")``

        Args:
            request: The run.
            feed: What it feeds: a dictionary by names, or the name of one.
        """
        if not self._is_one:
            keys = [cst.SimpleString(f'"{self._keys[name]}"') for name in request.fetches]
            asked = cst.List([cst.Element(key) for key in keys]) if request.is_list else keys[0]
            method = dotted(f"{self._names.model}.run_on_batch")
            return cst.Call(method, [cst.Arg(feed), cst.Arg(asked)])
        if isinstance(feed, cst.Dict) and len(feed.elements) == 1:
            (element,) = feed.elements
            assert isinstance(element, cst.DictElement)
            feed = element.value
        return cst.Call(dotted(f"{self._names.model}.predict_on_batch"), [cst.Arg(feed)])

    def restored(self, found: Saved, statement: cst.BaseStatement) -> list[cst.BaseStatement]:
        """``restore_checkpoint(model, path, exclude=[...])``, or of the averages."""
        path = arguments(call_in(statement), ("sess", "save_path"))["save_path"]
        saver = saver_of(found, self._loop)
        assert saver is not None
        restored = restored_by(saver, self._loop.block, self._loop.function)
        assert restored is not None
        told = [keyword(n, cst.parse_expression(ast.unparse(v))) for n, v in restored.told.items()]
        model = self._names.averages if restored.averaged else self._names.model
        given = [cst.Arg(cst.Name(model)), cst.Arg(path), *(() if restored.averaged else told)]
        call = cst.Call(self._services.written("restore_checkpoint"), on_one_line(given))
        assert isinstance(statement, cst.SimpleStatementLine)
        replaced = statement.with_changes(body=[cst.Expr(call)])
        if not restored.averaged:
            return [replaced]
        averages = cst.Call(self._services.written("AveragedVariables"), told)
        value = cst.Call(cst.Attribute(averages, cst.Name("variables_to_restore")))
        opened = cst.Call(dotted(f"{self._names.model}.layer_graph"))
        looked_up = with_lines_only(simple(assignment(model, value)), lines_above(statement))
        return [below(opened, [looked_up]), with_lines_only(replaced, ())]


def _keys(fetched: Sequence[str]) -> dict[str, str]:
    """Keys of outputs: names, and the last word of a part, such as ``end_points["logits"]``."""
    found: dict[str, str] = {}
    for name in fetched:
        words = re.findall(r"[^\W\d]\w*", name)
        key = words[-1] if words[-1] not in found.values() else "_".join(words)
        found[name] = free_name(key, set(found.values()))
    return found
