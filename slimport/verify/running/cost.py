"""Measures what both sides of a case cost, in turns, in workers that stay alive."""

from __future__ import annotations

import contextlib
import json
import os
import select
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from slimport.verify import protocol
from slimport.verify.case_files.cases import MODEL, Case
from slimport.verify.result import CaseResult, Cost, SideCost, Status
from slimport.verify.running import watch
from slimport.verify.running.news import News, Progress, Stage
from slimport.verify.running.pool import cores
from slimport.verify.running.sides import Side, worker_environment

SCRIPT = Path(__file__).parents[1] / "workers" / "cost_worker.py"

#: Runs of each side that are not counted, behind the first one, which is counted for itself.
WARM_UP = 1
#: Measured runs of each side, and seconds after which no more begin.
LEAST, MOST, SECONDS = 5, 30, 4.0

_POLL = 0.2


class CostError(RuntimeError):
    """A side could not be measured."""


def measure_all(
    found: Sequence[tuple[int, Case, CaseResult]], sides: Mapping[str, Side], progress: Progress
) -> None:
    """Measures cases one after the other and adds to each result what it costs.

    Variants of a case that differ in their seed are measured once. Programs that train, cases that
    failed and references in another framework are not measured.
    """
    seen = set()
    wanted = []
    for place, case, result in found:
        shape = (case.family or case.name, tuple(item.shape for item in case.inputs))
        runs = case.training is None and result.status is not Status.FAILED
        if runs and "worker" in sides["old"].request:
            result.modes[0].notes.append("what it costs is not measured against a reference")
        elif runs and shape not in seen:
            seen.add(shape)
            wanted.append((place, case, result))
    for place, case, result in wanted:
        progress("cost", News(case.name, Stage.BEGUN, len(wanted)))
        new = sides["new" if MODEL in case.places else "graph"]
        try:
            result.cost = measure(sides["old"], new, place)
        except CostError as error:
            result.modes[0].notes.append(f"what it costs was not measured: {error}")
            progress("cost", News(case.name, Stage.FAILED, len(wanted), str(error)))
        else:
            progress("cost", News(case.name, Stage.DONE, len(wanted)))


def measure(old: Side, new: Side, place: int) -> Cost:
    """Measures one case.

    Args:
        old: The old side of a run.
        new: The side of the migrated code: ``new``, or ``graph``.
        place: Index of the case.

    Raises:
        CostError: A worker failed, or did not answer in time.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(watch.ended_by_signals())
        asked = [stack.enter_context(_started(side, place)) for side in (old, new)]
        case = asked[0].case
        parameters = [int(side.ask("build", "told")) for side in asked]
        built = [side.seconds for side in asked]
        runs = _in_turns(asked, "infer")
        steps: list[list[float]] = [[], []]
        if protocol.TRAINING in case["modes"] and case["gradients"]:
            for side in asked:
                side.ask("prepare")
            steps = _in_turns(asked, "step")
        peaks = [side.ask("peak", "bytes") for side in asked]
    return Cost(
        *(
            SideCost(
                parameters[at],
                built[at],
                runs[at][0],
                tuple(runs[at][1 + WARM_UP :]),
                tuple(steps[at][1 + WARM_UP :]),
                peaks[at],
            )
            for at in (0, 1)
        )
    )


def _in_turns(asked: Sequence[_Asked], word: str) -> list[list[float]]:
    """Seconds of every run of each side; who begins changes from round to round."""
    found: list[list[float]] = [[] for _ in asked]
    begun = time.monotonic()
    for number in range(1 + WARM_UP + MOST):
        if number == 1 + WARM_UP:
            begun = time.monotonic()
        if number >= 1 + WARM_UP + LEAST and time.monotonic() - begun > SECONDS:
            break
        order = range(len(asked)) if number % 2 else reversed(range(len(asked)))
        for at in order:
            found[at].append(float(asked[at].ask(word)))
    return found


class _Asked:
    """A worker that is asked in words and answers in lines."""

    def __init__(self, side: Side, case: Any, worker: watch.Worker, read: int, write: int) -> None:
        self.side, self.case = side, case
        self.seconds = 0.0
        self._worker, self._read, self._write = worker, read, write
        self._rest = b""

    def ask(self, word: str, key: str = "seconds") -> Any:
        """Says a word, waits for its answer, and returns a part of that."""
        try:
            os.write(self._write, word.encode() + b"\n")
            line = self._line()
        except OSError as error:
            raise self._failed(f"{word}: {error}") from error
        try:
            answer = json.loads(line)
            if "error" in answer:
                message = answer["error"]["message"]
                raise CostError(f"the {self.side.name} side, {word}: {message}")
            self.seconds = answer.get("seconds", self.seconds)
            return answer[key]
        except (ValueError, KeyError, TypeError) as error:
            raise self._failed(f"{word}: it answered {line[:80]!r}") from error

    def _line(self) -> bytes:
        deadline = time.monotonic() + self.side.timeout
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], _POLL)
            data = os.read(self._read, 65536) if ready else b""
            if ready and not data:
                code = self._worker.ending(5.0)
                raise self._failed("it hung up" if code is None else watch.in_words(code))
            if time.monotonic() > deadline:
                raise self._failed(f"no answer within {self.side.timeout:g} s")
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _failed(self, reason: str) -> CostError:
        tail = watch.log_tail(self._worker.log)
        last = tail.splitlines()[-1] if tail else ""
        return CostError(f"the {self.side.name} side: {reason}. {last}".strip())


@contextlib.contextmanager
def _started(side: Side, place: int) -> Iterator[_Asked]:
    """Starts the worker of a side, as a user would run it, with as many threads as processors."""
    case = next(case for case in side.request["cases"] if case["index"] == place)
    side.folder.mkdir(parents=True, exist_ok=True)
    (read, answers), (words, write) = os.pipe(), os.pipe()
    path = side.folder / f"cost-{place}.json"
    request = {key: side.request[key] for key in ("side", "root", "paths", "out")}
    threads = cores()
    protocol.write_json(
        path, {**request, "case": case, "threads": threads, "read": words, "write": answers}
    )
    environment = worker_environment(side)
    environment.pop("TF_ENABLE_ONEDNN_OPTS", None)
    environment["TF_NUM_INTRAOP_THREADS"] = environment["TF_NUM_INTEROP_THREADS"] = str(threads)
    log = side.folder / f"cost-{place}.txt"
    try:
        try:
            worker = watch.Worker(
                [side.python, str(SCRIPT), str(path)], log, environment, (words, answers)
            )
        finally:
            os.close(words)
            os.close(answers)
        try:
            yield _Asked(side, case, worker, read, write)
        finally:
            worker.end()
    finally:
        os.close(read)
        os.close(write)
