"""One worker process: started behind its guard, watched, and ended with all it has started."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from slimport.verify.running import memory

#: Bytes that the log of a worker may grow to before its beginning is dropped, and what is kept.
LOG_LIMIT, LOG_KEPT = 2**26, 2**20
#: Lines of the log, and characters of each, in the report of a worker that failed.
LOG_LINES, LOG_COLUMNS = 30, 400

_GUARD = Path(__file__).with_name("guard.py")
#: Seconds that a guard may take to end what it guards.
_GRACE = 5.0
_MEMORY_EVERY = 0.3


class Worker:
    """A process with its log.

    Args:
        command: The program and its arguments.
        log: File that takes what it prints.
        environment: Its environment variables.
        fds: File descriptors that it gets under their own numbers.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str],
        fds: Sequence[int] = (),
    ) -> None:
        self.log = log
        self.started = time.monotonic()
        self.resident = 0
        self.peak = 0
        self._looked = 0.0
        guard = [sys.executable, "-I", "-S", str(_GUARD), str(os.getpid())]
        with log.open("ab") as out:  # appending: it can be cut while the worker writes
            self._process = subprocess.Popen(
                [*guard, ",".join(map(str, fds)), *command],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,
                pass_fds=tuple(fds),
            )

    def ending(self, seconds: float) -> int | None:
        """Waits for the worker's end; returns its exit status, None if it still runs."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def look(self) -> None:
        """Takes its resident size now and then, and keeps its log short."""
        if time.monotonic() - self._looked < _MEMORY_EVERY:
            return
        self._looked = time.monotonic()
        _shorten(self.log)
        if memory.IS_KNOWN:
            self.resident = memory.resident(self._process.pid)
            self.peak = max(self.peak, self.resident)

    def look_closely(self) -> None:
        """Takes its resident size with pages that its processes share counted once."""
        self.resident = memory.proportional(self._process.pid)

    def end(self) -> None:
        """Ends it and whatever it started."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:  # the guard was stopped or killed
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def in_words(code: int) -> str:
    """Says how a worker ended by itself."""
    if code >= 0:
        return f"the worker ended with status {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"the worker was killed by {name}"


def log_tail(log: Path) -> str:
    """The last lines of a log, or the ends of these, printable."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_LINES * LOG_COLUMNS))
            data = file.read()
    except OSError:
        return ""
    text = data.decode("utf-8", "replace").replace("\r", "\n")
    lines = [line for line in text.split("\n") if line.strip()][-LOG_LINES:]
    text = "\n".join(line[-LOG_COLUMNS:] for line in lines)
    return "".join(c if c == "\n" or c.isprintable() else " " for c in _ESCAPES.sub("", text))


#: Colours and movements of a terminal.
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def _shorten(log: Path) -> None:
    """Drops the beginning of a log that grows without end."""
    with contextlib.suppress(OSError):
        size = log.stat().st_size
        if size <= LOG_LIMIT:
            return
        with log.open("r+b") as file:
            file.seek(size - LOG_KEPT)
            kept = file.read(LOG_KEPT)
            file.truncate(0)
            file.seek(0)
            file.write(b"... (the beginning of this log was dropped)\n" + kept)


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Makes SIGTERM and SIGHUP raise, as Ctrl-C does, so that workers are ended first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    taken = [number for number in numbers if before[number] is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, _raise)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])


def _raise(number: int, frame: object) -> None:
    raise SystemExit(128 + number)
