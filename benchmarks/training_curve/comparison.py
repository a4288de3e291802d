"""Migrated against legacy, start by start, beside what starts and one ulp do on one side."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

LAST = 40
# Student's t of a two-sided 95 % interval, from one degree of freedom on.
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)


@dataclasses.dataclass(frozen=True)
class Measure:
    """One number of every run; starts stand in the same order on both sides."""

    name: str
    legacy: np.ndarray
    migrated: np.ndarray
    moved: float

    @property
    def differences(self) -> np.ndarray:
        """Migrated less legacy, of each start."""
        return self.migrated - self.legacy

    @property
    def error(self) -> float:
        """Standard error of the mean difference."""
        return float(self.differences.std(ddof=1) / len(self.differences) ** 0.5)

    @property
    def half_width(self) -> float:
        """Of the 95 % interval around the mean difference."""
        return STUDENT[len(self.differences) - 2] * self.error

    @property
    def rank_p(self) -> float:
        """Of the signed-rank test: one start far off decides neither for nor against it."""
        return signed_rank_p(self.differences)

    @property
    def told_apart(self) -> bool:
        """Whether the interval leaves zero out, or the ranks do, at 5 %."""
        return abs(float(self.differences.mean())) > self.half_width or self.rank_p < 0.05

    @property
    def one_ulp(self) -> float:
        """What moving the first start by one ulp changed, on the legacy side."""
        return self.moved - float(self.legacy[0])


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Losses by step of each side's starts, of the moved start, and the measures."""

    seeds: list[int]
    curves: dict[str, np.ndarray]
    moved: np.ndarray
    measures: list[Measure]
    readers_apart: float


def compare(measured: list[dict[str, Any]]) -> Comparison:
    """Of the plain data in result.json."""
    sides = {
        side: [run for run in measured if run["side"] == side and not run["moved"]]
        for side in ("legacy", "migrated")
    }
    (moved,) = (run for run in measured if run["moved"])

    def measure(name: str, of: Callable[[dict[str, Any]], float]) -> Measure:
        values = {side: np.array([of(run) for run in runs]) for side, runs in sides.items()}
        return Measure(name, values["legacy"], values["migrated"], of(moved))

    last = min(LAST, len(moved["losses"]))
    thresholds = list(moved["precision"]["legacy"])
    return Comparison(
        seeds=[run["seed"] for run in sides["legacy"]],
        curves={side: np.array([run["losses"] for run in runs]) for side, runs in sides.items()},
        moved=np.array(moved["losses"]),
        measures=[
            measure("loss, all steps", lambda run: float(np.mean(run["losses"]))),
            measure(f"loss, last {last} steps", lambda run: float(np.mean(run["losses"][-last:]))),
            *(
                measure(f"mAP at IoU {at}", lambda run, at=at: run["precision"]["legacy"][at])
                for at in thresholds
            ),
        ],
        readers_apart=max(apart(run[kind]) for run in measured for kind in ("precision", "eval")),
    )


def apart(by: dict[str, dict[str, float]]) -> float:
    """How far the numbers of the two programs that read a checkpoint are apart."""
    legacy, migrated = by["legacy"], by["migrated"]
    return max(abs(legacy[name] - migrated[name]) for name in legacy)


def signed_rank_p(differences: np.ndarray) -> float:
    """Wilcoxon's, two-sided, exact: how many of all patterns of signs are as lopsided as this."""
    sizes = np.abs(differences[differences != 0])
    if not len(sizes):
        return 1.0
    ranks = np.array([(sizes < size).sum() + ((sizes == size).sum() + 1) / 2 for size in sizes])
    signs = np.array(list(itertools.product((-1, 1), repeat=len(sizes))))
    seen = abs(ranks @ np.sign(differences[differences != 0]))
    return float((abs(signs @ ranks) >= seen).mean())
