"""Names of files that are about to replace others, and what to do with those left behind."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import os
import platform
import re
import time
from pathlib import Path

from slimport.files.folders import Folder

_NAME = re.compile(r"\.slimport-(?P<machine>[0-9a-f]{8})-(?P<process>\d+)-\d+\.tmp")
_COUNTER = itertools.count()
#: Seconds after which a file is nobody's: from staging to renaming it takes a few.
_FORGOTTEN = 3600


def temporary_name() -> str:
    """A name that no other process gives; it does not end as a source does."""
    return f".slimport-{_machine()}-{os.getpid()}-{next(_COUNTER)}.tmp"


def is_temporary(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def sweep(folder: Folder) -> None:
    """Removes what killed runs left in a folder: their own files, and only if they are gone."""
    with contextlib.suppress(OSError):
        for name in folder.names():
            found = _NAME.fullmatch(name)
            if found is None:
                continue
            with contextlib.suppress(OSError):
                age = time.time() - folder.stat(name).st_mtime
                here = found["machine"] == _machine()
                if age > _FORGOTTEN or (here and not _is_alive(int(found["process"]))):
                    folder.unlink(name)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass
    return True


@functools.cache
def _machine() -> str:
    """Tells process numbers of this machine (and container, and boot) from those of others."""
    known = [platform.node()]
    with contextlib.suppress(OSError):
        known.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii"))
        known.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("\0".join(known).encode("utf-8", "surrogateescape")).hexdigest()[:8]
