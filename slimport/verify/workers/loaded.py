"""The files that a worker has loaded or read: what its answers rest on beside its tree.

Modules tell their files. Other files are those that Python opens once `watch` was called, which no
CPython before 3.8 tells; what TensorFlow's own kernels read is not among them.

This module runs under CPython 3.7.
"""

# This file runs under CPython 3.7.
# ruff: noqa: PTH100, PTH113, PTH119, PTH120, UP006, UP033, UP035

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from typing import Any, List, Set

#: Beside the answer to a case: a JSON list of paths.
LOADED_FILE = "loaded.json"

_STANDARD = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
#: Beginning of the names of files that TensorFlow makes of functions, and removes.
_GENERATED = "__autograph_generated_file"
_PACKAGES = ("site-packages", "dist-packages")
#: Files that are others in each process, or none.
_SYSTEM = ("/proc/", "/sys/", "/dev/")

_read: Set[str] = set()
_written: Set[str] = set()


def watch(own: str) -> None:
    """Notes the files that are opened from now on.

    Args:
        own: Folder of what the worker itself reads and writes.
    """
    skipped = (os.path.abspath(own) + os.sep, *_SYSTEM)

    def note(event: str, given: Any) -> None:
        if event != "open" or not isinstance(given[0], (str, os.PathLike)):
            return
        path = os.path.abspath(os.fspath(given[0]))
        if isinstance(path, str) and not path.startswith(skipped):
            writes = int(given[2] or 0) & (os.O_WRONLY | os.O_RDWR)
            (_written if writes else _read).add(path)

    if hasattr(sys, "addaudithook"):
        sys.addaudithook(note)


def _opened() -> Set[str]:
    """The files that were read as data, as far as they are still there."""
    return {
        path
        for path in _read - _written
        if not path.endswith(".pyc")
        and not path.startswith(_STANDARD)
        and not is_installed(path)
        and os.path.isfile(path)
    }


def files() -> List[str]:
    """Returns the files of all modules that are loaded, the standard library's aside, and data."""
    found = _opened()
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str):
            found.add(_told(path))
    return sorted(found - {""})


@functools.lru_cache(maxsize=None)  # each case asks of thousands of modules
def _told(path: str) -> str:
    """The absolute path of a module's file; empty for one that is not told."""
    path = os.path.abspath(path)
    if os.path.basename(path).startswith(_GENERATED):
        return ""
    return path if not path.startswith(_STANDARD) or is_installed(path) else ""


def is_installed(path: str) -> bool:
    """Whether a file belongs to an installed distribution, by where it lies."""
    return any(part in _PACKAGES for part in Path(path).parts)
