"""Memory of this machine and of processes, where the system tells: Linux."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from slimport.verify.running.guard import descendants

_PROC = Path("/proc")
_CGROUP = Path("/sys/fs/cgroup")
GIB = 2**30

#: Whether resident sizes can be read at all; elsewhere there is no bound.
IS_KNOWN = sys.platform.startswith("linux") and (_PROC / "self/statm").exists()


def available() -> int | None:
    """Bytes that processes may still take: of the machine, or of the control group if less."""
    if not IS_KNOWN:
        return None
    found = []
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = (_PROC / "meminfo").read_text(encoding="ascii").splitlines()
        text = next(line for line in lines if line.startswith("MemAvailable:"))
        found.append(int(text.split()[1]) * 1024)
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        with contextlib.suppress(OSError, ValueError):  # "max" is no number
            most = int((_CGROUP / limit).read_text(encoding="ascii"))
            found.append(most - int((_CGROUP / used).read_text(encoding="ascii")))
    return max(0, min(found)) if found else None


def resident(pid: int) -> int:
    """Resident bytes of a process and all that descend from it, shared pages counted each time."""
    return sum(_pages(each) for each in (pid, *descendants(pid))) * os.sysconf("SC_PAGE_SIZE")


def proportional(pid: int) -> int:
    """The same with shared pages counted once; takes longer to read."""
    found = 0
    for each in (pid, *descendants(pid)):
        with contextlib.suppress(OSError):
            lines = (_PROC / str(each) / "smaps_rollup").read_text(encoding="ascii").splitlines()
            found += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return found * 1024


def _pages(pid: int) -> int:
    try:
        return int((_PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def in_words(size: float) -> str:
    """Returns a number of bytes as GiB, or MiB below one."""
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{size / 2**20:.0f} MiB"
