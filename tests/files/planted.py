"""Faults of the operating system, planted into a run of slimport in a process of its own."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from slimport.files.write import Writing

#: What a run does to a disk, each of which it may not survive.
STEPS = ("open", "fsync", "replace", "unlink")


def in_child(action: Callable[[], None]) -> int:
    """Runs something in a forked process; its exit status, negative for a signal."""
    process = os.fork()
    if process == 0:
        status = 70
        try:
            action()
            status = 0
        except SystemExit as done:
            status = done.code if isinstance(done.code, int) else 1
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@contextmanager
def at_step(number: int, what: Callable[[], None]) -> Iterator[list[str]]:
    """Does something right before the n-th step on files; yields the steps done so far.

    Only what changes files counts: opening for reading does not.
    """
    done: list[str] = []
    originals = {name: getattr(os, name) for name in STEPS}

    def planted(name: str) -> Callable[..., Any]:
        def step(*given: Any, **named: Any) -> Any:
            writes = name != "open" or (len(given) > 1 and given[1] & (os.O_WRONLY | os.O_RDWR))
            if writes:
                done.append(name)
                if len(done) == number:
                    what()
            return originals[name](*given, **named)

        return step

    for name in STEPS:
        setattr(os, name, planted(name))
    try:
        yield done
    finally:
        for name, original in originals.items():
            setattr(os, name, original)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def add(path: Path, data: bytes) -> dict[PurePosixPath, str]:
    """Writes a file that is not there yet; the errors."""
    with Writing(path.parent) as writing:
        writing.stage(PurePosixPath(path.name), data, None)
        writing.commit()
    return writing.errors


def snapshot(folder: Path) -> dict[str, bytes]:
    """Everything below a folder, with what is in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


@contextmanager
def without_override() -> Iterator[None]:
    """Permissions hold for this process, even if it is root's."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    before = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, before) == 0
    less = (ctypes.c_uint32 * 6)(*before)
    less[0] &= ~0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    assert libc.capset(header, less) == 0
    try:
        yield
    finally:
        assert libc.capset(header, before) == 0
