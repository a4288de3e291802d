"""The old tree from git: a revision checked out beside the repository for as long as a run takes.

What is compared is REV itself, as it is committed, with the working tree as it is, changes that
are not committed and new files included. The checkout is a git worktree in the temporary folder,
with no branch. It holds what is committed: files that git ignores, and what a filter such as LFS
would download, are not in it. Submodules are put in from their clones in the working tree where
these hold the commit.

Only worktrees made here are removed. `git worktree prune` is left alone: it would forget the user's
own worktrees on disks that are not mounted just now.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: Folders of worktrees: the process that made them is in the name.
_PREFIX = "slimport-base-"

_SUBMODULE = "160000"


class GitError(ValueError):
    """There is no repository, no such revision, or git refuses."""


@dataclass(frozen=True)
class Repository:
    """A git repository with a working tree.

    Attributes:
        top: Its top folder.
    """

    top: Path

    @staticmethod
    def around(folder: Path) -> Repository:
        """The repository that a folder lies in.

        Raises:
            GitError: There is none, or no git.
        """
        return Repository(Path(_git(folder, "rev-parse", "--show-toplevel")).resolve())

    def commit(self, revision: str) -> str:
        """The commit that a revision names.

        Raises:
            GitError: There is none of this name.
        """
        try:
            asked = f"{revision}^{{commit}}"
            return _git(self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", asked)
        except GitError as error:
            raise GitError(
                f"{self.top} has no commit {revision!r}; a shallow clone, as CI services make it, "
                "lacks what was not fetched (git fetch origin BRANCH, or fetch-depth: 0)"
            ) from error

    def changed_files(self) -> int:
        """Number of files that are not as they are committed, new ones included."""
        return len(_git(self.top, "status", "--porcelain").splitlines())


@dataclass(frozen=True)
class Base:
    """A revision of a repository, checked out.

    Attributes:
        repository: What it is a revision of.
        revision: As it was asked for.
        commit: Its full name.
        top: Where it is checked out.
        notes: What is not as in a clone.
    """

    repository: Repository
    revision: str
    commit: str
    top: Path
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.revision} ({self.commit})"

    def tree(self, folder: Path) -> Path:
        """Returns what a folder of the working tree was in this revision.

        Raises:
            GitError: The folder is not of this repository, or was not there.
        """
        try:
            inside = folder.resolve().relative_to(self.repository.top)
        except ValueError as error:
            raise GitError(
                f"{folder} is not in the repository {self.repository.top}: --old DIR names the "
                f"folder that is taken from {self.revision}"
            ) from error
        found = self.top / inside
        if not found.is_dir():
            raise GitError(f"{self.revision} has no folder {inside}")
        return found


@contextmanager
def checked_out(repository: Repository, revision: str) -> Iterator[Base]:
    """Checks a revision out, and removes it afterwards, whatever happened.

    Raises:
        GitError: There is no such revision, or git cannot check it out.
    """
    commit = repository.commit(revision)
    remove_left_over(repository)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")).resolve()
    top = folder / repository.top.name
    try:
        # Hooks and filters are the user's programs; a worktree of ours must not start them.
        _git(
            repository.top,
            *("-c", f"core.hooksPath={os.devnull}"),
            *("worktree", "add", "--quiet", "--detach", "--force", str(top), commit),
            GIT_LFS_SKIP_SMUDGE="1",
        )
        notes = tuple(_add_submodules(repository, commit, top))
        yield Base(repository, revision, commit, top, notes)
    finally:
        _remove(repository, top)


def remove_left_over(repository: Repository) -> None:
    """Removes worktrees of runs that were killed before they could do it themselves."""
    for line in _git(repository.top, "worktree", "list", "--porcelain").splitlines():
        key, _, value = line.partition(" ")
        folder = Path(value).parent.name
        if key == "worktree" and folder.startswith(_PREFIX):
            process = folder.removeprefix(_PREFIX).partition("-")[0]
            if process.isdigit() and not _is_alive(int(process)):
                _remove(repository, Path(value))


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _remove(repository: Repository, top: Path) -> None:
    """Removes a worktree and what git remembers of it."""
    command = ["git", "-C", str(repository.top), "worktree", "remove", "--force", "--force"]
    subprocess.run([*command, str(top)], capture_output=True, check=False, env=_environment())
    shutil.rmtree(top.parent, ignore_errors=True)


def _add_submodules(repository: Repository, commit: str, top: Path) -> Iterator[str]:
    """Fills the folders of submodules; yields a line for each that cannot be filled."""
    for entry in _git(repository.top, "ls-tree", "-r", "-z", commit).split("\0"):
        description, _, path = entry.partition("\t")
        if not description.startswith(_SUBMODULE):
            continue
        wanted = description.split()[2]
        clone = repository.top / path
        if not (clone / ".git").exists() or not _extract(clone, wanted, top / path):
            yield f"submodule {path}: {wanted[:12]} is not here, the folder is empty in the base"


def _extract(clone: Path, commit: str, target: Path) -> bool:
    """Writes the files of a commit into a folder; False where the clone does not hold it."""
    with tempfile.TemporaryDirectory() as own:
        index = {"GIT_INDEX_FILE": str(Path(own) / "index")}
        try:
            _git(clone, "read-tree", commit, **index)
            _git(clone, "checkout-index", "--all", "--quiet", f"--prefix={target}/", **index)
        except GitError:
            return False
    return True


def _git(folder: Path, *arguments: str, **environment: str) -> str:
    """Returns what a git command prints, without the last line end."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            check=False,
            env={**_environment(), **environment},
        )
    except OSError as error:
        raise GitError(f"git does not run: {error}") from error
    text = done.stdout.decode("utf-8", "surrogateescape")
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [""]
        raise GitError(f"{folder}: git {arguments[0]} failed: {said[-1]}")
    return text.removesuffix("\n")


def _environment() -> dict[str, str]:
    """Inside a git hook, variables name the repository of the hook; the folder is to decide."""
    hidden = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
    return {name: value for name, value in os.environ.items() if name not in hidden}
