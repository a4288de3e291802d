"""Functions that make layers: closed or open, plain or scoped, and where they run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from slimport import slim_api
from slimport.index.modules import Module
from slimport.index.program import Function
from slimport.rewrite.plan import Plan
from slimport.scan.model import Form, Share
from slimport.scan.reasons import hindrance


def layer_calls(function: Function) -> int:
    """How many calls of slim's layers stand in a function."""
    return sum(
        reference.call is not None and reference.api.name.removeprefix("slim.") in slim_api.LAYERS
        for reference in function.references
        if reference.api.name.startswith("slim.")
    )


def is_closed(plan: Plan, function: Function) -> bool:
    """Whether every scope that can reach the function's layers is known."""
    closure = plan.closures.get(function)
    return closure is not None and not any(hindrance(why).opens for why in closure.reasons)


def places(plan: Plan, function: Function) -> tuple[str, ...]:
    """Where its migrated code runs: as a model that is functional or traced, in a TF 1 graph."""
    model = "traced" if plan.traced_because(function) else "functional"
    in_graphs = plan.tf1_files.runs_sessions(function.module)
    return (model, "graph") if in_graphs else (model,)


def forms(plan: Plan, module: Module) -> list[Form]:
    """The functions of a file that make layers, or call what does; its top level, too."""
    found = [
        _form(plan, function)
        for function in plan.program.by_module[module]
        if function in plan.program.building and (function.qualname or layer_calls(function))
    ]
    return sorted(found, key=lambda form: form.line)


def _form(plan: Plan, function: Function) -> Form:
    why = (*plan.traced_because(function), *plan.closures[function].reasons)
    return Form(
        getattr(function.node, "lineno", 1),
        function.qualname or "<module>",
        layer_calls(function),
        is_closed(plan, function),
        "keras" if plan.plain(function) else "scoped",
        "keras.ops" if plan.uses_keras_ops(function) else "tensorflow",
        places(plan, function),
        tuple(dict.fromkeys(why)),
    )


def share(plan: Plan, modules: Collection[Module]) -> Share:
    """How the layer calls of some files are divided."""
    calls = {f: layer_calls(f) for f in plan.program.all() if f.module in modules}
    calls = {f: count for f, count in calls.items() if count}
    options = plan.options
    keras = plan
    if options.target != "keras" and any(plan.tf1_files.runs_sessions(f.module) for f in calls):
        keras = Plan(plan.program, replace(options, target="keras"))
    return Share(
        sum(calls.values()),
        sum(count for f, count in calls.items() if is_closed(plan, f)),
        sum(count for f, count in calls.items() if plan.plain(f)),
        sum(count for f, count in calls.items() if keras.plain(f)),
    )


def why_not_plain(plan: Plan, modules: Collection[Module]) -> list[dict[str, Any]]:
    """Kinds of reasons with the functions and layer calls that they keep from plain layers."""
    calls: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    ways: dict[str, str] = {}
    examples = defaultdict[str, Counter[str]](Counter)
    for function, closure in plan.closures.items():
        count = layer_calls(function) if function.module in modules else 0
        if not count:
            continue
        found = {hindrance(why) for why in closure.reasons}
        for kind in found:
            calls[kind.name] += count
            functions[kind.name] += 1
            ways[kind.name] = kind.way_on
        for why in closure.reasons:
            examples[hindrance(why).name][why] += count
    return [
        {
            "kind": name,
            "layer_calls": count,
            "functions": functions[name],
            "way_on": ways[name],
            "reasons": sorted(examples[name], key=lambda why: (-examples[name][why], why))[:5],
        }
        for name, count in sorted(calls.items(), key=lambda item: (-item[1], item[0]))
    ]
