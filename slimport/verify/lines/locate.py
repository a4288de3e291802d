"""Names the lines where the sides of a failed case part.

What differs in a variable, its update, regulariser or optimizer is where the variable is made,
which the workers tell in any case. For outputs and gradients both sides run once more and tell
every tensor of their graphs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from slimport.verify.case_files.cases import CaseFile
from slimport.verify.lines.blocks import Pair
from slimport.verify.lines.default_scopes import Scopes
from slimport.verify.lines.finder import Failed, Finder
from slimport.verify.running.sides import Side
from slimport.verify.workers import trace_sides

#: Runs the workers of some sides.
Start = Callable[[Sequence[Side]], None]
#: What is asked of the traces: by case, by mode.
Asked = dict[int, dict[str, dict[str, Any]]]

#: How often the new side is fed and searched again.
ROUNDS = 12


def locate(
    file: CaseFile,
    roots: Mapping[str, Path],
    sides: Mapping[str, Side],
    failed: Sequence[Failed],
    start: Start,
    bisect: bool = False,
) -> None:
    """Gives the modes that differ their divergences.

    Args:
        file: The case file.
        roots: Roots of the ``old`` and the ``new`` tree.
        sides: Sides that have answered.
        failed: The modes that differ.
        start: Runs the workers of some sides.
        bisect: Whether the search goes on behind the first divergence.
    """
    wanted = [item for item in failed if item.needs_trace]
    tracing: dict[str, Side] = {}
    if wanted and file.old_worker is None:
        for name, side in sides.items():
            asked = _asked(name, wanted, {})
            if asked:
                tracing[name] = _tracing(side, "trace", asked)
        start(list(tracing.values()))
    scopes = Scopes(roots["new"], file.new_paths)
    finders = [Finder(item, roots, scopes, sides) for item in failed]
    for finder in finders:
        with finder.item.guarded():
            finder.find(tracing)
    if bisect and tracing:
        for number in range(ROUNDS):
            if not _feed(finders, tracing, start, number):
                break


def _asked(side: str, items: Sequence[Failed], asked: dict[str, Any]) -> Asked:
    """The same of every mode of one side that differs."""
    found: Asked = {}
    for item in items:
        if side in ("old", item.side):
            mode = item.old_mode if side == "old" else item.new_mode
            found.setdefault(item.place, {})[mode] = asked
    return found


def _tracing(side: Side, name: str, asked: Asked) -> Side:
    """A side that tells tensors."""
    folder = side.folder.with_name(f"{side.name}-{name}")
    cases = [
        {**case, "modes": list(asked[case["index"]]), "trace": asked[case["index"]]}
        for case in side.request["cases"]
        if case["index"] in asked
    ]
    request = {**side.request, "out": str(folder), "cases": cases}
    return dataclasses.replace(side, folder=folder, request=request, crashes={}, cache=None)


def _feed(
    finders: Sequence[Finder], tracing: Mapping[str, Side], start: Start, number: int
) -> bool:
    """Feeds the new side behind what was found, and searches again; False if nothing is left."""
    pairs = [(finder, finder.joint()) for finder in finders]
    going = [(finder, pair) for finder, pair in pairs if pair is not None]
    if not going:
        return False
    _take_over(going, tracing["old"], start, number)
    sides = {}
    for name, side in tracing.items():
        asked: Asked = {}
        for finder, _ in going:
            item = finder.item
            if item.side == name:
                path = side.folder.with_name(f"feed-{number}-{item.place}-{item.new_mode}.npz")
                trace_sides.write_feed(path, finder.fed)
                asked.setdefault(item.place, {})[item.new_mode] = {"feed": str(path)}
        if asked:
            sides[name] = _tracing(side, f"fed-{number}", asked)
    start(list(sides.values()))
    for finder, _ in going:
        with finder.item.guarded():
            finder.find_next(sides[finder.item.side])
    return True


def _take_over(going: Sequence[tuple[Finder, Pair]], old: Side, start: Start, number: int) -> None:
    """Has the old side tell the tensors that the new side is to be fed."""
    asked: Asked = {}
    for finder, (_, theirs) in going:
        modes = asked.setdefault(finder.item.place, {})
        told = modes.setdefault(finder.item.old_mode, {"whole": [], "only_whole": True})
        told["whole"] += [] if theirs in told["whole"] else [theirs]
    side = _tracing(old, f"whole-{number}", asked)
    start([side])
    for finder, (mine, theirs) in going:
        answer = side.answer(finder.item.place, finder.item.old_mode)
        entry = answer.tensors(trace_sides.WHOLE).get(theirs) if answer.error is None else None
        value = None if entry is None else answer.array(entry)
        if value is not None:
            finder.fed[mine] = np.asarray(value)
