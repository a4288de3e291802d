"""Processes that take turns: each runs while all others wait."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from slimport.verify import protocol
from slimport.verify.running import pool
from slimport.verify.running.sides import environment_of

HERE = Path(__file__).resolve().parent


class FormError(RuntimeError):
    """A process could not do what it was told."""


@dataclass
class Process:
    """A worker that holds one form of a network.

    Attributes:
        form: Its name in the tables.
        taken: What each run took, by what ran and the size of its batch: seconds by the clock,
            and seconds of processors.
    """

    form: str
    words: IO[str]
    answers: IO[str]
    taken: dict[tuple[str, int], list[tuple[float, float]]] = field(default_factory=dict)

    def ask(self, name: str, *given: Any) -> dict[str, Any]:
        """Calls a method of the form.

        Raises:
            FormError: It raised.
        """
        try:
            self.words.write(json.dumps([name, *given]) + "\n")
            self.words.flush()
            line = self.answers.readline()
        except OSError as error:
            raise FormError(f"{self.form}: {error}") from error
        if not line:
            raise FormError(f"{self.form}: the process ended; its log says why")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise FormError(f"{self.form}, {name}: {answer['error']['message']}")
        return answer

    def run(self, what: str, batch: int) -> None:
        """Runs once, and keeps what it took."""
        answer = self.ask("run", what, batch)
        taken = (answer["seconds"], answer["processor"])
        self.taken.setdefault((what, batch), []).append(taken)


@contextlib.contextmanager
def started(
    form: str, request: dict[str, Any], folder: Path, python: str = sys.executable
) -> Iterator[Process]:
    """A process of the form `form`, with as many threads as there are processors."""
    (read, answers), (words, write) = os.pipe(), os.pipe()
    threads = pool.cores()
    path = folder / f"{form}.json"
    protocol.write_json(path, {**request, "threads": threads, "read": words, "write": answers})
    command = [python, str(HERE / "worker.py"), str(path)]
    with (folder / f"{form}.txt").open("w") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={
                **environment_of(python, is_new=request["form"] != "graph"),
                "TF_NUM_INTRAOP_THREADS": str(threads),
                "TF_NUM_INTEROP_THREADS": str(threads),
            },
            pass_fds=(words, answers),
        )
    os.close(words)
    os.close(answers)
    try:
        with os.fdopen(write, "w") as told, os.fdopen(read) as heard:
            yield Process(form, told, heard)
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Limits:
    """How long rounds go on: at least `least` of them, then until `seconds` have passed."""

    least: int = 5
    most: int = 60
    seconds: float = 20.0
    warm_up: int = 2


def in_turns(processes: Sequence[Process], runs: Sequence[tuple[str, int]], limits: Limits) -> None:
    """Runs each process in each round; every second round goes the other way round.

    Args:
        processes: Whose turns they are.
        runs: What each of them runs, and the size of its batch.
        limits: When it ends.
    """
    both = list(zip(processes, runs, strict=True))
    for process, run in both:
        for _ in range(limits.warm_up):
            process.run(*run)
        process.taken.pop(run, None)
    begun = time.monotonic()
    for number in range(limits.most):
        if number >= limits.least and time.monotonic() - begun > limits.seconds:
            break
        for process, run in both if number % 2 else reversed(both):
            process.run(*run)
