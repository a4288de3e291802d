"""`--out`: a copy that is whole or absent, and never in the way of the original."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest

from slimport.files.copy import CannotCopy, check_target, copy_out
from tests.files.planted import at_step, die, in_child, snapshot
from tests.files.test_git import git

NEW = {PurePosixPath("a.py"): b"new a", PurePosixPath("written.py"): b"written"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "sub").mkdir(parents=True)
    (root / "a.py").write_bytes(b"old a")
    (root / "sub/data.bin").write_bytes(b"\0")
    return root


def test_a_copy_has_all_files_and_the_new_ones(tree: Path, tmp_path: Path) -> None:
    (tree / "a.py").chmod(0o555)
    (tree / ".git").mkdir()
    copied = copy_out(tree, tmp_path / "new/out", NEW)
    assert (copied.errors, copied.notes) == ({}, [])
    assert snapshot(tmp_path / "new/out") == {
        "a.py": b"new a", "sub/data.bin": b"\0", "written.py": b"written",
    }  # fmt: skip
    assert (tmp_path / "new/out/a.py").stat().st_mode & 0o777 == 0o555
    assert (tree / "a.py").read_bytes() == b"old a"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out"]


def test_what_git_knows_is_copied_whatever_its_folder_is_called(tree: Path, tmp_path: Path) -> None:
    for name in (".ipynb_checkpoints/a.ipynb", "sub/venv/data.bin", "node_modules/cache.bin"):
        (tree / name).parent.mkdir()
        (tree / name).write_bytes(b"old")
    (tree / ".gitignore").write_bytes(b"node_modules")
    git(tree, "init", "-q")
    git(tree, "add", ".")
    new = {PurePosixPath(".ipynb_checkpoints/a.ipynb"): b"new"}
    assert copy_out(tree, tmp_path / "out", new).errors == {}
    assert snapshot(tmp_path / "out") == {
        ".gitignore": b"node_modules", ".ipynb_checkpoints/a.ipynb": b"new", "a.py": b"old a",
        "sub/data.bin": b"\0", "sub/venv/data.bin": b"old",
    }  # fmt: skip


def test_links_are_copied_as_links_and_nothing_is_written_through_them(
    tree: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (tree / "link").symlink_to(tmp_path / "outside")
    (tree / "link.py").symlink_to("a.py")
    copy_out(tree, tmp_path / "out", NEW)
    assert (tmp_path / "out/link").is_symlink() and (tmp_path / "out/link.py").is_symlink()
    assert list((tmp_path / "outside").iterdir()) == []


def test_over_another_copy_links_are_links_as_well(tree: Path, tmp_path: Path) -> None:
    (tree / "link").symlink_to("sub")
    (tmp_path / "out/sub").mkdir(parents=True)
    (tmp_path / "out/sub/mine").write_bytes(b"mine")
    copy_out(tree, tmp_path / "out", NEW)
    assert (tmp_path / "out/link").readlink() == Path("sub")
    assert snapshot(tmp_path / "out").keys() == {"a.py", "sub/data.bin", "sub/mine", "written.py"}


@pytest.mark.parametrize("there", ["a link", "a file", "a folder"])
def test_what_is_in_the_way_of_a_copy_is_not_touched(
    tree: Path, tmp_path: Path, there: str
) -> None:
    out, outside = tmp_path / "out", tmp_path / "outside"
    out.mkdir()
    outside.mkdir()
    if there == "a link":
        (out / "sub").symlink_to(outside)
    elif there == "a file":
        (out / "sub").write_bytes(b"mine")
    else:
        (out / "a.py").mkdir()
    before = sorted(out.iterdir())
    with pytest.raises(CannotCopy, match=r"sub is a link, or no folder|a\.py is a folder"):
        copy_out(tree, out, NEW)
    assert sorted(out.iterdir()) == before and not list(outside.iterdir())


def test_what_cannot_be_copied_is_said(tree: Path, tmp_path: Path) -> None:
    os.mkfifo(tree / "pipe")
    copied = copy_out(tree, tmp_path / "out", NEW)
    assert copied.notes == ["pipe is a pipe, socket or device: it is not in the copy"]
    assert (tmp_path / "out/a.py").read_bytes() == b"new a"


@pytest.mark.parametrize("place", [".", "sub", "sub/new", "..", "../tree", "../link"])
def test_no_copy_into_the_tree_or_around_it(tree: Path, place: str) -> None:
    (tree.parent / "link").symlink_to(tree)
    with pytest.raises(CannotCopy):
        check_target(tree, tree / place)


def test_no_copy_over_other_files(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    check_target(tree, out)
    (out / "mine").write_text("kept")
    with pytest.raises(CannotCopy, match="holds files already"):
        check_target(tree, out)
    check_target(tree, out, overwrite=True)
    copy_out(tree, out, NEW)
    assert snapshot(out)["mine"] == b"kept"
    with pytest.raises(CannotCopy, match="is a file"):
        check_target(tree, out / "mine", overwrite=True)


def test_an_empty_folder_behind_a_link_is_filled(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to("real")
    copy_out(tree, tmp_path / "out", NEW)
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "real/a.py").read_bytes() == b"new a"


def test_a_killed_run_leaves_a_whole_copy_or_none(tree: Path, tmp_path: Path) -> None:
    with at_step(0, die) as done:
        copy_out(tree, tmp_path / "whole", NEW)
    for number in range(1, len(done) + 1):
        out = tmp_path / f"out{number}"

        def killed(number: int = number, out: Path = out) -> None:
            with at_step(number, die):
                copy_out(tree, out, NEW)

        in_child(killed)
        assert not out.exists() or snapshot(out) == snapshot(tmp_path / "whole")
    assert done
