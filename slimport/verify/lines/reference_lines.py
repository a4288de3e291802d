"""Names lines for outputs that differ from those of a reference, which has no graph to search.

Only the new side tells the tensors of its graph. What makes the first output that differs, behind
the case's inputs and the outputs that are equal, is where the sides part.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from slimport.verify import protocol
from slimport.verify.lines import traced
from slimport.verify.lines.default_scopes import site
from slimport.verify.lines.finder import Failed
from slimport.verify.lines.traced import Operation, Trace
from slimport.verify.result import Divergence, Site, Status
from slimport.verify.running.sides import Side

#: Lines that are named of those between.
MOST = 6


def locate(
    root: Path,
    sides: Mapping[str, Side],
    failed: Sequence[Failed],
    start: Callable[[Sequence[Side]], None],
) -> None:
    """Gives modes whose first difference is an output the lines that make it.

    Args:
        root: Root of the migrated tree.
        sides: Sides that have answered.
        failed: The modes that differ.
        start: Runs the workers of some sides.
    """
    wanted = [item for item in failed if item.needs_trace and not item.result.divergences]
    wanted = [item for item in wanted if item.first and item.first.group == protocol.OUTPUT]
    tracing = {name: _tracing(sides[name], name, wanted) for name in {i.side for i in wanted}}
    start(list(tracing.values()))
    for item in wanted:
        with item.guarded():
            answer = tracing[item.side].answer(item.place, item.new_mode)
            if answer.error is None:
                entry = answer.tensors("trace")["sketches"]
                trace = traced.read(answer.meta, answer.arrays[entry["key"]])
                item.result.divergences = tuple(_found(root, item, trace))


def _tracing(side: Side, name: str, wanted: Sequence[Failed]) -> Side:
    """The side that tells tensors of the modes that differ."""
    modes: dict[int, list[str]] = {}
    for item in wanted:
        if item.side == name:
            modes.setdefault(item.place, []).append(item.new_mode)
    asked = []
    for case in side.request["cases"]:
        if case["index"] in modes:
            told = modes[case["index"]]
            asked.append({**case, "modes": told, "trace": {mode: {} for mode in told}})
    folder = side.folder.with_name(f"{side.name}-lines")
    request = {**side.request, "out": str(folder), "cases": asked}
    return dataclasses.replace(side, folder=folder, request=request, crashes={}, cache=None)


def _found(root: Path, item: Failed, trace: Trace) -> list[Divergence]:
    first = item.first
    if first is None or first.name not in trace.outputs:
        return []
    good = [t.name for t in item.result.of(protocol.OUTPUT) if t.status is Status.EQUAL]
    equal = {trace.outputs[name]: name for name in good if name in trace.outputs}
    makers, behind = between(trace, trace.outputs[first.name], set(equal))
    frames = [maker.site for maker in makers if maker.site]
    if not frames:
        return []
    lines = list(dict.fromkeys(str(site(root, frame[0])) for frame in frames))
    names = [name for tensor, name in equal.items() if tensor in behind]
    new: tuple[Site, ...] = tuple(site(root, frame) for frame in frames[0])
    why = _why(lines, names)
    return [Divergence(first.group, first.name, makers[0].layer or makers[0].type, new, why=why)]


def _why(lines: Sequence[str], names: Sequence[str]) -> str:
    """Says between what the sides part."""
    begin = f"output {', '.join(names)} is equal" if names else "no output is equal before it"
    if len(lines) == 1:
        return f"{begin}; the reference has no graph to search"
    more = "" if len(lines) <= MOST else f" and {len(lines) - MOST} more"
    listed = ", ".join(lines[:MOST])
    return f"in one of {listed}{more}: {begin}, and the reference has no graph to search"


def between(trace: Trace, tensor: str, equal: set[str]) -> tuple[list[Operation], set[str]]:
    """Returns what makes a tensor out of inputs and of tensors that are equal.

    Args:
        trace: The graph.
        tensor: Its name.
        equal: Names of tensors at which the way back ends.

    Returns:
        The operations in the order of the user's code, and the tensors at which the way ended.
    """
    found: dict[str, Operation] = {}
    ends: set[str] = set()
    stack = [tensor]
    while stack:
        name = stack.pop()
        maker = trace.maker(name)
        if name in equal and name != tensor:
            ends.add(name)
        elif maker.name not in found and maker.input is None:
            found[maker.name] = maker
            stack.extend(trace.data(maker))
    return sorted(found.values(), key=lambda operation: operation.order), ends
