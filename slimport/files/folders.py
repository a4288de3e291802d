"""A file by its folder, with no link on the way from a root, even if the tree changes meanwhile."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

#: Where the operating system can work relative to an open folder (not on Windows).
_BY_DESCRIPTOR = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_HERE = PurePosixPath()
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True)
class Folder:
    """An open folder: its files are reached from here, wherever its path leads by now."""

    path: Path
    descriptor: int | None

    def open(self, name: str, flags: int, mode: int = 0o666) -> int:
        """A descriptor of the file itself, never of what a link leads to."""
        return os.open(self._at(name), flags | _NO_LINK, mode, dir_fd=self.descriptor)

    def stat(self, name: str) -> os.stat_result:
        return os.stat(self._at(name), dir_fd=self.descriptor, follow_symlinks=False)

    def replace(self, old: str, new: str) -> None:
        """Renames in one step; what was there is gone."""
        at = self.descriptor
        os.replace(self._at(old), self._at(new), src_dir_fd=at, dst_dir_fd=at)

    def unlink(self, name: str) -> None:
        os.unlink(self._at(name), dir_fd=self.descriptor)

    def names(self) -> list[str]:
        return os.listdir(self.path if self.descriptor is None else self.descriptor)  # noqa: PTH208

    def flush(self) -> None:
        """The names themselves reach the disk."""
        if self.descriptor is not None:
            os.fsync(self.descriptor)

    def _at(self, name: str) -> str:
        return name if self.descriptor is not None else str(self.path / name)


@contextmanager
def opened(root: Path, inside: PurePosixPath = _HERE) -> Iterator[Folder]:
    """The folder `inside` of `root`; links lead to `root`, none leads on from there.

    Raises:
        OSError: no such folder, or a link in its place.
    """
    if any(part in ("..", "/") for part in inside.parts):
        raise OSError(errno.EINVAL, "leads out of the given folder", str(inside))
    if not _BY_DESCRIPTOR:
        yield Folder(_checked(root, inside), None)
        return
    descriptor = os.open(root, _FOLDER)
    try:
        for part in inside.parts:
            upper = descriptor
            try:
                descriptor = os.open(part, _FOLDER | _NO_LINK, dir_fd=upper)
            except NotADirectoryError as error:
                raise OSError(errno.ELOOP, "a link, or no folder, on the way", part) from error
            finally:
                if descriptor != upper:
                    os.close(upper)
        yield Folder(root / inside, descriptor)
    finally:
        os.close(descriptor)


def _checked(root: Path, inside: PurePosixPath) -> Path:
    found = root / inside
    if found.resolve() != root.resolve() / inside:
        raise OSError(errno.ELOOP, "a link on the way", str(found))
    return found


def read_regular(path: Path, limit: int) -> bytes:
    """The bytes of a file that is one: a pipe or a device would never end.

    Raises:
        OSError: it is none, is longer than `limit`, or cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | _NO_WAIT | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as stream:
        return read_stream(stream.fileno(), limit)


def read_stream(descriptor: int, limit: int) -> bytes:
    """All bytes of an open file, if it is a regular one.

    Raises:
        OSError: it is none, or longer than `limit`.
    """
    found = os.fstat(descriptor)
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "a folder, not a file")
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "a pipe, socket or device, not a file")
    if found.st_size > limit:
        raise OSError(errno.EFBIG, f"larger than {limit // 2**20} MiB")
    pieces = []
    while piece := os.read(descriptor, 2**20):
        pieces.append(piece)
    return b"".join(pieces)
