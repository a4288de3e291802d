"""What git is asked: it finds the files, says what is not committed, and runs nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from slimport.files.discover import discover
from slimport.files.git import dirty_files, listed_files

SILENT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
WHO = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always"]


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", *WHO, *arguments], cwd=folder, check=True, capture_output=True,
        env={**os.environ, **SILENT},
    )  # fmt: skip


def repository(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet")
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x = 1\n")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "x")
    return folder


def found(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in discover(root)]


@pytest.mark.parametrize("what", ["fsmonitor", "hook", "clean", "process"])
def test_nothing_of_the_repository_runs(tmp_path: Path, what: str) -> None:
    root = repository(tmp_path / "tree", "a.py")
    ran, program = tmp_path / "ran", root / "program"
    program.write_text(f"#!/bin/sh\necho x > {ran}\ncat\n")
    program.chmod(0o755)
    if what == "fsmonitor":
        git(root, "config", "core.fsmonitor", str(program))
    elif what == "hook":
        git(root, "config", "core.hooksPath", str(root / "hooks"))
        (root / "hooks").mkdir()
        program.rename(root / "hooks" / "post-index-change")
    else:
        git(root, "config", f"filter.evil.{what}", str(program))
        git(root, "config", "filter.evil.required", "true")
        (root / ".gitattributes").write_text("*.py filter=evil\n")
    os.utime(root / "a.py", (1, 1))
    assert found(root) == ["a.py"]
    assert dirty_files([root]) == []
    assert not ran.exists()
    subprocess.run(["git", "status"], cwd=root, check=False, capture_output=True)
    assert ran.exists(), "git on its own would have run it"


def test_a_bare_repository_inside_of_the_tree_runs_nothing(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    git(root, "init", "--quiet", "--bare", ".")
    git(root, "config", "core.bare", "false")
    git(root, "config", "core.worktree", str(root))
    git(root, "config", "core.fsmonitor", f"touch {tmp_path / 'ran'};")
    (root / "a.py").write_text("x = 1\n")
    assert "a.py" in found(root)
    dirty_files([root])
    assert not (tmp_path / "ran").exists()


def test_a_program_named_git_in_the_tree_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from slimport.files import git as asked

    (tmp_path / "git").write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".::" + os.environ["PATH"])
    asked._program.cache_clear()
    try:
        listed_files(tmp_path)
    finally:
        asked._program.cache_clear()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"])
def test_the_environment_of_a_hook_leads_to_no_other_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    other = repository(tmp_path / "other", "other.py")
    root = repository(tmp_path / "tree", "a.py")
    (root / "b.py").write_text("")
    values = {"GIT_DIR": other / ".git", "GIT_WORK_TREE": other,
              "GIT_INDEX_FILE": other / ".git/index"}  # fmt: skip
    monkeypatch.setenv(name, str(values[name]))
    assert found(root) == ["a.py", "b.py"]
    assert dirty_files([root]) == [root / "b.py"]


def test_ignored_files_are_not_read(tmp_path: Path) -> None:
    root = repository(tmp_path, "a.py", "sub/b.py")
    (root / ".gitignore").write_text("generated.py\n")
    (root / "generated.py").write_text("")
    (root / "sub/new.py").write_text("")
    assert found(root) == ["a.py", "sub/b.py", "sub/new.py"]
    assert found(root / "sub") == ["b.py", "new.py"]


def test_submodules_and_other_repositories_in_the_tree_are_read(tmp_path: Path) -> None:
    library = repository(tmp_path / "library", "net.py")
    root = repository(tmp_path / "tree", "a.py")
    git(root, "submodule", "add", str(library), "sub")
    git(root, "commit", "-m", "sub")
    repository(root / "nested", "other.py")
    assert found(root) == ["a.py", "nested/other.py", "sub/net.py"]
    assert dirty_files([root]) == []
    (root / "sub/net.py").write_text("changed")
    (root / "nested/other.py").write_text("changed")
    assert dirty_files([root]) == [root / "nested/other.py", root / "sub/net.py"]
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(root), str(clone))
    assert found(clone) == ["a.py"], "a submodule that was not fetched is empty"


def test_worktrees_and_sparse_checkouts(tmp_path: Path) -> None:
    root = repository(tmp_path / "tree", "a.py", "left_out/b.py", "kept/c.py")
    git(root, "worktree", "add", "--quiet", str(tmp_path / "second"))
    git(tmp_path / "second", "sparse-checkout", "set", "kept")
    assert found(tmp_path / "second") == ["a.py", "kept/c.py"]
    assert dirty_files([tmp_path / "second"]) == []


@pytest.mark.parametrize("name", ["a\nb.py", 'quote"d.py', "ä.py", "tab\t.py", "-n.py", " .py"])
def test_odd_names(tmp_path: Path, name: str) -> None:
    root = repository(tmp_path, name)
    assert found(root) == [name]
    (root / name).write_text("changed")
    assert dirty_files([root]) == [root / name]
    assert dirty_files([root / name]) == [root / name]


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.py")
    root = repository(tmp_path, name)
    assert found(root) == [name]
    (root / name).write_text("changed")
    assert dirty_files([root]) == [root / name]


def test_what_is_not_committed_is_dirty(tmp_path: Path) -> None:
    root = repository(tmp_path, "modified.py", "staged.py", "clean.py", "gone.py", "sub/other.py")
    (root / ".gitignore").write_text("ignored.py\n")
    for name in ("modified.py", "staged.py", "untracked.py", "ignored.py", "text.txt", "n.ipynb"):
        (root / name).write_text("changed")
    git(root, "add", "staged.py")
    (root / "gone.py").unlink()
    dirty = dirty_files([root])
    assert dirty is not None
    names = [path.relative_to(root).as_posix() for path in dirty]
    assert names == ["gone.py", "modified.py", "n.ipynb", "staged.py", "untracked.py"]
    assert dirty_files([root / "sub"]) == []
    assert dirty_files([root / "clean.py"]) == []
    assert dirty_files([root / "sub", root / "modified.py"]) == [root / "modified.py"]


def test_a_folder_without_git_is_told_apart_from_a_clean_one(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    assert dirty_files([tmp_path]) is None
    assert dirty_files([tmp_path / "a.py"]) is None


def test_links_are_no_way_out(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.py").write_text("")
    root = repository(tmp_path / "tree", "folder/a.py", "b.py")
    (root / "link").symlink_to(outside)
    (root / "link.py").symlink_to(outside / "a.py")
    git(root, "add", "--all")
    assert found(root) == ["b.py", "folder/a.py"]
    (root / "folder").rename(root / "away")
    (root / "folder").symlink_to(outside)  # git still lists folder/a.py
    assert found(root) == ["away/a.py", "b.py"]


def test_environments_are_not_looked_into(tmp_path: Path) -> None:
    for root in (repository(tmp_path / "git", "a.py"), tmp_path / "plain"):
        for name, marker in (("env", "pyvenv.cfg"), ("conda", "conda-meta/history")):
            (root / name / "lib").mkdir(parents=True)
            (root / name / marker).parent.mkdir(exist_ok=True)
            (root / name / marker).write_text("")
            (root / name / "lib/tf_slim.py").write_text("")
        (root / "a.py").write_text("")
        assert found(root) == ["a.py"]
        assert [path.name for path in discover(root / "env")] == ["tf_slim.py"], "if it is named"
