"""Which files of a tree to read."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pathspec

from slimport.files.git import listed_files

PYTHON = (".py", ".pyi")
NOTEBOOK = ".ipynb"
#: What holds programs to rewrite.
SOURCES = (*PYTHON, NOTEBOOK)
#: Directories that hold no source of the project.
SKIPPED = {".git", ".hg", ".svn", ".tox", ".nox", ".venv", "venv", "__pycache__", "node_modules"}
SKIPPED.add(".ipynb_checkpoints")
#: What lies at the top of a Python environment: what is installed below is not the project's.
_OF_ENVIRONMENTS = ("pyvenv.cfg", "conda-meta")


def discover(
    path: Path,
    suffixes: Collection[str] = PYTHON,
    unlisted: Callable[[OSError], None] | None = None,
) -> list[Path]:
    """Python files at or below `path`, in order; in a git checkout, those git does not ignore.

    Symbolic links below `path` are not followed, be it to files or to folders, and neither are
    environments looked into. What has the name of a source and is none (a pipe, a device) is
    among the results: reading it is an error.

    Args:
        path: A file or a folder; a link to one is followed here.
        suffixes: What files end in.
        unlisted: Is told of folders that cannot be listed.

    Raises:
        FileNotFoundError: no such path.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or directory")
    if not path.is_dir():
        return [path]
    return sorted(file for file in _below(path, unlisted) if file.suffix in suffixes)


def _below(path: Path, unlisted: Callable[[OSError], None] | None) -> Iterator[Path]:
    names = listed_files(path)
    if not names:
        yield from _walk(path, unlisted)
        return
    inside: dict[str, bool] = {"": True}
    for name in names:
        found = path / name
        if not _is_inside(path, name.rstrip("/").rpartition("/")[0], inside):
            continue
        kind = _kind(found)
        if stat.S_ISDIR(kind):  # a submodule, or another repository
            yield from _nested(found, unlisted)
        elif kind and not stat.S_ISLNK(kind):
            yield found


def _nested(path: Path, unlisted: Callable[[OSError], None] | None) -> Iterator[Path]:
    if is_environment(path):
        return
    if os.path.lexists(path / ".git"):
        yield from _below(path, unlisted)
    else:  # a submodule that was not fetched: git would answer for the repository around it
        yield from _walk(path, unlisted)


def _kind(path: Path) -> int:
    """Mode of what is there; 0 for nothing: deleted, or left out of a sparse checkout."""
    try:
        return os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except OSError:
        return stat.S_IFREG  # reading it says what is wrong


def _is_inside(path: Path, folder: str, known: dict[str, bool]) -> bool:
    """Whether `folder` is a real folder of the project all the way down from `path`.

    Git lists what it knows of: one of the folders may be a link by now.
    """
    if folder not in known:
        found = path / folder
        known[folder] = (
            _is_inside(path, folder.rpartition("/")[0], known)
            and not found.is_symlink()
            and not is_environment(found)
        )
    return known[folder]


def is_environment(folder: Path) -> bool:
    """Whether a folder is the top of a Python environment."""
    return any(os.path.lexists(folder / name) for name in _OF_ENVIRONMENTS)


def _walk(path: Path, unlisted: Callable[[OSError], None] | None) -> Iterator[Path]:
    """Files of a folder that is no git checkout; its own .gitignore is heeded all the same."""
    ignore = path / ".gitignore"
    lines = ignore.read_text("utf-8", "replace").splitlines() if ignore.is_file() else []
    ignored = pathspec.GitIgnoreSpec.from_lines(lines)
    for folder, directories, names in os.walk(path, onerror=unlisted):
        here = Path(folder)
        directories[:] = sorted(
            name for name in directories if name not in SKIPPED and not is_environment(here / name)
        )
        for name in names:
            found = here / name
            if not found.is_symlink() and not ignored.match_file(found.relative_to(path)):
                yield found
