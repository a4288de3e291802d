"""How far each side of a run is, on a terminal; nothing elsewhere."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slimport.verify.running.news import News, Progress, Stage, silent

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


@contextmanager
def shown(console: Console | None = None) -> Iterator[Progress]:
    """Shows a line per side while the block runs: the running case, how many are done, the time.

    Args:
        console: Where; standard error by default.
    """
    from rich.console import Console

    chosen = console or Console(stderr=True)
    # A console may be forced to colours on a pipe, where a moving line would fill a log.
    watched = console is not None or sys.stderr.isatty()
    if not watched or not chosen.is_terminal or chosen.is_dumb_terminal:
        yield silent
        return
    with _bars(chosen) as bars:
        yield _Sides(bars)


def _bars(console: Console) -> Bars:
    from rich import progress
    from rich.table import Column

    rest = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    return progress.Progress(
        progress.TextColumn("[bold]{task.description:<5}"),
        progress.BarColumn(bar_width=20),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("{task.fields[running]}", markup=False, table_column=rest),
        console=console,
        transient=True,
    )


@dataclass
class _Side:
    """Where one side is: its line, the cases that run, and how many came to nothing."""

    task: TaskID
    running: list[str] = field(default_factory=list)
    failed: int = 0

    def words(self) -> str:
        others = len(self.running) - 1
        words = self.running[0] if self.running else ""
        words += f" and {others} more" if others > 0 else ""
        return words + (f"  ({self.failed} failed)" if self.failed else "")


class _Sides:
    """Takes the news of every side, each from its own thread."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._lock = threading.Lock()
        self._sides: dict[str, _Side] = {}

    def __call__(self, side: str, news: News) -> None:
        with self._lock:
            if side not in self._sides:
                task = self._bars.add_task(side, total=news.total, running="")
                self._sides[side] = _Side(task)
            found = self._sides[side]
            if news.stage is Stage.BEGUN:
                found.running.append(news.case)
            elif news.case in found.running:
                found.running.remove(news.case)
            found.failed += news.stage is Stage.FAILED
            ended = 0 if news.stage is Stage.BEGUN else 1
            self._bars.update(found.task, advance=ended, running=found.words())
