"""What a run does when it is told to end: while files are renamed, that first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_ENDING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class Ended(SystemExit):
    """The process was told to end; its exit code is the one that shells give."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Signals that end a process raise `Ended`, so that what was staged is removed."""
    with _handled(lambda number, _: _end(number)):
        yield


@contextmanager
def undisturbed() -> Iterator[None]:
    """Signals that end a process wait until the block is done."""
    pending: list[int] = []
    before: dict[int, Any] = {}
    try:
        with _handled(lambda number, _: pending.append(number), before):
            yield
    finally:  # an error inside is no reason to go on
        for number in pending[:1]:
            handler = before.get(number)
            if callable(handler):
                handler(number, None)
            elif handler != signal.SIG_IGN:
                _end(number)


def _end(number: int) -> None:
    raise Ended(number)


@contextmanager
def _handled(handler: Any, before: dict[int, Any] | None = None) -> Iterator[None]:
    """Only the main thread can, and an ignored signal (nohup) stays ignored."""
    before = {} if before is None else before
    if threading.current_thread() is threading.main_thread():
        for number in _ENDING:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
