"""A rewritten copy of a tree: made beside its place and moved there as a whole."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from slimport.files.discover import SKIPPED, is_environment
from slimport.files.git import listed_files
from slimport.files.temporary import temporary_name


class CannotCopy(Exception):
    """Nothing was written; the message says why."""


@dataclass
class Copied:
    """What is to be said about a copy.

    Attributes:
        errors: Why files are not in it, by path relative to the tree.
        notes: What else is not in it.
    """

    errors: dict[PurePosixPath, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def check_target(source: Path, target: Path, overwrite: bool = False) -> None:
    """Whether a copy of `source` may be made at `target`.

    Raises:
        CannotCopy: It is the source, lies in it or around it, or holds files.
    """
    tree, place = source.resolve(), target.resolve()
    if place == tree or (place in tree.parents and source.is_dir()):
        raise CannotCopy(f"{target} holds {source}: give another folder")
    if tree in place.parents:
        raise CannotCopy(f"{target} lies inside of {source}, and would be a part of it: give a "
                         "folder elsewhere")  # fmt: skip
    if place.exists() and not place.is_dir():
        raise CannotCopy(f"{target} is a file")
    if place.is_dir() and not overwrite:
        taken = any(place.iterdir()) if source.is_dir() else (place / source.name).exists()
        if taken:
            raise CannotCopy(f"{target} holds files already: give another folder, or --overwrite")


def copy_out(source: Path, target: Path, outputs: Mapping[PurePosixPath, bytes]) -> Copied:
    """Copies everything below `source` that is no cache, environment or version control data.

    A folder that is called as a cache is, but has files that git lists, is the project's.
    Links are copied as links. A killed run leaves no `target`, or leaves it as it was.

    Raises:
        CannotCopy: The folder around `target` cannot be written, or the disk is full.
    """
    place = target.resolve()
    found = Copied()
    made = place.parent / temporary_name()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        made.mkdir()
        if source.is_dir():
            _copy_folder(source, made, PurePosixPath(), found, _listed_folders(source))
        else:
            _copy_file(source, made / source.name, PurePosixPath(source.name), found)
        for name, data in outputs.items():
            _write(made / name, name, data, found)
        _move(made, place, whole=source.is_dir())
    except OSError as error:
        raise CannotCopy(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return found


def _listed_folders(source: Path) -> set[PurePosixPath]:
    """Folders in which git knows files, or does not ignore them: these are read (`discover`)."""
    names = (PurePosixPath(name) for name in listed_files(source) or [])
    return {folder for name in names for folder in name.parents}


def _copy_folder(
    source: Path, target: Path, inside: PurePosixPath, found: Copied, listed: set[PurePosixPath]
) -> None:
    try:
        entries = sorted(os.scandir(source), key=lambda entry: entry.name)
    except OSError as error:
        found.errors[inside] = f"cannot be listed: {error.strerror}"
        return
    for entry in entries:
        name = inside / entry.name
        if entry.name in SKIPPED and name not in listed:
            continue
        if entry.is_dir(follow_symlinks=False):
            if not is_environment(Path(entry.path)):
                (target / entry.name).mkdir()
                _copy_folder(Path(entry.path), target / entry.name, name, found, listed)
        else:
            _copy_file(Path(entry.path), target / entry.name, name, found)
    with contextlib.suppress(OSError):
        shutil.copystat(source, target)
        target.chmod(target.stat().st_mode | stat.S_IRWXU)


def _copy_file(source: Path, target: Path, name: PurePosixPath, found: Copied) -> None:
    try:
        kind = source.lstat().st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISLNK(kind):
            found.notes.append(f"{name} is a pipe, socket or device: it is not in the copy")
            return
        shutil.copy2(source, target, follow_symlinks=False)
    except OSError as error:
        with contextlib.suppress(OSError):
            target.unlink()
        found.errors[name] = f"cannot be copied: {error.strerror or error}"


def _write(path: Path, name: PurePosixPath, data: bytes, found: Copied) -> None:
    """New content of a file of the copy, which nothing else refers to yet."""
    try:
        mode = path.stat().st_mode if path.exists() else None
        if mode is not None:
            path.unlink()  # it may be read-only
        path.write_bytes(data)
        if mode is not None:
            path.chmod(stat.S_IMODE(mode))
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        found.errors[name] = f"cannot be written: {error.strerror or error}"


def _move(made: Path, place: Path, whole: bool) -> None:
    if whole and (not place.exists() or not any(place.iterdir())):
        if place.exists():
            place.rmdir()
        made.replace(place)
        return
    folders, names = _content(made)
    for name in folders:
        there = place / name
        if there.is_symlink() or (there.exists() and not there.is_dir()):
            raise OSError(errno.ELOOP, f"{name} is a link, or no folder, there")
    for name in names:
        if (place / name).is_dir() and not (place / name).is_symlink():
            raise OSError(errno.EISDIR, f"{name} is a folder there")
    place.mkdir(parents=True, exist_ok=True)
    for name in folders:
        (place / name).mkdir(exist_ok=True)
    for name in names:
        (made / name).replace(place / name)


def _content(made: Path) -> tuple[list[Path], list[Path]]:
    """The folders below one, upper ones first, and what else is in them: files and links."""
    folders, others = [], []
    for folder, inside, names in os.walk(made):
        here = Path(folder).relative_to(made)
        links = [name for name in inside if (made / here / name).is_symlink()]
        folders += [here / name for name in inside if name not in links]
        others += [here / name for name in (*names, *links)]
    return folders, others
