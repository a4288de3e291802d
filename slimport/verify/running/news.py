"""What a run tells while it goes on: one case of one side begins, is answered, or is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """How far a side is with a case."""

    BEGUN = "..."
    DONE = "done"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True)
class News:
    """One case of one side.

    Attributes:
        case: Its name.
        stage: How far it is.
        total: Number of cases that this side answers in all.
        reason: Why it failed.
    """

    case: str
    stage: Stage
    total: int
    reason: str = ""

    def __str__(self) -> str:
        if self.stage is Stage.FAILED:
            return f"{self.case}: {self.reason}"
        return f"{self.case} {self.stage.value}"


#: Called with the name of a side (``old``, ``new``, ``graph``) from that side's thread.
Progress = Callable[[str, News], None]


def silent(side: str, news: News) -> None:
    """Progress that nobody watches."""
