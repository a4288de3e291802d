"""Names the lines where the sides of a failed case part.

What differs in a variable, its update, regulariser or optimizer is where the variable is made,
which the workers tell in any case. For outputs and gradients both sides run once more and tell
every tensor of their graphs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slimport.verify import protocol, reasons, traced
from slimport.verify.cases import Case, CaseFile
from slimport.verify.compare import Answered
from slimport.verify.default_scopes import CONCERNS, Scopes, site
from slimport.verify.divergence import Parting, Search
from slimport.verify.gradient_ends import gradient_end
from slimport.verify.matching import Closeness, Matches
from slimport.verify.result import Divergence, ModeResult, Status, TensorResult
from slimport.verify.sides import Side
from slimport.verify.traced import Frames, Trace

#: Groups that need the graph's tensors.
_OF_GRAPH = (protocol.OUTPUT, protocol.GRADIENT)

Start = Callable[[Sequence[Side]], None]


@dataclass
class Failed:
    """A mode that differs, with what both sides answered.

    Attributes:
        place: Number of the case.
        case: The case.
        side: Name of the new side.
        new_mode: Its mode.
        old_mode: The old side's mode.
        result: The comparison, which gets the divergences.
    """

    place: int
    case: Case
    side: str
    new_mode: str
    old_mode: str
    result: ModeResult

    @property
    def first(self) -> TensorResult | None:
        """The tensor that is named first."""
        return self.result.first_divergence

    @property
    def needs_trace(self) -> bool:
        """Whether the tensors of the graphs are to be told: variables are the same, what else not.

        Without the same variables the graphs do not hold the same values.
        """
        first, steps = self.first, self.new_mode in protocol.STEP_MODES
        return first is not None and first.group in _OF_GRAPH and not steps


def locate(
    file: CaseFile,
    roots: Mapping[str, Path],
    sides: Mapping[str, Side],
    failed: Sequence[Failed],
    start: Start,
) -> None:
    """Gives the modes that differ their divergences.

    Args:
        file: The case file.
        roots: Roots of the ``old`` and the ``new`` tree.
        sides: Sides that have answered.
        failed: The modes that differ.
        start: Runs the workers of some sides.
    """
    wanted = [item for item in failed if item.needs_trace]
    tracing = {}
    if wanted and file.old_worker is None:
        tracing = {name: _tracing(side, wanted) for name, side in sides.items()}
        tracing = {name: side for name, side in tracing.items() if side.request["cases"]}
        start(list(tracing.values()))
    scopes = Scopes(roots["new"], file.new_paths)
    for item in failed:
        try:
            found = _Finder(item, roots, scopes, sides).find(tracing)
        except Exception as error:  # the comparison stands without it
            item.result.notes.append(f"no line was found: {type(error).__name__}: {error}")
            continue
        item.result.divergences = tuple(found)


def _tracing(side: Side, wanted: Iterable[Failed]) -> Side:
    """A side that tells the tensors of the modes that differ."""
    modes: dict[int, list[str]] = {}
    for item in wanted:
        if side.name in ("old", item.side):
            mode = item.old_mode if side.name == "old" else item.new_mode
            modes.setdefault(item.place, [])
            modes[item.place] += [] if mode in modes[item.place] else [mode]
    folder = side.folder.with_name(f"{side.folder.name}-trace")
    asked = [
        {**case, "modes": modes[case["index"]], "trace": {}}
        for case in side.request["cases"]
        if case["index"] in modes
    ]
    request = {**side.request, "out": str(folder), "cases": asked}
    return dataclasses.replace(side, folder=folder, request=request, crashes={}, cache=None)


class _Finder:
    """Finds the divergences of one mode."""

    def __init__(
        self,
        item: Failed,
        roots: Mapping[str, Path],
        scopes: Scopes,
        sides: Mapping[str, Side],
    ) -> None:
        self.item, self.roots, self.scopes, self.sides = item, roots, scopes, sides
        self.old = sides["old"].answer(item.place, item.old_mode)
        self.new = sides[item.side].answer(item.place, item.new_mode)

    def find(self, tracing: Mapping[str, Side]) -> list[Divergence]:
        """Returns the divergences, the first one first."""
        first = self.item.first
        if first is None:
            return []
        if not self.item.needs_trace:
            return [self._of_variable(first)]
        traces = self._traces(tracing)
        if traces is None:
            return [self._of_variable(first)] if first.group == protocol.GRADIENT else []
        if first.group == protocol.GRADIENT:
            return [self._of_gradient(first, *traces)]
        return [self._of_output(first, *traces)]

    def _traces(self, tracing: Mapping[str, Side]) -> tuple[Trace, Trace] | None:
        item, found = self.item, []
        for name, mode in ((item.side, item.new_mode), ("old", item.old_mode)):
            if name not in tracing:
                return None
            answer = tracing[name].answer(item.place, mode)
            if answer.error is not None:
                lines = answer.error.strip().splitlines()
                item.result.notes.append(f"the {name} side could not be searched: {lines[-1]}")
                return None
            found.append(_trace(answer))
        return found[0], found[1]

    def _matches(self, first: TensorResult, new: Trace, old: Trace) -> Matches:
        """Matches with a tolerance below that of the tensor which differs.

        On the way there a difference grows; where it is small at the end, it is smaller before.
        """
        training = self.item.new_mode in protocol.TRAINING_MODES
        base = 1e-4 if training else 1e-5
        relative = first.relative if first.max_abs is not None else None
        if relative is not None and relative != float("inf"):
            base = min(base, max(relative / 30.0, base / 10.0))
        return Matches(new, old, Closeness(base, 8.0 if training else 4.0))

    def _of_output(self, first: TensorResult, new: Trace, old: Trace) -> Divergence:
        matches = self._matches(first, new, old)
        found = Search(new, old, matches).part(first.name)
        return self._told(first, found, reasons.reason(found, new, old, matches) or _words(first))

    def _of_gradient(self, first: TensorResult, new: Trace, old: Trace) -> Divergence:
        """A gradient that is cut where the legacy code lets it pass, or the variable's layer."""
        found = gradient_end(new, old, self._matches(first, new, old))
        if found is None:
            return self._of_variable(first)
        return self._told(first, found, found.takes)

    def _told(self, first: TensorResult, found: Parting, why: str) -> Divergence:
        operation = ""
        if found.new is not None:
            of = f" of {found.new.layer}" if found.new.layer else f" {found.new.name}"
            operation = found.new.type + of
        words = [word for word in why.replace("_", " ").split() if word.isalpha()]
        return self._divergence(first, operation, found.site, found.legacy, why, words)

    def _of_variable(self, first: TensorResult) -> Divergence:
        """A tensor that belongs to a variable: the line that makes it."""
        name = self._variable_name(first)
        new, old = _variable_site(self.new, name), _variable_site(self.old, name)
        new = new or self._stray(name)
        words = CONCERNS.get(first.group, ())
        if first.group == "variable" and "biases" in name:
            words = ("normalizer", "bias")
        why = _words(first) or self._proportion(first)
        return self._divergence(first, f"variable {name}", new, old, why, words)

    def _proportion(self, first: TensorResult) -> str:
        """What a tensor is in terms of the legacy one, as twice it."""
        key = (first.name, first.step)
        sides = (self.new, self.old)
        told = [(side, side.by_step(first.group).get(key)) for side in sides]
        new, old = (None if entry is None else side.array(entry) for side, entry in told)
        said = "" if new is None or old is None else reasons.proportion(new, old)
        return f"the {first.group} is {said}" if said else ""

    def _variable_name(self, first: TensorResult) -> str:
        """Name of the variable that a tensor belongs to."""
        known = [
            entry["name"] for entry in (*self.old.meta["variables"], *self.new.meta["variables"])
        ]
        name = first.name.removesuffix("/ExponentialMovingAverage")
        if first.group == protocol.REGULARISATION and name == "total":
            bad = [t for t in self.item.result.of(first.group) if not t.status.is_good]
            name = next((t.name for t in bad if t.name != "total"), name)
        while name not in known and "/" in name:
            name = name.rpartition("/")[0]
        return name if name in known else first.name

    def _stray(self, name: str) -> Frames:
        """Where the new side makes a variable of the same shape that the old side has not."""
        olds = {entry["name"]: entry["shape"] for entry in self.old.meta["variables"]}
        for entry in self.new.meta["variables"]:
            if entry["name"] not in olds and entry["shape"] == olds.get(name):
                return _frames(entry.get("site") or ())
        return ()

    def _divergence(
        self,
        first: TensorResult,
        operation: str,
        new: Frames,
        old: Frames,
        why: str,
        words: Sequence[str],
    ) -> Divergence:
        entry = self.item.case.new.arg_scope
        return Divergence(
            group=first.group,
            name=first.name,
            operation=operation,
            new=tuple(site(self.roots["new"], frame) for frame in new),
            defaults=self.scopes.defaults(new, entry, words),
            old=tuple(site(self.roots["old"], frame) for frame in old),
            why=why,
        )


def _trace(answer: Answered) -> Trace:
    entry = answer.tensors("trace")["sketches"]
    array = answer.array(entry)
    assert array is not None
    return traced.read(answer.meta, array)


def _words(first: TensorResult) -> str:
    """What a comparison without a tolerance says; else nothing is known."""
    if first.max_abs is None or first.status in (Status.MISSING, Status.EXTRA):
        return first.why
    return ""


def _variable_site(answer: Answered, name: str) -> Frames:
    """Where a variable is made; where it is missing, the variables of the same layer."""
    known = {entry["name"]: entry.get("site") or [] for entry in answer.meta.get("variables", ())}
    if known.get(name):
        return _frames(known[name])
    scope = name
    for _ in range(2 if "BatchNorm" in name else 1):
        scope = scope.rpartition("/")[0]
        if not scope:
            break
        beside = [frames for other, frames in known.items() if other.startswith(f"{scope}/")]
        if any(beside):
            return _frames(next(frames for frames in beside if frames))
    return ()


def _frames(told: Any) -> Frames:
    return tuple((str(file), int(line), str(function)) for file, line, function in told)
