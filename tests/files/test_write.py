"""Replacing files: permissions, links, and everything that can be in the way."""

from __future__ import annotations

import os
import resource
import stat
from pathlib import Path, PurePosixPath

import pytest

from slimport.files.write import Writing
from tests.files.planted import add, in_child, without_override

NAME = PurePosixPath("a.py")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    root.mkdir()
    (root / "a.py").write_bytes(b"old a")
    (root / "b.py").write_bytes(b"old b")
    return root


def write(root: Path, **files: bytes) -> dict[str, str]:
    """Replaces files, which hold "old NAME"; the errors."""
    with Writing(root) as writing:
        for name, data in files.items():
            writing.stage(PurePosixPath(f"{name}.py"), data, f"old {name}".encode())
        writing.commit()
    return {str(name): error for name, error in writing.errors.items()}


def test_files_are_replaced_and_nothing_stays_beside_them(tree: Path) -> None:
    assert write(tree, a=b"new a", b=b"new b") == {}
    assert (tree / "a.py").read_bytes() == b"new a"
    assert sorted(path.name for path in tree.iterdir()) == ["a.py", "b.py"]


@pytest.mark.parametrize("mode", [0o755, 0o640, 0o600, 0o2755, 0o4711])
def test_permissions_stay(tree: Path, mode: int) -> None:
    (tree / "a.py").chmod(mode)
    assert write(tree, a=b"new") == {}
    assert stat.S_IMODE((tree / "a.py").stat().st_mode) == mode


def test_new_files_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        assert add(tmp_path / "new.py", b"x") == {}
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new.py").stat().st_mode) == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_owner_and_group_stay(tree: Path) -> None:
    os.chown(tree / "a.py", 1234, 2345)
    (tree / "a.py").chmod(0o6755)
    assert write(tree, a=b"new") == {}
    found = (tree / "a.py").stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 2345, 0o6755)


def test_extended_attributes_stay(tree: Path) -> None:
    try:
        os.setxattr(tree / "a.py", "user.note", b"kept")
    except OSError:
        pytest.skip("no extended attributes here")
    assert write(tree, a=b"new") == {}
    assert os.getxattr(tree / "a.py", "user.note") == b"kept"


def test_other_names_of_a_file_keep_the_old_text_and_that_is_said(tree: Path) -> None:
    (tree / "other.txt").hardlink_to(tree / "a.py")
    with Writing(tree) as writing:
        writing.stage(NAME, b"new", b"old a")
        writing.commit()
    assert (tree / "other.txt").read_bytes() == b"old a"
    assert writing.notes == ["a.py had 2 names (hard links): the others keep the old text"]


def test_a_link_is_not_written_through(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_bytes(b"old a")
    (tree / "a.py").unlink()
    (tree / "a.py").symlink_to(outside)
    assert "it is a symbolic link" in write(tree, a=b"new")["a.py"]
    assert outside.read_bytes() == b"old a"
    assert (tree / "a.py").is_symlink()


@pytest.mark.parametrize("when", ["before", "between"])
def test_a_folder_that_became_a_link_leads_nowhere(tree: Path, tmp_path: Path, when: str) -> None:
    inside, outside = tree / "sub", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "a.py").write_bytes(b"old")

    def swap() -> None:
        inside.rename(tree / "away")
        inside.symlink_to(outside)

    if when == "before":
        swap()
    with Writing(tree) as writing:
        writing.stage(PurePosixPath("sub/a.py"), b"new", b"old")
        if when == "between":
            assert writing.errors == {}
            swap()
        writing.commit()
    assert writing.errors.keys() == {PurePosixPath("sub/a.py")}
    assert [path.name for path in outside.iterdir()] == ["a.py"]
    assert (outside / "a.py").read_bytes() == b"old"


@pytest.mark.parametrize("name", ["../a.py", "sub/../../a.py", "/tmp/a.py"])
def test_nothing_outside_of_the_folder_is_written(tree: Path, name: str) -> None:
    (tree / "sub").mkdir()
    with Writing(tree / "sub") as writing:
        writing.stage(PurePosixPath(name), b"new", b"old a")
        writing.commit()
    assert "leads out of the given folder" in writing.errors[PurePosixPath(name)]
    assert (tree / "a.py").read_bytes() == b"old a"


def change(tree: Path) -> None:
    (tree / "a.py").write_bytes(b"by the user")


def remove(tree: Path) -> None:
    (tree / "a.py").unlink()


@pytest.mark.parametrize("what", [change, remove])
@pytest.mark.parametrize("when", ["before", "between"])
def test_what_changed_since_it_was_read_is_kept(tree: Path, what: object, when: str) -> None:
    assert callable(what)
    with Writing(tree) as writing:
        if when == "before":
            what(tree)
        writing.stage(NAME, b"new", b"old a")
        writing.stage(PurePosixPath("b.py"), b"new", b"old b")
        if when == "between":
            what(tree)
        writing.commit()
    assert writing.errors.keys() == {NAME}
    found = (tree / "a.py").read_bytes() if (tree / "a.py").exists() else b""
    assert found == (b"by the user" if what is change else b"")
    assert (tree / "b.py").read_bytes() == b"old b", "the caller decides what to do without a.py"


def test_a_file_that_appeared_meanwhile_is_kept(tree: Path) -> None:
    with Writing(tree) as writing:
        writing.stage(NAME, b"new", None)
        writing.commit()
    assert writing.errors.keys() == {NAME}
    assert (tree / "a.py").read_bytes() == b"old a"


def test_read_only_file(tree: Path) -> None:
    (tree / "a.py").chmod(0o444)
    assert write(tree, a=b"new", b=b"new") == {"a.py": "cannot be written: read-only file"}


def test_read_only_folder(tree: Path) -> None:
    tree.chmod(0o555)
    try:
        with without_override():
            assert write(tree, a=b"new") == {"a.py": "cannot be written: Permission denied"}
    finally:
        tree.chmod(0o755)
    assert (tree / "a.py").read_bytes() == b"old a"


def test_full_disk_leaves_the_old_file_and_nothing_else(tree: Path) -> None:
    def small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
        errors = write(tree, a=b"new" * 100, b=b"new")
        raise SystemExit(0 if errors == {"a.py": "cannot be written: File too large"} else 1)

    import signal

    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        assert in_child(small_files_only) == 0
    finally:
        signal.signal(signal.SIGXFSZ, before)
    assert (tree / "a.py").read_bytes() == b"old a"
    assert sorted(path.name for path in tree.iterdir()) == ["a.py", "b.py"]


def test_everything_reaches_the_disk_before_anything_is_renamed(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda given: (done.append("fsync"), fsync(given))[1])
    monkeypatch.setattr(
        os, "replace", lambda *g, **n: (done.append("replace"), replace(*g, **n))[1]
    )
    assert write(tree, a=b"new a", b=b"new b") == {}
    files, journal, folder = ["fsync"] * 2, ["fsync", "fsync"], ["fsync"]
    assert done == [*files, *journal, "replace", "replace", *folder]
