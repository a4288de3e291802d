"""How far apart a training case is after each recorded step, and how far rounding alone leads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from slimport.verify.protocol import COUNTER
from slimport.verify.result import CaseResult, ModeResult, Status, TensorResult

#: Groups that are shown as a line each. What counts steps holds nothing of its own.
LINES = {
    "weights": ("weight",),
    "slots": ("slot", "average"),
    "statistics": ("statistic",),
}


@dataclass(frozen=True)
class Apart:
    """The largest difference after a step.

    Attributes:
        step: The step.
        tensor: The tensor that is furthest away, relative to its scale.
    """

    step: int
    tensor: TensorResult

    @property
    def relative(self) -> float:
        """The difference, relative to how far the old side has come."""
        return self.tensor.relative or 0.0

    @property
    def floor(self) -> float | None:
        """What one unit in the last place of the weights does to the same tensor."""
        if self.tensor.floor is None or not self.tensor.scale:
            return None
        return self.tensor.floor / self.tensor.scale


def apart(mode: ModeResult, step: int, groups: Iterable[str] = ()) -> Apart | None:
    """Returns the largest difference after a step, what holds only noise aside.

    Args:
        mode: A mode of a training case.
        step: A recorded step.
        groups: The groups to look at; all but counters if there are none.
    """
    chosen = tuple(groups)
    found = [
        tensor
        for tensor in mode.tensors
        if tensor.step == step
        and tensor.relative is not None
        and (tensor.group in chosen if chosen else tensor.group != COUNTER)
        and tensor.status not in (Status.NOISE, Status.IGNORED)
    ]
    worst = max(found, key=lambda tensor: tensor.relative or 0.0, default=None)
    return None if worst is None else Apart(step, worst)


def by_steps(cases: Iterable[CaseResult]) -> dict[tuple[int, ...], list[CaseResult]]:
    """Returns training cases by the steps that they record."""
    found: dict[tuple[int, ...], list[CaseResult]] = {}
    for case in cases:
        if case.steps:
            found.setdefault(case.steps, []).append(case)
    return found
