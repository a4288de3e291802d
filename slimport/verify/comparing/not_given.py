"""What the new side has and a reference does not give: listed, and not held against either."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from slimport.verify import protocol
from slimport.verify.result import Status, TensorResult

#: Why such a tensor is not compared.
WHY = "not given by the reference on the old side"
#: Why no gradient is, where the sides differentiate other sums.
OTHER_SUM = (
    "not comparable: on the new side gradients also come through outputs that the reference does "
    "not give (see the notes)"
)
_PLURALS = {
    protocol.REGULARISATION: "parts of the regularisation",
    protocol.LOSS: "losses",
}
#: Names in a note, of each group.
_NAMED = 6


def left_out(
    old: Mapping[str, Any], tensors: list[TensorResult], no_gradient: Collection[str] = ()
) -> tuple[list[TensorResult], list[str]]:
    """Takes what a reference does not give from what fails.

    Args:
        old: The old side's description of a mode. Its ``not_given`` holds groups, each with the
            names that are not given, or with true where the answer holds all that is.
        tensors: Results of that mode.
        no_gradient: Outputs that are not differentiated.

    Returns:
        The results with *ignored* in place of *extra*, and a note for each group.
    """
    allowed = old.get("not_given") or {}
    if not allowed:
        return tensors, []
    kept = [_ignored(tensor, WHY) if _is_one(tensor, allowed) else tensor for tensor in tensors]
    gone = [tensor for tensor in kept if tensor.why == WHY]
    notes = [_note(group, gone, kept) for group in dict.fromkeys(t.group for t in gone)]
    through = [t.name for t in gone if _has_gradient(t) and t.name not in no_gradient]
    if through and any(t.group == protocol.GRADIENT and t.why != WHY for t in kept):
        kept = [
            _ignored(replace(t, max_abs=None, sample=None), OTHER_SUM)
            if t.group == protocol.GRADIENT and t.why != WHY
            else t
            for t in kept
        ]
        notes.append(
            "gradients are not compared: those of the new side come through "
            f"{_listed(through)}, too, which the reference does not give. Name them in the case's "
            "`ignore`, or give them."
        )
    return kept, notes


def _is_one(tensor: TensorResult, allowed: Mapping[str, Any]) -> bool:
    names = allowed.get(tensor.group, ())
    return tensor.status is Status.EXTRA and (names is True or tensor.name in (names or ()))


def _ignored(tensor: TensorResult, why: str) -> TensorResult:
    return replace(tensor, status=Status.IGNORED, why=why)


def _has_gradient(tensor: TensorResult) -> bool:
    return tensor.group == protocol.OUTPUT and "float" in tensor.dtype


def _note(group: str, gone: Iterable[TensorResult], every: Iterable[TensorResult]) -> str:
    names = [tensor.name for tensor in gone if tensor.group == group]
    total = sum(tensor.group == group for tensor in every)
    what = _PLURALS.get(group, f"{group}s")
    return f"{WHY}, so not compared: {len(names)} of {total} {what}: {_listed(names)}"


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
