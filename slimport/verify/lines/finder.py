"""Finds where the sides of one mode part, and says it in lines of both trees."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slimport.verify import protocol
from slimport.verify.case_files.cases import Case
from slimport.verify.comparing.answered import Answered
from slimport.verify.lines import blocks, reasons, traced, training_lines
from slimport.verify.lines.default_scopes import CONCERNS, Scopes, site
from slimport.verify.lines.divergence import Parting, Search
from slimport.verify.lines.gradient_ends import gradient_end
from slimport.verify.lines.matching import Closeness, Matches
from slimport.verify.lines.traced import Frames, Trace
from slimport.verify.result import Divergence, ModeResult, Status, TensorResult
from slimport.verify.running.sides import Side
from slimport.verify.workers import training_sites

#: Groups that need the graph's tensors.
_OF_GRAPH = (protocol.OUTPUT, protocol.GRADIENT, protocol.INPUT)


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
        """Whether the tensors of the graphs are to be told."""
        return self.searched is not None

    @property
    def searched(self) -> TensorResult | None:
        """The tensor from which the graphs are searched; None where the variables tell the line.

        Without the same variables the graphs do not hold the same values. One of another shape is
        no exception: that shape often comes from what its layer is given, in front of it.
        """
        first = self.first
        if first is None or self.new_mode in protocol.STEP_MODES:
            return None
        if first.group in _OF_GRAPH:
            return first
        if first.group != "variable" or not first.why.startswith("shape "):
            return None
        outputs = (t for t in self.result.of(protocol.OUTPUT) if t.status is Status.DIFFERS)
        return min(outputs, key=lambda tensor: tensor.order, default=None)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """While this is open, the lines are searched: the comparison stands whatever fails."""
        try:
            yield
        except Exception as error:
            text = f"the search for the line failed: {type(error).__name__}: {error}"
            self.result.notes.append(text)


class Finder:
    """Finds the divergences of one mode.

    Args:
        item: The mode.
        roots: Roots of the ``old`` and the ``new`` tree.
        scopes: With-statements of the migrated tree.
        sides: Sides that have answered.

    Attributes:
        fed: What the new side was given in place of what it computes, by tensor.
    """

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
        self.fed: dict[str, Any] = {}
        self._search: Search | None = None
        self._found: Parting | None = None

    def find(self, tracing: Mapping[str, Side]) -> None:
        """Gives the mode its first divergence."""
        first = self.item.first
        if first is None:
            return
        made_by = training_lines.makers(self.item.result, first)
        traces = self._traces(tracing) if self.item.needs_trace else None
        if self.item.new_mode in protocol.STEP_MODES and made_by:
            self._add(self._of_training(first, made_by))
        elif traces is not None and first.group == "variable":
            self._add(self._in_front_of(first, *traces) or self._of_variable(first))
        elif traces is not None and first.group == protocol.OUTPUT:
            self._add(self._of_output(first, *traces))
        elif traces is not None:
            found = self._of_gradient(first, *traces)
            if found.new or first.group != protocol.INPUT:  # an input belongs to no line
                self._add(found)
        elif first.group != protocol.OUTPUT:
            self._add(self._of_variable(first))

    def _in_front_of(self, first: TensorResult, new: Trace, old: Trace) -> Divergence | None:
        """What gives the layer of a variable another shape; None where the layer itself does."""
        output = self.item.searched
        if output is None:
            return None
        told = self._of_output(output, new, old)
        if self._found is None or self._found.new is None or not told.new:
            return None
        if first.name in new.variables(self._found.new):
            return None
        return dataclasses.replace(told, group=first.group, name=first.name)

    def joint(self) -> blocks.Pair | None:
        """A tensor behind the last divergence that can be fed, with its counterpart."""
        if self._search is None or self._found is None:
            return None
        names = [first.name for first in self._failing(self._search)]
        return blocks.joint(self._search, self._found, names, set(self.fed))

    def find_next(self, side: Side) -> None:
        """Searches the new side again, which was fed, and adds what it does differently now."""
        old = None if self._search is None else self._search.old
        worst, self._search = self.item.first, None
        answer = side.answer(self.item.place, self.item.new_mode)
        if old is None or worst is None or answer.error is not None:
            return
        new = _trace(answer)
        failing = self._failing(Search(new, old, self._matches(worst, new, old)))
        if failing:
            self._add(self._of_output(failing[0], new, old))

    def _failing(self, search: Search) -> list[TensorResult]:
        """Outputs that differed, and do so now."""
        new, old = search.new.outputs, search.old.outputs
        return [
            tensor
            for tensor in self.item.result.of(protocol.OUTPUT)
            if not tensor.status.is_good
            and tensor.name in new
            and tensor.name in old
            and old[tensor.name] not in search.matches.of(new[tensor.name])
        ]

    def _add(self, found: Divergence) -> None:
        """Adds a divergence, unless it is one that was named."""
        known = self.item.result.divergences
        if not any((d.operation, d.new) == (found.operation, found.new) for d in known):
            self.item.result.divergences = (*known, found)

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
        self._search = Search(new, old, matches)
        self._found = found = self._search.part(first.name)
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

    def _of_training(self, first: TensorResult, made_by: tuple[str, ...]) -> Divergence:
        """A tensor of a training case: the line that makes its optimizer, schedule or loss."""
        new, old = (training_lines.frames(side, made_by) for side in (self.new, self.old))
        found = self._divergence(first, made_by[0], new, old, _words(first), ())
        if training_sites.LOSS not in made_by:
            return found
        entry, words = self.item.case.new.arg_scope, CONCERNS[protocol.REGULARISATION]
        regularised = training_lines.regularised(self.new)
        return dataclasses.replace(found, defaults=self.scopes.defaults(regularised, entry, words))

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
