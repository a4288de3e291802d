"""The old tree from git, on repositories of a few files."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from slimport.verify.case_files import git_base

SOMEBODY = {
    f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}


def git(folder, *arguments):
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "protocol.file.allow=always", *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **SOMEBODY, "GIT_CONFIG_GLOBAL": os.devnull},
    )
    return done.stdout.strip()


def commit(folder, files, message="a commit"):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path):
    top = tmp_path / "project"
    top.mkdir()
    git(top, "init", "-q", "-b", "main")
    commit(top, {"nets/net.py": "old\n", ".gitignore": "*.log\n"})
    git(top, "tag", "before")
    git(top, "checkout", "-q", "-b", "proposed")
    commit(top, {"nets/net.py": "new\n", "more/x.py": ""})
    return git_base.Repository(top.resolve())


def worktrees(repository):
    return git(repository.top, "worktree", "list").splitlines()


def test_a_revision_is_checked_out_beside_the_working_tree(repository):
    (repository.top / "nets" / "net.py").write_text("not committed\n")
    (repository.top / "new.py").write_text("")
    assert repository.changed_files() == 2
    with git_base.checked_out(repository, "main") as base:
        old = base.tree(repository.top / "nets")
        assert (old / "net.py").read_text() == "old\n"
        assert (repository.top / "nets" / "net.py").read_text() == "not committed\n"
        assert str(base) == f"main ({git(repository.top, 'rev-parse', 'main')})"
        assert base.tree(repository.top) == base.top
        assert len(worktrees(repository)) == 2
        assert base.notes == ()
    assert not base.top.parent.exists()
    assert len(worktrees(repository)) == 1
    assert git(repository.top, "rev-parse", "--abbrev-ref", "HEAD") == "proposed"


def test_it_goes_away_after_an_error(repository):
    with pytest.raises(KeyboardInterrupt), git_base.checked_out(repository, "before") as base:
        raise KeyboardInterrupt
    assert not base.top.parent.exists()
    assert len(worktrees(repository)) == 1


def test_it_goes_away_if_its_folder_did_already(repository):
    with git_base.checked_out(repository, "before") as base:
        shutil.rmtree(base.top.parent)
    assert len(worktrees(repository)) == 1


def test_what_a_killed_run_left_is_removed_and_nothing_else(repository, tmp_path):
    own = tmp_path / "own"
    git(repository.top, "worktree", "add", "-q", "--detach", str(own), "main")
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = tmp_path / f"slimport-base-{gone.pid}-x" / "project"
    alive = tmp_path / f"slimport-base-{os.getpid()}-y" / "project"
    for folder in (left, alive):
        git(repository.top, "worktree", "add", "-q", "--detach", str(folder), "main")
    unmounted = tmp_path / "unmounted"
    own.rename(unmounted)
    with git_base.checked_out(repository, "main"):
        pass
    assert not left.parent.exists()
    assert alive.exists()
    listed = "\n".join(worktrees(repository))
    assert str(left) not in listed
    assert str(own) in listed  # a worktree on a disk that is not there is still known


def test_hooks_are_not_run(repository):
    hook = repository.top / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {repository.top}/ran\n")
    hook.chmod(0o755)
    with git_base.checked_out(repository, "main"):
        pass
    assert not (repository.top / "ran").exists()


def test_inside_a_hook_of_another_repository(repository, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    assert git_base.Repository.around(repository.top / "nets") == repository
    with git_base.checked_out(repository, "main") as base:
        assert (base.top / "nets" / "net.py").exists()


def test_what_cannot_be_is_said(repository, tmp_path):
    with pytest.raises(git_base.GitError, match="no commit 'origin/main'; a shallow clone"):
        repository.commit("origin/main")
    with pytest.raises(git_base.GitError, match="no commit '--all'"):
        repository.commit("--all")
    with pytest.raises(git_base.GitError, match="rev-parse failed"):
        git_base.Repository.around(tmp_path)
    with git_base.checked_out(repository, "main") as base:
        with pytest.raises(git_base.GitError, match="main has no folder more"):
            base.tree(repository.top / "more")
        with pytest.raises(git_base.GitError, match="is not in the repository"):
            base.tree(tmp_path)


def test_submodules_come_from_their_clones(repository, tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "-q", "-b", "main")
    first = commit(library, {"layers.py": "one\n"})
    git(repository.top, "submodule", "add", "-q", str(library), "lib/layers")
    git(repository.top, "commit", "-q", "-m", "with a submodule")
    commit(library, {"layers.py": "two\n"})
    git(repository.top / "lib" / "layers", "pull", "-q", "origin", "main")
    git(repository.top, "commit", "-q", "-a", "-m", "moved on")
    with git_base.checked_out(repository, "HEAD~1") as base:
        assert (base.top / "lib" / "layers" / "layers.py").read_text() == "one\n"
        assert base.notes == ()
    assert (repository.top / "lib" / "layers" / "layers.py").read_text() == "two\n"
    assert git(repository.top, "status", "--porcelain") == ""
    git(repository.top, "submodule", "deinit", "-q", "-f", "lib/layers")
    with git_base.checked_out(repository, "HEAD~1") as base:
        assert base.notes == (
            f"submodule lib/layers: {first[:12]} is not here, the folder is empty in the base",
        )
