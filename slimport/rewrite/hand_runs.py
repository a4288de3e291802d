"""What a loop by hand asked of its session, it asks of its model."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from slimport.index.blocks import loaded
from slimport.index.hand_loop import HandLoop
from slimport.index.session_runs import Request, Run
from slimport.rewrite.hand_names import HandNames
from slimport.rewrite.hand_prediction import HandPrediction
from slimport.rewrite.long_lines import on_lines
from slimport.rewrite.site import dotted
from slimport.rewrite.statements import (
    arguments,
    assignment,
    call_in,
    code,
    keyword,
    line,
    lines_above,
    with_lines_only,
    with_value,
)


class HandRuns:
    """The runs of one loop.

    Args:
        loop: What the index found.
        names: Those of what is new.
        prediction: What its runs become if it trains nothing.
    """

    def __init__(self, loop: HandLoop, names: HandNames, prediction: HandPrediction) -> None:
        self._loop, self._names, self._prediction = loop, names, prediction
        self._used = loaded([loop.function.node])

    def run(self, run: Run, statement: cst.BaseStatement) -> list[cst.BaseStatement]:
        """``loss = model.train_on_batch({...}, return_dict=True)["loss"]``"""
        feed = _given(run.request, call_in(statement))
        if feed is None or not self._loop.inputs:
            feed = cst.parse_expression(f"next({self._names.batches})")
        before: list[cst.BaseStatement] = []
        if isinstance(feed, cst.Dict):
            rates = [e for e in feed.elements if _key(e) == self._loop.rate]
            before = [
                line(f"{self._names.model}.optimizer.learning_rate = {code(rate.value)}")
                for rate in rates
            ]
            feed = _by_names(feed, [e for e in feed.elements if e not in rates])
        given = [cst.Arg(feed)]
        call = cst.Call(dotted(f"{self._names.model}.train_on_batch"), given)
        keys = {key for _, key in self._tensors(run)}
        if not keys <= {"loss"}:
            given.append(keyword("return_dict", cst.Name("True")))
        if "summaries" in keys:
            given.append(keyword("summaries", cst.Name("True")))
        call = call.with_changes(args=given)
        call = call if "\n" in code(call) else on_lines(call)
        first, *rest = [*before, *self._assigned(statement, call, run)]
        return [with_lines_only(first, lines_above(statement)), *rest]

    def values(self, request: Request, node: cst.Call) -> cst.Call:
        """``model.run_on_batch({...}, ["loss", "accuracy"])``"""
        feed = _given(request, node) or cst.Dict([])
        if isinstance(feed, cst.Dict):
            feed = _by_names(feed, [e for e in feed.elements if _key(e) != self._loop.rate])
        if not self._loop.trains:
            return self._prediction.values(request, feed)
        keys = [cst.SimpleString(f'"{self._key_of(name)}"') for name in request.fetches]
        names = cst.List([cst.Element(key) for key in keys]) if request.is_list else keys[0]
        return cst.Call(
            dotted(f"{self._names.model}.run_on_batch"), [cst.Arg(feed), cst.Arg(names)]
        )

    @staticmethod
    def fed(statement: cst.BaseStatement) -> cst.BaseStatement:
        """The dictionary that is fed, by the names of what gets it."""
        assert isinstance(statement, cst.SimpleStatementLine)
        assign = statement.body[0]
        assert isinstance(assign, cst.Assign) and isinstance(assign.value, cst.Dict)
        return with_value(statement, _by_names(assign.value, assign.value.elements))

    def _tensors(self, run: Run) -> list[tuple[str, str]]:
        """Names that get values of tensors, each with the name by which the model returns it."""
        none = self._loop.without_tensors
        if self._loop.minimized.is_slims:
            none -= {self._loop.minimized.name}
        return [(target, self._key_of(name)) for target, name in run.wanted if name not in none]

    def _assigned(
        self, statement: cst.BaseStatement, call: cst.Call, run: Run
    ) -> list[cst.BaseStatement]:
        """The call, and names for what it gives."""
        keys = [key for _, key in self._tensors(run)]
        targets = [target for target, _ in self._tensors(run)]
        steps = [line(f"{t} = {self._names.step}") for t, n in run.wanted if n in self._loop.steps]
        operation = self._loop.minimized
        if not operation.is_slims:
            unset = [t for t, name in run.wanted if name == operation.name and t in self._used]
            steps += [line(f"{target} = None") for target in unset]
        more: list[cst.BaseStatement] = []
        small: cst.BaseSmallStatement
        if not keys:
            small = cst.Expr(call)
        elif keys == ["loss"]:
            small = assignment(targets[0], call)
        elif len(keys) == 1:
            value = cst.parse_expression(f'f()["{keys[0]}"]')
            assert isinstance(value, cst.Subscript)
            small = assignment(targets[0], value.with_changes(value=call))
        else:
            small = assignment(self._names.logs, call)
            values = ", ".join(f'{self._names.logs}["{key}"]' for key in keys)
            more.append(line(f"{', '.join(targets)} = {values}"))
        return [with_lines_only(statement.with_changes(body=[small]), ()), *more, *steps]

    def _key_of(self, name: str) -> str:
        """The name by which the model returns a tensor."""
        minimized = self._loop.minimized
        gives_loss = {minimized.loss, minimized.name} if minimized.is_slims else {minimized.loss}
        if name in self._loop.summaries:
            return "summaries"
        return "loss" if name in gives_loss else name


def _key(element: cst.BaseDictElement) -> str:
    return getattr(getattr(element, "key", None), "value", "")


def _by_names(feed: cst.Dict, elements: Sequence[cst.BaseDictElement]) -> cst.Dict:
    """Those of a dictionary's elements, placeholders by their names."""
    kept = [e.with_changes(key=cst.SimpleString(f'"{_key(e)}"')) for e in elements]
    if kept:
        kept[-1] = kept[-1].with_changes(comma=feed.elements[-1].comma)
    return feed.with_changes(elements=kept)


def _given(request: Request, call: cst.Call) -> cst.BaseExpression | None:
    """What a run feeds."""
    names = ("fetches", "feed_dict") if request.of_session else ("feed_dict",)
    return arguments(call, names).get("feed_dict")
