"""Ratios with their spread, out of runs that were taken in turns."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """New over old: the median of the rounds, and its quartiles.

    Attributes:
        seconds: Medians of the new and the old side.
        rounds: How many pairs there are.
    """

    median: float
    low: float
    high: float
    rounds: int
    seconds: tuple[float, float]

    def text(self) -> str:
        """`0.93 (0.91 to 0.97)`."""
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def ratio(new: Sequence[float], old: Sequence[float]) -> Ratio:
    """The ratio of two sides that ran in the same rounds."""
    each = [ours / theirs for ours, theirs in zip(new, old, strict=True)]
    low, median, high = (
        statistics.quantiles(each, n=4, method="inclusive") if len(each) > 1 else each * 3
    )
    seconds = (statistics.median(new), statistics.median(old))
    return Ratio(median, low, high, len(each), seconds)
