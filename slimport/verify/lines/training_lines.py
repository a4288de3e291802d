"""Which line a tensor of a training case belongs to: what made the first one that differs."""

from __future__ import annotations

from slimport.verify import protocol
from slimport.verify.comparing.answered import Answered
from slimport.verify.lines.traced import Frames
from slimport.verify.result import ModeResult, TensorResult
from slimport.verify.workers import training_sites

#: What makes the tensors of a group; the first kind that a side has tells the line.
_MAKERS = {
    protocol.RATE: (training_sites.SCHEDULE, training_sites.OPTIMIZER),
    protocol.SLOT: (training_sites.OPTIMIZER,),
    protocol.COUNTER: (training_sites.OPTIMIZER,),
    # Gradients and slots come before: what differs is what the optimizer does with them.
    protocol.WEIGHT: (training_sites.OPTIMIZER,),
    protocol.GRADIENT: (training_sites.STEP,),
    protocol.AVERAGE: (training_sites.AVERAGE, training_sites.STEP),
}


#: A loss that Keras computes is named where the model is compiled.
_LOSSES = (training_sites.LOSS, training_sites.STEP)


def makers(result: ModeResult, first: TensorResult) -> tuple[str, ...]:
    """Kinds of what makes the first tensor that differs; empty where it is a variable."""
    if first.group == protocol.LOSS:
        # Its first value comes before any step: later ones are what the steps made of it.
        is_first = result.of(protocol.LOSS)[:1] == [first]
        return _LOSSES if is_first else (training_sites.OPTIMIZER,)
    if first.group == protocol.STATISTIC and _stands_still(result):
        return (training_sites.STEP,)
    return _MAKERS.get(first.group, ())


def _stands_still(result: ModeResult) -> bool:
    """Whether no statistic moves on the new side, and all do on the old one."""
    moved = [t for t in result.of(protocol.STATISTIC) if t.scale and t.max_abs is not None]
    return bool(moved) and all(abs((t.relative or 0.0) - 1.0) < 1e-3 for t in moved)


def frames(answer: Answered, kinds: tuple[str, ...]) -> Frames:
    """The line of a side that made the first of these kinds, its callers, then its other lines."""
    made = answer.meta.get(training_sites.MADE, {})
    for kind in kinds:
        if made.get(kind):
            last, *others = [[_frame(told) for told in listed] for listed in made[kind][::-1]]
            if kind == training_sites.LOSS:  # all of them are summed
                first = [each[0] for each in (*others[::-1], last)]
                return tuple(dict.fromkeys([*first, *last[1:]]))
            return tuple(last)
    return ()


def regularised(answer: Answered) -> Frames:
    """Lines that made variables: whichever of them has a regularizer adds to the loss."""
    found = [told for entry in answer.meta["variables"] for told in (entry.get("site") or ())]
    return tuple(dict.fromkeys(_frame(told) for told in found))


def _frame(told: list[object]) -> tuple[str, int, str]:
    file, line, function = told
    return str(file), int(str(line)), str(function)
