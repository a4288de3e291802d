"""Writing files without risk: each is replaced as a whole, or stays."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from slimport.files.discover import SKIPPED


def write_atomically(path: Path, data: bytes) -> None:
    """Replaces `path` by `data` in one step, keeping its permissions.

    Raises:
        OSError: the file cannot be replaced; it is untouched then.
    """
    if path.exists() and not path.stat().st_mode & 0o222:
        raise PermissionError(13, "read-only file", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if path.exists():
            shutil.copymode(path, name)
        else:
            Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def copy_tree(source: Path, target: Path) -> None:
    """Copies everything below `source` that is no Python cache or version control data."""
    shutil.copytree(
        source,
        target,
        symlinks=True,
        dirs_exist_ok=True,
        ignore=lambda _, names: [name for name in names if name in SKIPPED],
    )
