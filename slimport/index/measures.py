"""Statements that make the metrics of an evaluation, and the names of values and updates."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from slimport.index.blocks import loaded
from slimport.index.metric_calls import MetricCall, metric_call
from slimport.index.program import Function
from slimport.index.stays import Stays
from slimport.index.walking import walk

AGGREGATES = tuple(f"{home}.metrics.aggregate_metric_map" for home in ("slim", "tf.contrib"))
_NO_EQUAL = "a metric has no equal among Keras' metrics"


@dataclass(frozen=True, eq=False)
class Measures:
    """The metrics of a block.

    Attributes:
        logs: The metrics of each statement that makes some, wherever in the block it stands.
        values: Names of a metric's value, or the one of the map of all values.
        updates: Names of the updates, likewise.
        gone: Statements that only hand the metrics on: an empty map, one that is aggregated.
        calls: The calls that go with the statements.
        is_map: Whether the values are in a map, by their names.
    """

    logs: Mapping[ast.stmt, Sequence[MetricCall]]
    values: tuple[str, ...]
    updates: tuple[str, ...]
    gone: Sequence[ast.stmt]
    calls: Sequence[ast.Call]
    is_map: bool


def measures_in(block: Sequence[ast.stmt], function: Function) -> Measures:
    """Reads the statements of a block.

    Raises:
        Stays: If there are no metrics that Keras has, too, or they are not told one by one.
    """
    maps = [s for s in block if _aggregated(s, function) is not None]
    single = dict(_singles(block, function))
    if not maps and single:
        names = [_two_names(statement) for statement in single]
        values, updates = (tuple(n) for n in zip(*names, strict=True))
        if len({*values, *updates}) < 2 * len(names):
            raise Stays("a name stands for several metrics")
        logs = {statement: [metric] for statement, metric in single.items()}
        calls = [metric.call for metric in single.values()]
        return Measures(logs, values, updates, [], calls, False)
    if len(maps) != 1 or single:
        raise Stays("there are no metrics that Keras has, too, or several maps of them")
    call = _aggregated(maps[0], function)
    assert call is not None
    value, update = _two_names(maps[0])
    gone: list[ast.stmt] = []
    match call:
        case ast.Call(args=[ast.Dict() as metrics], keywords=[]):
            logs = {maps[0]: _of_map(metrics, function)}
        case ast.Call(args=[ast.Name(name)], keywords=[]):
            logs, gone = _of_name(name, block, maps[0], function)
        case _:
            raise Stays("the metrics are not told one by one")
    calls = [call, *(metric.call for metrics in logs.values() for metric in metrics)]
    return Measures(logs, (value,), (update,), gone, calls, True)


def updates_in(node: ast.expr, names: Sequence[str], function: Function) -> set[str]:
    """The names of the updates that an expression stands for.

    Raises:
        Stays: If it stands for anything else.
    """
    match node:
        case ast.Name(name) if name in names:
            return {name}
        case ast.List(parts) | ast.Tuple(parts) if parts:
            return set[str]().union(*(updates_in(part, names, function) for part in parts))
        case ast.Starred(value) | ast.Call(ast.Name("list" | "tuple"), [value], []):
            return updates_in(value, names, function)
        case ast.Call(ast.Attribute(ast.Name() as value, "values" | "itervalues"), [], []):
            return updates_in(value, names, function)
        case ast.Call(ast.Attribute(ast.Name("six"), "itervalues" | "values"), [value], []):
            return updates_in(value, names, function)
        case ast.Call(args=parts, keywords=[]) if _api(node, function) == "tf.group" and parts:
            return set[str]().union(*(updates_in(part, names, function) for part in parts))
    raise Stays("eval_op is not the updates of all metrics")


def _aggregated(statement: ast.stmt, function: Function) -> ast.Call | None:
    """The call of ``values, updates = slim.metrics.aggregate_metric_map(...)``."""
    match statement:
        case ast.Assign([ast.Tuple([ast.Name(), ast.Name()])], ast.Call() as call):
            return call if _api(call, function) in AGGREGATES else None
    return None


def _singles(
    block: Sequence[ast.stmt], function: Function
) -> Iterator[tuple[ast.stmt, MetricCall]]:
    """``value, update = slim.metrics.streaming_mean(x)``"""
    for statement in block:
        match statement:
            case ast.Assign([ast.Tuple([ast.Name(), ast.Name()])], ast.Call() as call):
                metric = metric_call(call, function)
                if metric is not None:
                    yield statement, metric


def _two_names(statement: ast.stmt) -> tuple[str, str]:
    assert isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple)
    first, second = statement.targets[0].elts
    assert isinstance(first, ast.Name) and isinstance(second, ast.Name)
    return first.id, second.id


def _of_map(node: ast.Dict, function: Function) -> list[MetricCall]:
    found = [metric_call(value, function) for value in node.values]
    metrics = [metric for metric in found if metric is not None]
    if len(metrics) < len(found) or not all(node.keys):
        raise Stays(_NO_EQUAL)
    return metrics


def _of_name(
    name: str, block: Sequence[ast.stmt], end: ast.stmt, function: Function
) -> tuple[dict[ast.stmt, list[MetricCall]], list[ast.stmt]]:
    """The metrics that statements put into a map, and the statements that put none.

    Raises:
        Stays: If a statement does anything else with the map.
    """
    logs: dict[ast.stmt, list[MetricCall]] = {}
    gone: list[ast.stmt] = [end]
    known = 1
    for statement in block[: block.index(end)]:
        for node in walk(statement):
            match node:
                case ast.Assign([ast.Name(target)], ast.Dict() as metrics) if target == name:
                    if node is not statement or logs:
                        raise Stays("the metrics are not told one by one")
                    found = _of_map(metrics, function)
                    logs.update({statement: found} if found else {})
                    gone += [] if found else [statement]
                    known += 1
                case ast.Assign([ast.Subscript(ast.Name(target))], value) if target == name:
                    metric = metric_call(value, function)
                    if metric is None:
                        raise Stays(_NO_EQUAL)
                    logs[node] = [metric]
                    known += 1
    uses = [n for n in walk(function.node) if isinstance(n, ast.Name) and n.id == name]
    if len(uses) != known or not logs:
        raise Stays("the metrics are not told one by one")
    if any(name in loaded([m.call]) for metrics in logs.values() for m in metrics):
        raise Stays("the metrics are not told one by one")
    return logs, gone


def _api(node: ast.AST, function: Function) -> str:
    return next((r.api.name for r in function.references if r.call is node), "")
