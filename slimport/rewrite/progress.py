"""How far a run is: on a terminal alone, and only where it takes a while."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

#: Seconds until there is a bar: most runs are done before.
_PATIENCE = 0.5
#: Seconds between two pictures.
_PERIOD = 0.1


class Bar:
    """A line with the number of files that are done; `update` takes it and the number of all.

    Nothing is drawn by a thread: processes are forked meanwhile.

    Args:
        what: the word in front of the bar.
        quiet: no bar at all.
    """

    def __init__(self, what: str = "rewriting", quiet: bool = False) -> None:
        self._what = what
        self._shown = not quiet and sys.stderr.isatty()
        self._start = self._drawn = time.monotonic()
        self._progress: Any = None
        self._task: Any = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def update(self, done: int, total: int) -> None:
        now = time.monotonic()
        if not self._shown or now - self._start < _PATIENCE or now - self._drawn < _PERIOD:
            return
        self._drawn = now
        if self._progress is None:
            self._begin(total)
        self._progress.update(self._task, completed=done, total=total)
        self._progress.refresh()

    def _begin(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._progress = Progress(
            TextColumn(self._what),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("files"),
            console=Console(stderr=True),
            transient=True,
            auto_refresh=False,
        )
        self._task = self._progress.add_task("", total=total)
        self._progress.start()
