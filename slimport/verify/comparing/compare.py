"""Compares what two workers answered. Knows numpy and nothing of TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from slimport.verify import protocol
from slimport.verify.case_files.cases import Case
from slimport.verify.comparing import (
    detections,
    double_verdict,
    initial_compare,
    not_given,
    small_parts,
)
from slimport.verify.comparing.answered import Answered
from slimport.verify.comparing.arrays import Array, compare_arrays, wide
from slimport.verify.comparing.tolerances import DISCRETE, Tolerance, tolerance
from slimport.verify.result import Curves, ModeResult, Status, TensorResult

#: Tensors per mode whose elements are kept.
SAMPLES = 2

#: What training modes compare beside outputs.
_OF_TRAINING = (protocol.REGULARISATION, protocol.UPDATE, protocol.GRADIENT)


def compare_mode(case: Case, mode: str, old: Answered, new: Answered) -> ModeResult:
    """Compares one mode of one case.

    Args:
        case: The case.
        mode: Mode of the new side; the old side's answer is that of the mode it stands against.
        old: Answer of the old side.
        new: Answer of the new side.

    Returns:
        A result for every tensor of either side. Two sides with nothing in common, or with noise
        only, give `Status.NOTHING`.
    """
    errors = {
        side: text for side, text in (("old", old.error), ("new", new.error)) if text is not None
    }
    if errors:
        return ModeResult(mode, Status.FAILED, errors=errors)
    tensors = _compared(case, mode, old, new)
    notes = [*old.meta["notes"], *new.meta["notes"]]
    if mode in protocol.TRAINING_MODES:
        notes += _gradient_notes(old, new)
    notes += _moving_notes(old, new)
    tensors, more = not_given.left_out(old.meta, tensors, (*case.discrete, *case.ignore))
    notes += more
    tensors, more = double_verdict.judged(tensors, old.meta, new.meta)
    notes += more
    status = _status(tensors, mode, errors=_one_sided_gradients(old, new))
    if status is Status.NOTHING:
        notes.append(_why_nothing(tensors, mode))
    return ModeResult(
        mode,
        status,
        tensors=_keep_samples(tensors),
        built=str(new.meta["built"]),
        notes=notes,
        seconds={"old": old.meta["seconds"], "new": new.meta["seconds"]},
        curves=_curves(old, new),
    )


def _compared(case: Case, mode: str, old: Answered, new: Answered) -> list[TensorResult]:
    """Compares whatever one of two answers to a mode holds."""
    tensors = [*_variables(old, new), *_initial(old, new)]
    if mode in protocol.STEP_MODES:
        groups: tuple[str, ...] = protocol.TRAINING_GROUPS
    else:
        tensors += _outputs(case, mode, old, new)
        groups = _OF_TRAINING if mode in protocol.TRAINING_MODES else ()
        if groups and old.meta.get("input_gradients") and new.meta.get("input_gradients"):
            groups = (*groups, protocol.INPUT)
    for group in groups:
        tensors += _group(case, mode, group, old, new, ())
    return tensors


def _curves(old: Answered, new: Answered) -> Curves | None:
    if "curves" not in old.meta or "curves" not in new.meta:
        return None
    losses = [tuple(side.meta["curves"]["losses"]) for side in (old, new)]
    return Curves(losses[0], losses[1], tuple(old.meta["curves"]["spread"]))


def _status(tensors: list[TensorResult], mode: str, errors: bool) -> Status:
    if errors or not all(tensor.status.is_good for tensor in tensors):
        return Status.DIFFERS
    proved = {tensor.group for tensor in tensors if _proves(tensor, mode)}
    return Status.EQUAL if set(_needed(mode)) <= proved else Status.NOTHING


def _needed(mode: str) -> tuple[str, ...]:
    """Groups of which something must be equal."""
    if mode in protocol.STEP_MODES:
        return (protocol.LOSS, protocol.WEIGHT)
    return (protocol.OUTPUT,)


def _proves(tensor: TensorResult, mode: str) -> bool:
    """Whether a tensor that is equal says something of a network.

    None or a name on both sides does not, and neither do zeros: of numbers that a dead layer gives,
    or of weights that never moved.
    """
    if tensor.status is not Status.EQUAL:
        return False
    if tensor.max_abs is None:
        return tensor.dtype == "string"
    whole = mode not in protocol.STEP_MODES and not tensor.dtype.startswith(("float", "complex"))
    return whole or bool(tensor.scale)


def _why_nothing(tensors: list[TensorResult], mode: str) -> str:
    """Says why a mode in which nothing differs is no proof."""
    for group in _needed(mode):
        found = [tensor for tensor in tensors if tensor.group == group]
        if not found:
            return f"nothing compared: there is no {group} on either side"
        if not any(_proves(tensor, mode) for tensor in found):
            first = found[0]
            why = "it is zero on both sides" if first.status is Status.EQUAL else first.why
            more = f", and {len(found) - 1} more like it" if len(found) > 1 else ""
            return f"nothing compared: no {group} proves anything. {first.name}: {why}{more}"
    return "nothing compared"


def _one_sided_gradients(old: Answered, new: Answered) -> bool:
    return bool(old.meta["gradient_error"]) != bool(new.meta["gradient_error"])


def _gradient_notes(old: Answered, new: Answered) -> list[str]:
    notes = [
        f"{side} side: no gradients: {answer.meta['gradient_error']}"
        for side, answer in (("old", old), ("new", new))
        if answer.meta["gradient_error"]
    ]
    told = [bool(side.meta.get("input_gradients")) for side in (old, new)]
    if not notes and told[0] != told[1]:
        notes.append("gradients of the inputs are not compared: one side has none of them")
    return notes


def _moving_notes(old: Answered, new: Answered) -> list[str]:
    """Tells of variables that inference changes on one side alone: a second run would show it."""
    before, after = (side.meta.get("moves") for side in (old, new))
    if before is None or after is None:
        return []
    alone = {
        side: [name for name in mine if name not in others]
        for side, mine, others in (("old", before, after), ("new", after, before))
    }
    return [
        f"inference changes {len(names)} variables on the {side} side alone (first: {names[0]}): "
        "a second run may differ"
        for side, names in alone.items()
        if names
    ]


def _variables(old: Answered, new: Answered) -> list[TensorResult]:
    """Compares names, shapes, dtypes and trainable flags."""
    olds = {entry["name"]: entry for entry in old.meta["variables"]}
    news = {entry["name"]: entry for entry in new.meta["variables"]}
    results = []
    for order, name in enumerate([*olds, *(name for name in news if name not in olds)]):
        entry = olds.get(name) or news[name]
        status, why = _variable_status(olds.get(name), news.get(name))
        results.append(
            TensorResult(
                "variable", name, order, status, tuple(entry["shape"]), entry["dtype"], why=why
            )
        )
    return results


def _variable_status(
    old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> tuple[Status, str]:
    if new is None:
        return Status.MISSING, "the new side has no such variable"
    if old is None:
        return Status.EXTRA, "the old side has no such variable"
    wrong = [
        f"{key} {old[key]} became {new[key]}"
        for key in ("shape", "dtype", "trainable")
        if old[key] != new[key]
    ]
    return (Status.DIFFERS if wrong else Status.EQUAL), "; ".join(wrong)


def _initial(old: Answered, new: Answered) -> list[TensorResult]:
    """Compares what variables of both sides begin with, where both tell it."""
    if not (old.meta.get("initial") and new.meta.get("initial")):
        return []
    olds, news = old.tensors(protocol.INITIAL), new.tensors(protocol.INITIAL)
    return [
        initial_compare.compare(
            name,
            entry["order"],
            (entry, old.arrays[entry["key"]]),
            (news[name], new.arrays[news[name]["key"]]),
        )
        for name, entry in olds.items()
        if name in news
    ]


def _outputs(case: Case, mode: str, old: Answered, new: Answered) -> list[TensorResult]:
    """Compares outputs; those of detections are matched first."""
    results = _group(case, mode, protocol.OUTPUT, old, new, case.discrete)
    sides = [_discrete(case, answer) for answer in (old, new)]
    if not any(sides):  # a detector that is built for training may leave its detections out
        return results
    base = case.tolerance.get(protocol.OUTPUT, DISCRETE)
    known = old.tensors(protocol.OUTPUT)
    for name, found in detections.compare(sides[0], sides[1], case.discrete, base).items():
        order = known[name]["order"] if name in known else len(known)
        results.append(replace(found, order=order))
    return sorted(results, key=lambda tensor: tensor.order)


def _discrete(case: Case, answer: Answered) -> dict[str, Array]:
    found = {}
    for name, entry in answer.tensors(protocol.OUTPUT).items():
        array = answer.array(entry)
        if name in case.discrete and array is not None:
            found[name] = array
    return found


def _group(
    case: Case, mode: str, group: str, old: Answered, new: Answered, left_out: tuple[str, ...]
) -> list[TensorResult]:
    olds, news = old.by_step(group), new.by_step(group)
    results = []
    for key in [*olds, *(key for key in news if key not in olds)]:
        name, step = key
        if name in left_out:
            continue
        entry, other = olds.get(key), news.get(key)
        if (entry or other or {}).get("far") and not (entry and other):
            continue  # a schedule that one side cannot be asked for
        decide = Deciding(case, mode, group, entry or {})
        result = _pair(group, name, (old, entry), (new, other), decide)
        if name in case.ignore and group == protocol.OUTPUT:
            result = replace(result, status=Status.IGNORED, why="ignored by the case")
        if group == protocol.LOSS and result.status is Status.DIFFERS and entry and other:
            result = replace(result, why=_parted(result, old, entry, new, other))
        order = entry["order"] if entry else len(olds) + (other or {}).get("order", 0)
        results.append(replace(result, order=order, step=step))
    return results


def _parted(
    result: TensorResult,
    old: Answered,
    entry: Mapping[str, Any],
    new: Answered,
    other: Mapping[str, Any],
) -> str:
    """Says in which step losses leave each other."""
    curves = [side.array(part) for side, part in ((old, entry), (new, other))]
    if result.max_abs is None or curves[0] is None or curves[1] is None:
        return f"{result.why}: not the same number of steps"
    with np.errstate(invalid="ignore"):
        close = np.abs(curves[0] - curves[1]) <= (result.tolerance or 0.0)
    step = entry["step"] - len(close) + 1 + int(np.argmin(close))
    return f"{result.why}; from step {step} on"


Described = tuple[Answered, Mapping[str, Any] | None]


@dataclass(frozen=True)
class Deciding:
    """Gives the tolerance of a tensor once its scale is known."""

    case: Case
    mode: str
    group: str
    entry: Mapping[str, Any]

    def __call__(self, scale: float, dtype: str) -> Tolerance:
        """The tolerance at this scale."""
        return tolerance(self.mode, self.group, scale, dtype, self.entry, self.case.tolerance)


def _pair(group: str, name: str, old: Described, new: Described, decide: Deciding) -> TensorResult:
    """Compares one tensor, present on one side at least."""
    (old_side, old_entry), (new_side, new_entry) = old, new
    if old_entry is None or new_entry is None:
        entry = old_entry or new_entry or {}
        if group == protocol.REGULARISATION and _is_zero(old_side, old_entry, new_side, new_entry):
            why = "no regulariser on one side, one of weight zero on the other"
            return TensorResult(group, name, 0, Status.EQUAL, (), entry["dtype"], 0.0, 0.0, why=why)
        if group == protocol.SLOT and old_entry is None and entry.get("scale") == 0.0:
            why = "a slot of a variable that is not trained: it stays as it began"
            shape = tuple(entry["shape"])
            return TensorResult(group, name, 0, Status.IGNORED, shape, entry["dtype"], why=why)
        status = Status.MISSING if new_entry is None else Status.EXTRA
        side = "new" if new_entry is None else "old"
        shape = tuple(entry["shape"])
        why = f"the {side} side has no such {group}"
        return TensorResult(group, name, 0, status, shape, entry["dtype"], why=why)
    old_array, new_array = old_side.array(old_entry), new_side.array(new_entry)
    if old_array is None or new_array is None:
        return _literals(group, name, old_entry, new_entry)
    result = compare_arrays(group, name, old_array, new_array, decide, old_entry.get("scale"))
    if decide(1.0, "float32").chosen is None:
        result = small_parts.judged(result, old_array, new_array, old_entry.get("parts") or ())
    if old_entry.get("random") and result.status is Status.DIFFERS:
        result = replace(result, why="the old side draws other random numbers in each run")
    return replace(result, double=_in_double(old, new, result.scale))


def _in_double(old: Described, new: Described, scale: float | None) -> float | None:
    """The largest difference of what both sides computed in float64, relative to the scale."""
    left, right = (None if entry is None else side.double(entry) for side, entry in (old, new))
    if left is None or right is None or left.shape != right.shape or not scale:
        return None
    with np.errstate(invalid="ignore"):
        distance = np.abs(wide(left) - wide(right))
    finite = distance[np.isfinite(distance)]
    return float(finite.max(initial=0.0)) / scale


def _is_zero(
    old: Answered,
    old_entry: Mapping[str, Any] | None,
    new: Answered,
    new_entry: Mapping[str, Any] | None,
) -> bool:
    """Whether what one side has alone is zero: slim drops a regulariser of weight 0.0."""
    array = new.array(new_entry) if old_entry is None and new_entry is not None else None
    if new_entry is None and old_entry is not None:
        array = old.array(old_entry)
    return array is not None and not array.any()


def _literals(
    group: str, name: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> TensorResult:
    """Compares outputs that are no numbers: by value."""
    same = "literal" in old and "literal" in new and _listed(old) == _listed(new)
    same = same and list(old["shape"]) == list(new["shape"])
    why = "same value" if same else f"{_shown(old)} became {_shown(new)}"
    status = Status.EQUAL if same else Status.DIFFERS
    if same and any(protocol.is_opaque(item) for item in _listed(old)):
        why = f"{_shown(old)}: an object is not looked into"
        status = Status.IGNORED
    return TensorResult(group, name, 0, status, tuple(old["shape"]), old["dtype"], why=why)


def _listed(entry: Mapping[str, Any]) -> list[Any]:
    value = entry["literal"]
    return value if isinstance(value, list) else [value]


def _shown(entry: Mapping[str, Any]) -> str:
    if "literal" in entry:
        shape = f" of shape {list(entry['shape'])}" if len(entry["shape"]) > 1 else ""
        return repr(entry["literal"])[:80] + shape
    return f"{entry['dtype']} tensor of shape {entry['shape']}"


def _keep_samples(tensors: list[TensorResult]) -> list[TensorResult]:
    """Drops the samples of all but the worst outputs and gradients."""
    with_sample = [tensor for tensor in tensors if tensor.sample is not None]
    worst = sorted(with_sample, key=lambda tensor: -tensor.severity)[:SAMPLES]
    kept = {id(tensor) for tensor in worst}
    return [t if id(t) in kept else replace(t, sample=None) for t in tensors]
