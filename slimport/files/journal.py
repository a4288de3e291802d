"""The list of files that are being replaced, so that a killed run can be brought to its end."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from slimport.files.folders import Folder, opened, read_stream
from slimport.files.temporary import is_temporary, temporary_name

JOURNAL = ".slimport-journal"
_LIMIT = 2**30
_BUSY = "another slimport is writing here; let it end"
_FOREIGN = "somebody else's run was interrupted here; have them run it again"


@dataclass(frozen=True)
class Entry:
    """One file: relative to the journal, and what is beside it and will be it.

    Attributes:
        path: The file.
        temporary: Name of the file in the same folder with the new content.
        old: SHA-256 of what is there; empty where nothing is.
        new: SHA-256 of what will be there.
    """

    path: str
    temporary: str
    old: str
    new: str


class Unfinished(Exception):
    """An earlier run was killed, and what it began cannot be ended; the message names the file."""


@contextlib.contextmanager
def journal(root: Path, entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """While the block runs, the folder says what is being replaced.

    Yields:
        A list for what was not replaced after all: the journal stays for it.

    Raises:
        OSError: the journal cannot be written.
    """
    unfinished: list[Entry] = []
    with opened(root) as folder:
        lock = _start(folder, entries)
        try:
            yield unfinished
            if unfinished:
                _keep(folder, unfinished)
            else:
                folder.unlink(JOURNAL)
        finally:
            os.close(lock)


def pending(folders: Iterable[Path]) -> list[Path]:
    """The journals that killed runs left in folders, or one's own in those above them."""
    given = {folder.resolve() for folder in folders}
    above = {parent for folder in given for parent in folder.parents}
    found = [folder / JOURNAL for folder in given | above if os.path.lexists(folder / JOURNAL)]
    return sorted(path for path in found if path.parent in given or _is_own(path.lstat()))


def recover(path: Path) -> None:
    """Replaces the files that a killed run was about to replace, and removes its journal.

    A file that was changed since keeps the change.

    Raises:
        Unfinished: not all of it could be done.
    """
    root = path.parent
    with opened(root) as folder:
        try:
            handle = folder.open(JOURNAL, os.O_RDWR)
        except FileNotFoundError:
            return
        except OSError as error:
            raise Unfinished(f"{path}: {error.strerror}") from error
        try:
            if not _is_own(os.fstat(handle)):
                raise Unfinished(f"{path}: {_FOREIGN}")
            if not _lock(handle):
                raise Unfinished(f"{path}: {_BUSY}")
            entries = _entries(handle)
            left = [why for entry in entries if (why := _finish(root, entry))]
            if left:
                raise Unfinished(
                    f"an earlier run was interrupted, and {'; '.join(left)}: restore the folder "
                    f"from version control, then remove {path}"
                )
            folder.unlink(JOURNAL)
        finally:
            os.close(handle)


def _entries(handle: int) -> list[Entry]:
    """What the journal lists; nothing where it is incomplete: no file was replaced then."""
    try:
        return [Entry(**entry) for entry in json.loads(read_stream(handle, _LIMIT))]
    except (ValueError, TypeError):
        return []


def _is_own(found: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or found.st_uid == os.geteuid()


def _lock(handle: int) -> bool:
    """Whether no other process holds the file; this one does until it closes it, or dies."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _finish(root: Path, entry: Entry) -> str:
    """Replaces one file; why not, or empty text where it has its new content."""
    name = PurePosixPath(entry.path)
    if not is_temporary(entry.temporary):
        return f"{name} cannot be replaced: {entry.temporary!r} is no name of slimport's"
    try:
        with opened(root, name.parent) as folder:
            found = _digest(folder, name.name)
            if found == entry.new:
                with contextlib.suppress(FileNotFoundError):
                    folder.unlink(entry.temporary)
            elif found != entry.old:
                return f"{name} was changed since"
            elif _digest(folder, entry.temporary) != entry.new:
                return f"the new text of {name} is gone"
            else:
                folder.replace(entry.temporary, name.name)
                folder.flush()
    except OSError as error:
        return f"{name} cannot be replaced: {error.strerror}"
    return ""


def digest(data: bytes | None) -> str:
    """What stands for a file's content; empty where there is no file."""
    return "" if data is None else hashlib.sha256(data).hexdigest()


def _digest(folder: Folder, name: str) -> str:
    try:
        handle = folder.open(name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return ""
    try:
        return digest(read_stream(handle, _LIMIT))
    finally:
        os.close(handle)


def _start(folder: Folder, entries: Sequence[Entry]) -> int:
    """Writes the journal; the lock on it lasts until the result is closed."""
    try:
        handle = folder.open(JOURNAL, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise OSError(errno.EBUSY, _BUSY) from None
    try:
        if not _lock(handle):
            raise OSError(errno.EBUSY, _BUSY)
        _fill(handle, entries)
        folder.flush()
    except BaseException:
        os.close(handle)
        with contextlib.suppress(OSError):
            folder.unlink(JOURNAL)
        raise
    return handle


def _keep(folder: Folder, entries: Sequence[Entry]) -> None:
    """Replaces the journal by a shorter one, in one step."""
    name = temporary_name()
    handle = folder.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        _fill(handle, entries)
    finally:
        os.close(handle)
    folder.replace(name, JOURNAL)
    folder.flush()


def _fill(handle: int, entries: Sequence[Entry]) -> None:
    text = json.dumps([asdict(entry) for entry in entries], indent=0)
    with os.fdopen(os.dup(handle), "wb") as stream:
        stream.write(text.encode("ascii"))
    os.fsync(handle)
