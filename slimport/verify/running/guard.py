"""The process between the command and a worker: with it ends whatever the worker has started.

``python -I -S guard.py PARENT FDS COMMAND...``, run under the command's own interpreter, so that a
worker may be any program. Its standard input is a pipe that nobody writes to: when the command
ends, in whatever way, the pipe closes, and the guard ends the worker with all its children. On
Linux these are found even where they have left the worker's process group and session.

Nothing but the standard library is imported here.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PROC = Path("/proc")
_IS_LINUX = sys.platform.startswith("linux")
#: Seconds between looks at whether the parent is still the same; the pipe is told at once.
_LOOK = 1.0
#: How a program says that a command could not be started.
_NOT_STARTED = 127


def main(argv: list[str]) -> int:
    """Runs a command and ends as it ended."""
    parent, fds, command = int(argv[1]), argv[2], argv[3:]
    control = _prctl()
    if control is not None:
        control(_PR_SET_CHILD_SUBREAPER, 1)
    passed = [int(fd) for fd in fds.split(",") if fd]
    try:
        worker = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            pass_fds=passed,
            process_group=0,
            preexec_fn=lambda: _prepare(control),
        )
    except OSError as error:
        print(f"{command[0]} does not start: {error}", file=sys.stderr)
        return _NOT_STARTED
    for fd in passed:
        os.close(fd)  # the other end is told when the worker ends
    threading.Thread(target=_watch, args=(parent, worker.pid), daemon=True).start()
    code = worker.wait()
    end_all(worker.pid)
    if code < 0:
        _end_as(-code)
    return code


def _prctl() -> Callable[[int, int], int] | None:
    if not _IS_LINUX:
        return None
    try:
        library = ctypes.CDLL(None)
        return lambda option, value: int(library.prctl(option, value, 0, 0, 0))
    except (OSError, AttributeError):
        return None


def _prepare(control: Callable[[int, int], int] | None) -> None:
    """What the worker's process does before it becomes the worker."""
    if control is not None:
        control(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # Where memory runs out, the system is to end a worker and not what watches it.
        with contextlib.suppress(OSError):
            (_PROC / "self/oom_score_adj").write_text("500")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _watch(parent: int, worker: int) -> None:
    """Waits for the end of the command, and ends the worker then."""
    while os.getppid() == parent:
        ready, _, _ = select.select([0], [], [], _LOOK)
        if ready and not os.read(0, 1):
            break
    end_all(worker)
    os._exit(1)


def end_all(worker: int) -> None:
    """Ends the worker's process group, and every process that descends from this one."""
    with contextlib.suppress(OSError):
        os.killpg(worker, signal.SIGKILL)
    while _IS_LINUX:
        found = descendants(os.getpid())
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if not found:
            return
        time.sleep(0.005)


def descendants(root: int) -> list[int]:
    """The processes that descend from one, zombies aside. Linux only."""
    parents: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            # The name in brackets may hold anything; state and parent follow the last bracket.
            state, parent = (entry / "stat").read_bytes().rpartition(b")")[2].split()[:2]
            if state not in (b"Z", b"X"):
                parents.setdefault(int(parent), []).append(int(entry.name))
    found, new = [], [root]
    while new:
        new = [child for pid in new for child in parents.get(pid, ())]
        found += new
    return found


def _end_as(number: int) -> None:
    """Ends this process by the signal that ended the worker."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    time.sleep(1)


if __name__ == "__main__":
    status = main(sys.argv)
    sys.stdout.flush()
    os._exit(status)  # the thread that waits for the command is still there
