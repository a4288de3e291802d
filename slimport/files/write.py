"""Writing files of a tree without risk: all are prepared beside their places, then renamed.

A tree of which some files are new and others old may be one that runs and means something else.
So nothing is replaced before everything that is to be replaced lies on the disk, and the list of
it, the journal, too: `slimport.files.journal` ends what a killed run began.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from slimport.files.folders import Folder, opened, read_stream
from slimport.files.journal import Entry, digest, journal, pending
from slimport.files.signals import undisturbed
from slimport.files.temporary import sweep, temporary_name

#: No file that is replaced is larger: none such is read.
_LIMIT = 2**30


@dataclass(frozen=True)
class _Staged:
    entry: Entry
    was: tuple[int, ...] | None


class Writing:
    """Files that are to be replaced together.

    Use it as a context manager: what was staged and is not committed is gone at its end.

    Args:
        root: The folder that the files are in; no link below it is followed.

    Attributes:
        errors: Why files cannot be written, by path relative to `root`.
        notes: What else there is to say about files that were.
        committed: Whether files were replaced.
    """

    def __init__(self, root: Path) -> None:
        self.errors: dict[PurePosixPath, str] = {}
        self.notes: list[str] = []
        self.committed = False
        self._root = root
        self._swept: set[Path] = set()
        self._staged: dict[PurePosixPath, _Staged] = {}

    def __enter__(self) -> Writing:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def stage(self, name: PurePosixPath, data: bytes, old: bytes | None) -> None:
        """Puts a file's new content beside it; an `OSError` of this one file is kept in `errors`.

        Args:
            name: The file.
            data: What it is to hold.
            old: What was read from it; None where there was no such file.
        """
        try:
            with self._folder(name) as (folder, last):
                if folder.path not in self._swept:
                    self._swept.add(folder.path)
                    if not pending([folder.path]):  # what it lists is no rubbish
                        sweep(folder)
                self._staged[name] = self._stage(folder, name, last, data, old)
        except OSError as error:
            self.errors[name] = _reason(error)

    def commit(self) -> None:
        """Replaces all that is staged; `errors` tells of those that did not let themselves be."""
        for name, staged in list(self._staged.items()):
            with contextlib.suppress(OSError), self._folder(name) as (folder, last):
                if _identity(folder, last) == staged.was:
                    continue
            self.errors[name] = "cannot be written: it changed since it was read"
        if self.errors or not self._staged:
            return
        entries = [staged.entry for staged in self._staged.values()]
        try:
            with undisturbed(), journal(self._root, entries) as unfinished:
                self.committed = True
                written = {self._replace(name) for name in list(self._staged)}
                for inside in written:
                    self._flush(inside)
                unfinished.extend(staged.entry for staged in self._staged.values())
                self._staged.clear()  # what was not replaced waits for the next run
        except OSError as error:  # the journal's
            self.errors |= dict.fromkeys(self._staged, _reason(error))

    def discard(self) -> None:
        """Removes what is staged."""
        for name, staged in self._staged.items():
            with contextlib.suppress(OSError), self._folder(name) as (folder, _):
                folder.unlink(staged.entry.temporary)
        self._staged.clear()

    @contextlib.contextmanager
    def _folder(self, name: PurePosixPath) -> Iterator[tuple[Folder, str]]:
        with opened(self._root, name.parent) as folder:
            yield folder, name.name

    def _stage(
        self, folder: Folder, name: PurePosixPath, last: str, data: bytes, old: bytes | None
    ) -> _Staged:
        was = _identity(folder, last)
        model = self._checked(folder, name, last, old)
        temporary = temporary_name()
        handle = folder.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL,
                             0o666 if model is None else 0o600)  # fmt: skip
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                if model is not None:
                    _make_alike(stream.fileno(), model, folder.path / last)
                os.fsync(stream.fileno())
        except BaseException:
            with contextlib.suppress(OSError):
                folder.unlink(temporary)
            raise
        entry = Entry(name.as_posix(), temporary, digest(old), digest(data))
        return _Staged(entry, was)

    def _checked(
        self, folder: Folder, name: PurePosixPath, last: str, old: bytes | None
    ) -> os.stat_result | None:
        """What is there, unchanged since it was read; None for nothing.

        Raises:
            OSError: it is something else by now, or may not be replaced.
        """
        try:
            handle = folder.open(last, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except FileNotFoundError:
            if old is None:
                return None
            raise FileNotFoundError(errno.ENOENT, "it is no longer there") from None
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise OSError(errno.ELOOP, "it is a symbolic link") from None
            raise
        with os.fdopen(handle, "rb") as stream:
            found = os.fstat(stream.fileno())
            if read_stream(stream.fileno(), _LIMIT) != old:
                raise OSError(errno.ESTALE, "it changed since it was read")
        if not found.st_mode & 0o222:
            raise PermissionError(errno.EACCES, "read-only file")
        if os.name == "posix" and not os.access(folder.path / last, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if found.st_nlink > 1:
            self.notes.append(
                f"{name} had {found.st_nlink} names (hard links): the others keep the old text"
            )
        return found

    def _replace(self, name: PurePosixPath) -> PurePosixPath:
        """Gives a file its new content; its folder is still to be flushed."""
        try:
            with self._folder(name) as (folder, last):
                folder.replace(self._staged[name].entry.temporary, last)
                del self._staged[name]
        except OSError as error:
            self.errors[name] = f"{_reason(error)}; the next run will try again"
        return name.parent

    def _flush(self, inside: PurePosixPath) -> None:
        with contextlib.suppress(OSError), opened(self._root, inside) as folder:
            folder.flush()


def _identity(folder: Folder, name: str) -> tuple[int, ...] | None:
    try:
        found = folder.stat(name)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode


def _make_alike(descriptor: int, model: os.stat_result, path: Path) -> None:
    """Owner, group, attributes and permissions of the file that is replaced, as far as allowed."""
    if hasattr(os, "fchown"):
        for owner, group in ((model.st_uid, -1), (-1, model.st_gid)):
            with contextlib.suppress(OSError):
                os.fchown(descriptor, owner, group)
    if hasattr(os, "listxattr"):  # access control lists are among them
        with contextlib.suppress(OSError):
            for name in os.listxattr(path, follow_symlinks=False):
                with contextlib.suppress(OSError):
                    os.setxattr(descriptor, name, os.getxattr(path, name, follow_symlinks=False))
    if hasattr(os, "fchmod"):  # last: a new owner takes setuid and setgid away
        os.fchmod(descriptor, stat.S_IMODE(model.st_mode))


def _reason(error: OSError) -> str:
    return f"cannot be written: {error.strerror or error}"
