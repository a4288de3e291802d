"""Spreads the cases of all sides over workers, within a number of these and a bound of memory."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from slimport.verify.running import memory, watch
from slimport.verify.running.sides import Side

#: Part of the memory that is available which workers take if nothing is said.
SHARE = 0.8
#: What a worker is taken to need before it was seen: TensorFlow, and a network of some size.
NEED = 3 * memory.GIB // 2
#: Seconds from a worker's last answer to its end.
EXIT_GRACE = 10.0

_POLL = 0.05


def cores() -> int:
    """Number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Limits:
    """How many workers run at once, and what they may take together.

    Attributes:
        jobs: Workers at once, of all sides.
        memory: Bytes of all workers; None without a bound.
        isolated: Whether each case has a worker of its own.
    """

    jobs: int = 1
    memory: int | None = None
    isolated: bool = False

    @classmethod
    def chosen(cls, jobs: int | None, gib: float | None, isolated: bool) -> Limits:
        """Limits that were asked for, or those that fit this machine: two workers at least.

        Raises:
            ValueError: A bound is asked for where the system does not tell what processes take.
        """
        known = memory.available()
        bound = None if known is None else int(SHARE * known)
        if gib is not None:
            if known is None:
                raise ValueError("--memory: this system does not tell what processes take")
            bound = int(gib * memory.GIB)
        if jobs is None:
            fitting = cores() if bound is None else min(cores(), bound // NEED)
            jobs = max(2, fitting)
        return cls(jobs, bound, isolated)


class Ended(Enum):
    """Why a worker's run is over."""

    BY_ITSELF = auto()
    TIMEOUT = auto()
    MEMORY = auto()
    #: Others take the memory that it needs: its cases run later.
    MADE_ROOM = auto()
    STOPPED = auto()


@dataclass
class _Batch:
    """Cases that one worker answers one after the other."""

    side: Side
    cases: list[Any]


class Pool:
    """Runs the workers of some sides.

    Args:
        sides: The sides; what their caches hold is taken from there.
        limits: See `Limits`.
    """

    def __init__(self, sides: Sequence[Side], limits: Limits) -> None:
        self._sides, self._limits = sides, limits
        self._waiting: deque[_Batch] = deque()
        self._running: list[watch.Worker] = []
        self._busy = 0
        self._most = limits.jobs
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._failure: BaseException | None = None

    def run(self) -> None:
        """Returns once every case has an answer, or a reason why not."""
        dealt = [self._batches(side) for side in self._sides]
        for row in itertools.zip_longest(*dealt):
            self._waiting.extend(batch for batch in row if batch is not None)
        number = min(self._most, len(self._waiting))
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(number)]
        try:
            with watch.ended_by_signals():
                for thread in threads:
                    thread.start()
                for thread in threads:
                    while thread.is_alive():
                        thread.join(0.5)
        finally:
            self._end()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()
        if self._failure is not None:
            raise self._failure
        for side in self._sides:
            side.finish()

    def _batches(self, side: Side) -> list[_Batch]:
        """Deals the cases of a side to its share of the workers."""
        left = side.begin()
        number = -(-self._limits.jobs // len(self._sides))
        if self._limits.isolated:
            number = len(left)
        return [_Batch(side, left[at::number]) for at in range(min(number, len(left)))]

    def _end(self) -> None:
        self._stop.set()
        with self._changed:
            self._changed.notify_all()

    def _work(self) -> None:
        """Runs one batch after the other; the body of each thread."""
        try:
            while (batch := self._next()) is not None:
                self._run(batch)
        except BaseException as error:
            self._failure = error
            self._end()

    def _next(self) -> _Batch | None:
        with self._changed:
            while not self._stop.is_set():
                if self._waiting and self._has_room():
                    self._busy += 1
                    return self._waiting.popleft()
                if not self._waiting and not self._busy:
                    return None
                self._changed.wait(0.5)
        return None

    def _has_room(self) -> bool:
        """Whether one more worker fits; the first always does."""
        if not self._busy:
            return True
        if self._busy >= self._most:
            return False
        bound = self._limits.memory
        grown = sum(max(worker.resident - NEED, 0) for worker in self._running)
        return bound is None or grown + (self._busy + 1) * NEED <= bound

    def _run(self, batch: _Batch) -> None:
        side = batch.side
        side.begun(batch.cases[0])
        worker, how, reason, log = None, Ended.STOPPED, "", ""
        try:
            worker = side.start(batch.cases)
            with self._changed:
                self._running.append(worker)
            how, reason = self._watch(worker, batch)
        except OSError as error:  # no process could be made
            how, reason = Ended.BY_ITSELF, f"the worker did not start: {error}"
        finally:
            if worker is not None:
                worker.end()
                log = watch.log_tail(worker.log)
            with self._changed:
                if worker in self._running:
                    self._running.remove(worker)
                if not self._stop.is_set():
                    self._waiting.extend(self._settled(batch, how, f"{reason}\n{log}"))
                self._busy -= 1
                self._changed.notify_all()

    def _watch(self, worker: watch.Worker, batch: _Batch) -> tuple[Ended, str]:
        """Waits for the end of a worker; returns why it is over, in words, too."""
        side, waiting = batch.side, list(batch.cases)
        deadline = time.monotonic() + side.timeout
        while not self._stop.is_set():
            code = worker.ending(_POLL)
            while waiting and side.is_answered(waiting[0]["index"]):
                case = waiting.pop(0)
                if case is batch.cases[0] or not side.has_error(case):
                    side.done(case)
                if waiting:
                    side.begun(waiting[0])
                deadline = time.monotonic() + (side.timeout if waiting else EXIT_GRACE)
            if code is not None:
                return Ended.BY_ITSELF, watch.in_words(code)
            if time.monotonic() > deadline:
                words = f"no answer within {side.timeout:g} s; the worker was ended"
                return Ended.TIMEOUT, words
            worker.look()
            over = self._over(worker)
            if over is not None:
                return over, self._too_large(worker)
        return Ended.STOPPED, "interrupted"

    def _over(self, worker: watch.Worker) -> Ended | None:
        """Whether a worker is to end so that all keep to the bound."""
        bound = self._limits.memory
        if bound is None:
            return None
        with self._changed:
            if sum(other.resident for other in self._running) <= bound:
                return None
            for other in self._running:
                other.look_closely()
            if sum(other.resident for other in self._running) <= bound:
                return None
            if worker.resident > bound or len(self._running) == 1:
                return Ended.MEMORY
            if worker is not max(self._running, key=lambda other: other.started):
                return None
            self._most = max(1, len(self._running) - 1)
            return Ended.MADE_ROOM

    def _too_large(self, worker: watch.Worker) -> str:
        bound = memory.in_words(self._limits.memory or 0)
        peak = memory.in_words(worker.peak)
        return f"the worker took {peak} of memory, workers may take {bound}; it was ended"

    def _settled(self, batch: _Batch, how: Ended, report: str) -> list[_Batch]:
        """Takes what became of a batch; returns what is to be run again.

        What a case does must not depend on those before it in its worker, which are not the same
        with another number of workers: a case that fails behind others runs again in a worker of
        its own, and what it does there counts. One that hangs has had its time.
        """
        side, again = batch.side, []
        for case in batch.cases[1:]:
            if side.is_answered(case["index"]) and side.has_error(case):
                side.forget(case)
                again.append(_Batch(side, [case]))
        alone = {batch.cases[0]["index"]} | {found.cases[0]["index"] for found in again}
        left = [case for case in batch.cases if not side.is_answered(case["index"])]
        left = [case for case in left if case["index"] not in alone or case is batch.cases[0]]
        if left and how is not Ended.MADE_ROOM:
            first = left.pop(0)
            if first is not batch.cases[0] and how is not Ended.TIMEOUT:
                again.append(_Batch(side, [first]))
            else:
                side.failed(first, report)
                if not side.environment:  # it never came up: the others would not, either
                    for case in left:
                        side.failed(case, report)
                    left = []
                    self._drop(side, report)
        return [*again, *([_Batch(side, left)] if left else [])]

    def _drop(self, side: Side, report: str) -> None:
        """Fails what still waits of a side whose workers do not come up."""
        for batch in [found for found in self._waiting if found.side is side]:
            self._waiting.remove(batch)
            for case in batch.cases:
                side.failed(case, report)
