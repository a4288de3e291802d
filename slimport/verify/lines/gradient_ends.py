"""Where a gradient ends on one side and passes on the other."""

from __future__ import annotations

from slimport.verify.lines.divergence import Parting
from slimport.verify.lines.matching import Matches
from slimport.verify.lines.traced import Operation, Trace

STOPS = ("StopGradient", "PreventGradient")


def gradient_end(new: Trace, old: Trace, matches: Matches) -> Parting | None:
    """Returns a place where one side alone stops the gradient; None where there is none."""
    mine = [stop for stop in _stops(new) if _is_of_the_user(new, stop)]
    theirs = _stops(old)
    stopped = {name for stop in theirs for name in stop.inputs}
    for stop in mine:
        if not stopped.intersection(matches.of(stop.inputs[0])):
            takers = [o for other in matches.of(stop.inputs[0]) for o in old.takers(other)]
            legacy = next((taker.site for taker in takers if taker.site), ())
            return Parting(
                stop, next(iter(takers), None), stop.site, legacy, "the gradient ends here"
            )
    also = {other for stop in mine for other in matches.of(stop.inputs[0])}
    for stop in theirs:
        if stop.inputs[0] not in also:
            here = [name for name in new.tensors if stop.inputs[0] in matches.of(name)]
            takers = [taker for name in here for taker in new.takers(name)]
            first = next((taker for taker in takers if taker.site), None)
            site = first.site if first is not None else ()
            return Parting(
                first, stop, site, stop.site, f"{stop.type} of the legacy code is missing"
            )
    return None


def _is_of_the_user(trace: Trace, stop: Operation) -> bool:
    """Whether a line stops the gradient; Keras' batch norm does so within its arithmetic."""
    takers = trace.takers(stop.outputs[0].name)
    return not takers or any(taker.site != stop.site for taker in takers)


def _stops(trace: Trace) -> list[Operation]:
    """Operations that stop gradients of the data, in the order of the user's code."""
    found = [o for o in trace.operations.values() if o.type in STOPS and trace.data(o)]
    return sorted(found, key=lambda operation: operation.order)
