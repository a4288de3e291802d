"""When Python looks for garbage: syntax trees are millions of objects, all of which stay."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

_Item = TypeVar("_Item")


@contextmanager
def without_collector() -> Iterator[None]:
    """Python's collector would look at everything again and again, in vain."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def collect() -> None:
    """Frees an index that nobody needs any more: it is one large circle of objects."""
    gc.collect()


def one_by_one(programs: Iterable[_Item]) -> Iterator[_Item]:
    """Each of many programs, after what the one before has left is freed."""
    for number, program in enumerate(programs):
        if number:
            collect()
        yield program
