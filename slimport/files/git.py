"""What git tells about a folder, asked so that nothing of the folder's repository runs.

A repository's own configuration may name programs: `core.fsmonitor`, hooks, filters. All of them
are turned off on the command line, which outweighs every file.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

#: Variables that make git look at another repository than that of the folder it runs in.
_LOCAL = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR GIT_CONFIG GIT_CONFIG_COUNT "
    "GIT_CONFIG_PARAMETERS GIT_DIR GIT_EXTERNAL_DIFF GIT_GRAFT_FILE GIT_IMPLICIT_WORK_TREE "
    "GIT_INDEX_FILE GIT_INTERNAL_SUPER_PREFIX GIT_NAMESPACE GIT_NO_REPLACE_OBJECTS "
    "GIT_OBJECT_DIRECTORY GIT_PREFIX GIT_REPLACE_REF_BASE GIT_SHALLOW_FILE GIT_WORK_TREE"
).split()
_NOTHING_RUNS = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")


def listed_files(folder: Path) -> list[str] | None:
    """Names below `folder` that git knows or does not ignore, relative to it.

    A submodule, or another repository in the folder, is one name (the latter ends in a slash).

    Returns:
        None where git cannot tell: no repository, no git, nothing listed.
    """
    listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]
    done = _git(folder, listing)
    if done is None:  # older than git 2.31
        done = _git(folder, listing[:-1])
    return _names(done) if done else None


def dirty_files(
    paths: Iterable[Path], suffixes: Sequence[str] = (".py", ".pyi", ".ipynb")
) -> list[Path] | None:
    """Sources at or below `paths` that git could not bring back: changed, staged or untracked.

    Returns:
        None where a path is in no git checkout, so that nothing could be brought back at all.
    """
    found: list[Path] = []
    for path in paths:
        folder = path if path.is_dir() else path.parent
        below = "." if path.is_dir() else f"./{path.name}"
        listing = ["status", "--porcelain", "-z", "--untracked-files=all", "--no-renames",
                   "--ignore-submodules=none", "--", below]  # fmt: skip
        top = _git(folder, ["rev-parse", "--show-cdup"])
        done = _git(folder, listing, [*_without_filters(folder), "-c", "status.relativePaths=true"])
        if top is None or done is None:
            return None
        root = folder / top.decode("utf-8", "surrogateescape").removesuffix("\n")
        for entry in _names(done):
            name = root / entry[3:]
            if name.is_dir() and not name.is_symlink():  # a submodule with changes of its own
                found += dirty_files([name], suffixes) or []
            elif name.suffix in suffixes:
                found.append(Path(os.path.normpath(name)))
    return sorted(set(found))


def _without_filters(folder: Path) -> list[str]:
    """Options that turn off the filters that the repository itself names, not the user's own."""
    asked = ["config", "--show-scope", "--null", "--name-only", "--get-regexp", r"^filter\."]
    told = _names(_git(folder, asked) or b"")
    scoped = zip(told[::2], told[1::2], strict=False)
    names = {name for scope, name in scoped if scope not in ("system", "global", "command")}
    filters = sorted({name.rpartition(".")[0] for name in names})
    return [
        option
        for name in filters
        for key in ("clean=", "smudge=", "process=", "required=false")
        for option in ("-c", f"{name}.{key}")
    ]


def _git(folder: Path, arguments: Sequence[str], options: Sequence[str] = ()) -> bytes | None:
    """What git prints; None where it fails, or is not there."""
    program = _program()
    if program is None:
        return None
    command = [program, "--no-optional-locks", *_NOTHING_RUNS, *options, *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in _LOCAL}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, check=False, env=environment,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


@functools.cache
def _program() -> str | None:
    """The absolute path of git: an empty or relative entry of PATH may lie in the target tree."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return shutil.which("git", path=os.pathsep.join(filter(os.path.isabs, folders)))


def _names(output: bytes) -> list[str]:
    return [name for name in output.decode("utf-8", "surrogateescape").split("\0") if name]
