"""Where two graphs part: the earliest operation of the new side that makes something else.

From a tensor that differs the search walks back through what it is made of and stops at tensors
that the old side has, too. Other decompositions of the same arithmetic (a batch norm in one kernel
or in ten operations) come back to such tensors, so that a walk never enters them; where they are
part of what differs, their first operation stands for the layer.
"""

from __future__ import annotations

from dataclasses import dataclass

from slimport.verify.lines.matching import Matches
from slimport.verify.lines.traced import Frames, Operation, Trace

#: Operations that arrange what they are given; either side may do without.
_LAYOUT = (
    *("SpaceToBatchND", "BatchToSpaceND", "Transpose", "Reshape", "Squeeze", "ExpandDims"),
    *("Identity", "Cast", "StopGradient"),
)
#: How far behind what both sides have a counterpart is looked for.
_STEPS = 8


@dataclass(frozen=True)
class Parting:
    """Where the sides part.

    Attributes:
        new: The operation of the new side; None where the new side has none.
        old: Its counterpart on the old side; None where none is found.
        site: The line of the migrated code, with its callers.
        legacy: The line of the legacy code, with its callers.
        takes: What is known of the operation's data before anything is compared in detail.
    """

    new: Operation | None
    old: Operation | None
    site: Frames
    legacy: Frames
    takes: str = ""


class Search:
    """Searches two traces for the place where they part.

    Args:
        new: Trace of the new side.
        old: Trace of the old side.
        matches: Which tensors they have in common.
    """

    def __init__(self, new: Trace, old: Trace, matches: Matches) -> None:
        self.new, self.old, self.matches = new, old, matches
        self._lines = self._lines_of_matches()

    def part(self, output: str) -> Parting:
        """Returns where the sides part on the way to an output that differs."""
        tensor, other = self.new.outputs.get(output), self.old.outputs.get(output)
        theirs = None if other is None else self.old.maker(other)
        if tensor is None:
            same = [name for name in self.new.tensors if other in self.matches.of(name)]
            site = self._site(self.new, same[0]) if same else ()
            return Parting(None, theirs, site, self._site(self.old, other))
        source = self.source(tensor)
        found = self._with_counterpart(source)
        if found.old is None and theirs is not None:
            found = Parting(
                found.new, theirs, found.site, found.legacy or self._site(self.old, other)
            )
        site = found.site or self._site(self.new, tensor)
        return Parting(found.new, found.old, site, found.legacy, found.takes)

    def region(self, tensor: str) -> set[str]:
        """Tensors that differ on the way to one that does."""
        region, stack = {tensor}, [tensor]
        while stack:
            for name in self._data(self.new.maker(stack.pop())):
                if name not in region and not self.matches.of(name):
                    region.add(name)
                    stack.append(name)
        return region

    def source(self, tensor: str) -> Operation:
        """The earliest operation that makes something else of what both sides have."""
        region = self.region(tensor)
        makers = {self.new.maker(name).name: self.new.maker(name) for name in region}
        first = [
            maker
            for maker in makers.values()
            if not any(name in region for name in self._data(maker))
        ]
        return min(first, key=lambda operation: operation.order)

    def _data(self, operation: Operation) -> list[str]:
        """What an operation takes of the data; all of its inputs where it takes none."""
        return self.new.data(operation) or [
            name
            for name in operation.inputs
            if self.new.tensors[name].sketch is not None
            and self.new.maker(name).variable is None
            and self.new.maker(name).type != "ReadVariableOp"
        ]

    def _with_counterpart(self, source: Operation) -> Parting:
        """Finds what stands for an operation on the old side."""
        theirs = self._anchor(source) or self._alike_behind(source)
        if theirs is not None:
            moved = self._taken_from_elsewhere(source, theirs)
            if moved is not None:
                return moved
        direct = self._takers_of_the_same(source)
        if theirs is not None and not self._anchor(source) and theirs not in direct:
            theirs = None  # of another layer
        theirs = theirs or self._lost_taker(source)
        legacy = self._line(source)
        if theirs is None and legacy:
            theirs = self._lost_at(legacy)
        if theirs is not None and (not legacy or theirs.family == source.family):
            legacy = self._site(self.old, theirs.outputs[0].name)
        return Parting(source, theirs, self._site(self.new, source.outputs[0].name), legacy)

    def _anchor(self, source: Operation) -> Operation | None:
        """The operation of the old side that takes the same variables."""
        wanted = self.new.variables(source)
        takers = [
            operation
            for operation in self.old.operations.values()
            if wanted and self.old.data(operation) and wanted & self.old.variables(operation)
        ]
        candidates = {o.name for o in self._takers_of_the_same(source)}
        return min(
            takers,
            key=lambda o: (o.name not in candidates, o.family != source.family, o.order),
            default=None,
        )

    def _takers_of_the_same(self, source: Operation) -> list[Operation]:
        """Operations of the old side that take what an operation takes."""
        found: dict[str, Operation] = {}
        for name in self._data(source):
            for other in self.matches.of(name):
                found.update({o.name: o for o in self.old.takers(other)})
        return sorted(found.values(), key=lambda operation: operation.order)

    def _alike_behind(self, source: Operation) -> Operation | None:
        """The operation of the same kind that is next behind what both sides have."""
        layer = self._takers_of_the_same(source)
        seen: set[str] = set()
        for _ in range(_STEPS):
            alike = [o for o in layer if o.family == source.family and self._is_lost(o)]
            if alike:
                return min(alike, key=lambda o: (-self._shared(source, o), o.order))
            seen.update(o.name for o in layer)
            behind = {
                taker.name: taker
                for operation in layer
                if self._is_lost(operation)
                for tensor in operation.outputs
                for taker in self.old.takers(tensor.name)
            }
            layer = [o for o in behind.values() if o.name not in seen]
        return None

    def _is_lost(self, operation: Operation) -> bool:
        """Whether the new side lacks what an operation of the old side makes."""
        return not self.matches.has(operation.outputs[0].name)

    def _lost_taker(self, source: Operation) -> Operation | None:
        """The first operation that takes the same and whose result the new side lacks."""
        lost = [o for o in self._takers_of_the_same(source) if self._is_lost(o)]
        return min(lost, key=lambda o: (-self._shared(source, o), o.order), default=None)

    def _lost_at(self, legacy: Frames) -> Operation | None:
        """The first operation of a legacy line whose result the new side lacks."""
        lost = [
            operation
            for operation in self.old.operations.values()
            if operation.site == legacy and self.old.data(operation) and self._is_lost(operation)
        ]
        return min(lost, key=lambda operation: operation.order, default=None)

    def _shared(self, source: Operation, theirs: Operation) -> int:
        """How many inputs of two operations are the same."""
        taken = set(theirs.inputs)
        return sum(bool(taken & set(self.matches.of(name))) for name in self._data(source))

    def _line(self, source: Operation) -> Frames:
        """The legacy line of an operation's own line: that of the layer's other operations."""
        for name in self.new.data(source):
            if self.new.maker(name).site == source.site:
                for other in self.matches.of(name):
                    site = self.old.maker(other).site
                    if site:
                        return site
        return self._lines.get(source.site, ())

    def _taken_from_elsewhere(self, source: Operation, theirs: Operation) -> Parting | None:
        """Looks at what counterparts take: the fault may lie before the operation that shows it.

        A layer that lacks its activation makes what the old side has, too; it is the next layer
        that makes something else. What differs is its input.
        """
        mine, others = self.new.data(source), self.old.data(theirs)
        wrong = [
            (name, other)
            for name, other in zip(mine, others, strict=False)
            if other not in self.matches.of(name)
        ]
        if len(mine) != len(others) or len(wrong) != 1:
            return None
        name, wanted = wrong[0]
        if self.matches.has(wanted):  # the new side has it, and takes something else
            return Parting(
                source,
                theirs,
                self._site(self.new, source.outputs[0].name),
                self._site(self.old, theirs.outputs[0].name),
                "takes another tensor than the legacy code",
            )
        lost = self._first_lost(wanted)
        if lost.type in _LAYOUT or self._has_layer(lost):
            return None
        legacy = self._site(self.old, lost.outputs[0].name)
        before = self._maker(name)
        site = self._site(self.new, before.outputs[0].name)
        if before.family == lost.family:  # it made nothing else of its data by chance
            return Parting(before, lost, site, legacy)
        if self._line(before) != legacy:
            before, site = source, self._site(self.new, source.outputs[0].name)
        return Parting(before, lost, site, legacy, f"{lost.type} of the legacy code is missing")

    def _has_layer(self, theirs: Operation) -> bool:
        """Whether the new side has an operation of the same kind with the same variables."""
        wanted = self.old.variables(theirs)
        return bool(wanted) and any(
            operation.family == theirs.family and self.new.variables(operation) == wanted
            for operation in self.new.operations.values()
        )

    def _maker(self, tensor: str) -> Operation:
        """The operation that computes a tensor, in front of what only arranges it."""
        maker = self.new.maker(tensor)
        while maker.type in _LAYOUT and self.new.data(maker):
            maker = self.new.maker(self.new.data(maker)[0])
        return maker

    def _first_lost(self, tensor: str) -> Operation:
        """The first operation on the way to a tensor of the old side that the new side lacks."""
        stack, first = [tensor], self.old.maker(tensor)
        seen = {tensor}
        while stack:
            maker = self.old.maker(stack.pop())
            lost = [name for name in self.old.data(maker) if not self.matches.has(name)]
            if not lost and maker.order <= first.order:
                first = maker
            stack += [name for name in lost if name not in seen]
            seen.update(lost)
        return first

    def _lines_of_matches(self) -> dict[Frames, Frames]:
        """Legacy lines by migrated line, of operations whose results both sides have."""
        votes: dict[Frames, dict[Frames, int]] = {}
        for name in self.new.dependent:
            site = self.new.maker(name).site
            others = [o for o in self.matches.of(name) if o in self.old.dependent]
            if site and others:
                theirs = self.old.maker(others[0]).site
                votes.setdefault(site, {}).setdefault(theirs, 0)
                votes[site][theirs] += 1
        return {
            site: max(found, key=lambda theirs: found[theirs])
            for site, found in votes.items()
            if any(found)
        }

    def _site(self, trace: Trace, tensor: str | None) -> Frames:
        """The line that made a tensor; that of what it was made of, where no line did."""
        while tensor is not None:
            maker = trace.maker(tensor)
            if maker.site:
                return maker.site
            tensor = next(iter(trace.data(maker)), None)
        return ()
