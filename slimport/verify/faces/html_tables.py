"""Which rows the tables of the page show, and what is folded or left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from slimport.verify.result import CaseResult, ModeResult, TensorResult, VerifyResult

GROUP_TITLES = {
    "variable": "Variables",
    "output": "Outputs, in build order",
    "regularisation": "Regularisation losses",
    "update": "Updates of moving statistics",
    "loss": "Losses",
    "gradient": "Gradients",
    "input gradient": "Gradients of inputs",
    "learning rate": "Learning rates",
    "slot": "Slots of optimizers",
    "weight": "Trained variables",
    "statistic": "Other variables",
    "average": "Moving averages of variables",
    "counter": "Counters",
    "initial": "Initial values of variables, as distributions",
}

#: Groups of which only failing rows show.
ONLY_FAILING = ("variable",)
#: Rows of a table that are shown at once; those of one that holds nothing bad; rows of a page.
ROWS, GOOD_ROWS, PAGE_ROWS = 40, 8, 12_000


class Shown(NamedTuple):
    """A table: its title, rows shown, rows folded, and how many more there are."""

    title: str
    visible: list[TensorResult]
    folded: list[TensorResult]
    left_out: int


@dataclass
class Room:
    """Rows that a page still takes: very many cases would make one that no browser opens.

    Attributes:
        left: How many.
    """

    left: int = PAGE_ROWS

    def tables(self, mode: ModeResult) -> list[Shown]:
        """Returns the tables of a mode, and takes their rows from what is left.

        Failing tensors come first, then the worst. Outputs stay in build order.
        """
        return [
            self._table(mode.of(group), group, title)
            for group, title in GROUP_TITLES.items()
            if _wanted(mode.of(group), group)
        ]

    def _table(self, tensors: list[TensorResult], group: str, title: str) -> Shown:
        bad = sum(not tensor.status.is_good for tensor in tensors)
        if group == "output":
            chosen, visible = tensors, len(tensors)
        else:
            chosen = sorted(tensors, key=lambda t: (t.status.is_good, -t.severity))
            visible = max(GOOD_ROWS, min(bad, ROWS))
        if group in ONLY_FAILING:
            chosen = chosen[:bad]
        fitting = chosen[: max(self.left, GOOD_ROWS)]
        self.left -= len(fitting)
        return Shown(title, fitting[:visible], fitting[visible:], len(chosen) - len(fitting))


def _wanted(tensors: list[TensorResult], group: str) -> bool:
    if group in ONLY_FAILING:
        return any(not tensor.status.is_good for tensor in tensors)
    return bool(tensors)


def summary(case: CaseResult) -> str:
    """Returns what a case compared, in a line."""
    parts = [f"{case.parameters:,} parameters"]
    if case.matched_variables:
        parts.insert(0, f"{case.matched_variables} variables matched by name and shape")
    if case.steps:
        parts.append(f"{case.steps[-1]} steps")
    if case.inputs:
        parts.append("input " + ", ".join(case.inputs))
    built = {mode.built for mode in case.modes if mode.built}
    if built and not case.steps:
        parts.append(f"new side: {' and '.join(sorted(built))} model")
    return " · ".join([*parts, f"seed {case.seed}"])


def environment_names(result: VerifyResult) -> list[str]:
    """Returns what is known of the environments, versions of packages first."""
    order = ["python", "tensorflow", "keras", "tf_keras", "tf_slim", "numpy", "onednn", "platform"]
    found = list(dict.fromkeys(name for side in result.environments.values() for name in side))
    return [name for name in order if name in found] + [n for n in found if n not in order]
