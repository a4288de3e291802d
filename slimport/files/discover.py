"""Which files of a tree to read."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterator
from pathlib import Path

import pathspec

PYTHON = (".py", ".pyi")
#: Directories that hold no source of the project.
SKIPPED = {".git", ".hg", ".svn", ".tox", ".nox", ".venv", "venv", "__pycache__", "node_modules"}


def discover(path: Path, suffixes: Collection[str] = PYTHON) -> list[Path]:
    """Python files at or below `path`, in order; in a git checkout, those git does not ignore.

    Symbolic links are not followed.

    Raises:
        FileNotFoundError: no such path.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or directory")
    if path.is_file():
        return [path]
    listed = _git_files(path)
    found = listed if listed is not None else list(_walk(path))
    return sorted(file for file in found if file.suffix in suffixes and not file.is_symlink())


def _walk(path: Path) -> Iterator[Path]:
    """Files of a folder that is no git checkout; its own .gitignore is heeded all the same."""
    ignore = path / ".gitignore"
    lines = ignore.read_text("utf-8", "replace").splitlines() if ignore.is_file() else []
    ignored = pathspec.GitIgnoreSpec.from_lines(lines)
    for folder, directories, names in os.walk(path):
        directories[:] = sorted(name for name in directories if name not in SKIPPED)
        for name in names:
            found = Path(folder) / name
            if not ignored.match_file(found.relative_to(path)):
                yield found


def _git_files(path: Path) -> list[Path] | None:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=path, capture_output=True, check=False)
    except OSError:
        return None
    if done.returncode != 0 or not done.stdout:
        return None
    names = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    return [path / name for name in names if name and (path / name).is_file()]
