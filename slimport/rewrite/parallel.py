"""Work in forked processes: each inherits the index, and sends back what it made of its items."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

# Below this, starting processes takes longer than they save.
_WORTH_PROCESSES = 400_000


@dataclass(frozen=True)
class Crash:
    """A process that ended while it worked on an item."""

    message: str


def usable_cpus() -> int:
    """The processors that this process may run on."""
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Workers:
    """How files are shared out among processes.

    Attributes:
        jobs: processes to use; None is one for each processor, if that pays.
        progress: told, in this process, how many items are done, and of how many.
    """

    jobs: int | None = None
    progress: Callable[[int, int], None] | None = None

    @property
    def quiet(self) -> Workers:
        return replace(self, progress=None)

    def apply(
        self, work: Callable[[_Item], _Result], sizes: Mapping[_Item, int]
    ) -> Iterator[tuple[_Item, _Result | Crash]]:
        """Each item of `sizes`, in order, and what `work` makes of it.

        Args:
            work: must not raise. What it changes may be lost with its process.
            sizes: of the files, in bytes.
        """
        tell = self.progress or (lambda done, total: None)
        jobs = _processes(self.jobs, sizes.values())
        if jobs == 1:
            for done, item in enumerate(sizes):
                tell(done, len(sizes))
                yield item, work(item)
        else:
            largest = sorted(sizes, key=lambda item: -sizes[item])
            results = _Pool(largest, work, tell).run(jobs)
            yield from ((item, results[item]) for item in sizes)
        tell(len(sizes), len(sizes))


def _processes(jobs: int | None, sizes: Collection[int]) -> int:
    """How many processes to use; 1 is this one."""
    if len(sizes) < 2 or not _can_fork():
        return 1
    if jobs is None:
        jobs = usable_cpus() if sum(sizes) >= _WORTH_PROCESSES else 1
    return max(1, min(jobs, len(sizes)))


def _can_fork() -> bool:
    """Whether a fork is safe: other threads (TensorFlow's too) may hold locks for ever in it.

    A fork runs no code but what is loaded already; a fresh interpreter might import a module from
    the folder that it starts in, which is somebody else's.
    """
    if "fork" not in multiprocessing.get_all_start_methods() or sys.platform == "darwin":
        return False
    return threading.active_count() == 1 and "tensorflow" not in sys.modules


class _Pool(Generic[_Item, _Result]):
    """Processes that ask for one item after the other, the largest first."""

    def __init__(
        self,
        items: Sequence[_Item],
        work: Callable[[_Item], _Result],
        tell: Callable[[int, int], None],
    ) -> None:
        self._items = items
        self._work = work
        self._tell = tell
        self._results: dict[int, _Result | Crash] = {}
        self._next = 0
        self._busy: dict[Connection, tuple[BaseProcess, int]] = {}

    def run(self, jobs: int) -> dict[_Item, _Result | Crash]:
        try:
            for _ in range(jobs):
                self._start()
            while self._busy:
                self._tell(len(self._results), len(self._items))
                for ready in wait(list(self._busy)):
                    assert isinstance(ready, Connection)
                    self._take(ready)
        finally:  # an interrupt ends all of them
            for process, _ in self._busy.values():
                process.terminate()
            for process, _ in self._busy.values():
                process.join()
        return {item: self._results[index] for index, item in enumerate(self._items)}

    def _start(self) -> None:
        if self._next >= len(self._items):
            return
        ours, theirs = multiprocessing.Pipe()
        inherited = [*self._busy, ours]
        context = multiprocessing.get_context("fork")
        process = context.Process(target=self._serve, args=(theirs, inherited), daemon=True)
        process.start()
        theirs.close()
        self._busy[ours] = process, -1
        self._give(ours)

    def _give(self, connection: Connection) -> None:
        """Hands out the next item, or ends the process."""
        process, _ = self._busy[connection]
        if self._next >= len(self._items):
            del self._busy[connection]
            connection.close()
            process.join()
            return
        self._busy[connection] = process, self._next
        self._next += 1
        with contextlib.suppress(OSError):  # it has died: its end tells
            connection.send(self._busy[connection][1])

    def _take(self, connection: Connection) -> None:
        process, index = self._busy[connection]
        try:
            self._results[index] = connection.recv()
        except EOFError:
            process.join()
            self._results[index] = Crash(_how_it_ended(process.exitcode))
            del self._busy[connection]
            connection.close()
            self._start()
            return
        self._give(connection)

    def _serve(self, connection: Connection, inherited: Sequence[Connection]) -> None:
        """A process: items until the other end closes, be it because the parent is dead."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for other in inherited:  # held open here, they would keep others from seeing that end
            other.close()
        try:
            while True:
                connection.send(self._work(self._items[connection.recv()]))
        except (EOFError, OSError):
            return


def _how_it_ended(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            return f"the process that worked on it was killed by {signal.Signals(-code).name}"
        except ValueError:
            pass
    return f"the process that worked on it ended with exit code {code}"
