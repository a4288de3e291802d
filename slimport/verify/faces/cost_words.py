"""Time and memory of the two sides of a case, in words."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from slimport.verify.result import Cost


@dataclass(frozen=True)
class Measure:
    """One thing measured on both sides.

    Attributes:
        name: What it is.
        old: Median on the old side, in `unit`; None where it was not measured.
        new: Likewise.
        unit: ``s``, ``bytes`` or empty for a count.
        old_all: Every measurement of the old side.
        new_all: Likewise.
    """

    name: str
    old: float | None
    new: float | None
    unit: str
    old_all: tuple[float, ...] = ()
    new_all: tuple[float, ...] = ()

    @property
    def times(self) -> float | None:
        """How many times the old side's the new side's is."""
        return self.new / self.old if self.old and self.new is not None else None

    @property
    def words(self) -> str:
        """Both sides in a few words: ``84 ms → 152 ms``."""
        if self.old is None and self.new is None:
            return "–"
        if self.unit == "" and self.old == self.new:
            return shown(self.new, "")
        return f"{shown(self.old, self.unit)} → {shown(self.new, self.unit)}"


def measures(cost: Cost) -> list[Measure]:
    """Returns what was measured of a case, in the order in which it is shown."""
    old, new = cost.old, cost.new
    return [
        Measure("parameters", old.parameters, new.parameters, ""),
        _timed("inference", old.inference_seconds, new.inference_seconds),
        _timed("training step", old.step_seconds, new.step_seconds),
        Measure("peak memory", old.peak_bytes, new.peak_bytes, "bytes"),
        Measure("build", old.build_seconds, new.build_seconds, "s"),
        Measure("first call", old.first_call_seconds, new.first_call_seconds, "s"),
    ]


def _timed(name: str, old: Sequence[float], new: Sequence[float]) -> Measure:
    return Measure(name, _median(old), _median(new), "s", tuple(old), tuple(new))


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def shown(value: float | None, unit: str) -> str:
    """Returns a measurement with three digits and its unit."""
    if value is None:
        return "–"
    if unit == "s":
        return f"{_three(value * 1000)} ms" if value < 1 else f"{_three(value)} s"
    if unit == "bytes":
        large = abs(value) >= 1e9
        return f"{_three(value / 1e9)} GB" if large else f"{_three(value / 1e6)} MB"
    return f"{value:,.0f}"


def _three(value: float) -> str:
    size = abs(value)
    return f"{value:.0f}" if size >= 99.95 else f"{value:.1f}" if size >= 9.995 else f"{value:.2f}"
