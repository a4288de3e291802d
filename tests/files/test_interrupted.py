"""A run that is killed: each file is old or new, and the next run ends what it began."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path, PurePosixPath

import pytest

from slimport.files.journal import JOURNAL, Unfinished, pending, recover
from slimport.files.signals import undisturbed
from slimport.files.temporary import temporary_name
from slimport.files.write import Writing
from slimport.rewrite.command import Request, run
from tests.files.planted import add, at_step, die, in_child, snapshot

OLD = {"a.py": b"old a", "sub/b.py": b"old b", "sub/c.py": b"old c"}
NEW = {"a.py": b"new a", "sub/b.py": b"new b", "sub/c.py": b"new c", "written.py": b"new"}


def make(root: Path, files: dict[str, bytes] = OLD) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def replace_all(root: Path) -> None:
    with Writing(root) as writing:
        for name, data in NEW.items():
            writing.stage(PurePosixPath(name), data, OLD.get(name))
        writing.commit()
        assert writing.errors == {}


def steps(root: Path) -> int:
    with at_step(0, die) as done:
        replace_all(make(root))
    return len(done)


def sources(root: Path) -> dict[str, bytes]:
    return {name: data for name, data in snapshot(root).items() if name.endswith(".py")}


def test_killed_at_any_step_all_files_are_old_or_all_are_new_after_the_next_run(
    tmp_path: Path,
) -> None:
    count = steps(tmp_path / "steps")
    assert count > 12, "staging, journal, renaming, cleaning up"
    seen = set()
    for number in range(1, count + 1):
        root = make(tmp_path / str(number))

        def killed(root: Path = root, number: int = number) -> None:
            with at_step(number, die):
                replace_all(root)

        assert in_child(killed) == -signal.SIGKILL
        for name, data in sources(root).items():
            assert data in (OLD.get(name), NEW[name]), f"step {number}: {name} is half written"
        for journal in pending([root]):
            recover(journal)
        found = sources(root)
        assert found in (OLD, NEW), f"step {number}"
        seen.add(found == NEW)
        if found == OLD:
            replace_all(root)
        assert snapshot(root) == NEW, f"step {number}: something was left behind"
    assert seen == {True, False}


def test_told_to_end_while_files_are_renamed_it_renames_them_all_first(tmp_path: Path) -> None:
    count = steps(tmp_path / "steps")
    ended = 0
    for number in range(1, count + 1):
        root = make(tmp_path / str(number))

        def told(root: Path = root, number: int = number) -> None:
            # In the background of a script Python starts with the signal ignored.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            with at_step(number, lambda: signal.raise_signal(signal.SIGINT)):
                try:
                    replace_all(root)
                except KeyboardInterrupt:
                    raise SystemExit(130) from None

        ended += in_child(told) == 130
        assert snapshot(root) in (OLD, NEW), f"step {number}"
    assert ended == count


def test_told_to_end_it_ends_though_the_renaming_fails() -> None:
    def told() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with undisturbed():
                signal.raise_signal(signal.SIGINT)
                raise OSError("no space")
        except KeyboardInterrupt:
            raise SystemExit(130) from None

    assert in_child(told) == 130


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    """Of another machine, of a process that lives, or of nobody's name."""
    alive = temporary_name()
    names = [alive, ".slimport-00000000-1-0.tmp", "a.tmp", ".slimport-x.tmp"]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    assert add(tmp_path / "a.py", b"x") == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names, "a.py"])


def test_what_a_dead_process_left_is_removed(tmp_path: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    mine, _, rest = temporary_name().rpartition(f"-{os.getpid()}-")
    (tmp_path / f"{mine}-{dead.pid}-{rest}").write_bytes(b"")
    old = tmp_path / ".slimport-00000000-1-0.tmp"
    old.write_bytes(b"")
    os.utime(old, (time.time() - 7200,) * 2)
    assert add(tmp_path / "a.py", b"x") == {}
    assert [path.name for path in tmp_path.iterdir()] == ["a.py"]


def interrupted(root: Path) -> Path:
    """A tree whose journal was written, and nothing after it."""

    def killed() -> None:
        seen = 0
        replace = os.replace

        def step(*given: object, **named: object) -> None:
            nonlocal seen
            seen += 1
            if seen == 2:
                die()
            replace(*given, **named)  # type: ignore[arg-type]

        os.replace = step  # type: ignore[assignment]
        replace_all(root)

    make(root)
    assert in_child(killed) == -signal.SIGKILL
    assert (root / JOURNAL).exists()
    return root


def test_a_change_by_the_user_in_between_is_kept(tmp_path: Path) -> None:
    root = interrupted(tmp_path)
    (root / "sub/c.py").write_bytes(b"by the user")
    with pytest.raises(Unfinished, match=r"sub/c\.py was changed since"):
        recover(root / JOURNAL)
    assert (root / "sub/c.py").read_bytes() == b"by the user"
    assert (root / JOURNAL).exists(), "it is said again until somebody looks"


@pytest.mark.parametrize(
    "entry",
    [
        {"path": "../outside.py"},
        {"path": "link/outside.py"},
        {"temporary": "sub/b.py"},
        {"temporary": "evil.py"},
    ],
)
def test_a_journal_of_somebody_else_writes_nothing_elsewhere(
    tmp_path: Path, entry: dict[str, str]
) -> None:
    root, away = tmp_path / "tree", tmp_path / "away"
    name = temporary_name()
    make(away, {"outside.py": b"old a", name: b"new a"})
    make(root, {**OLD, name: b"new a", "evil.py": b"new a"})
    (root / "link").symlink_to(away)
    (tmp_path / "outside.py").write_bytes(b"old a")
    (tmp_path / name).write_bytes(b"new a")
    import hashlib

    digests = {key: hashlib.sha256(f"{key} a".encode()).hexdigest() for key in ("old", "new")}
    planted = [{"path": "a.py", "temporary": name, **digests, **entry}]
    (root / JOURNAL).write_text(json.dumps(planted))
    with pytest.raises(Unfinished):
        recover(root / JOURNAL)
    assert (tmp_path / "outside.py").read_bytes() == b"old a"
    assert (away / "outside.py").read_bytes() == b"old a"
    assert (root / "a.py").read_bytes() == b"old a"


def test_a_run_that_goes_on_is_not_disturbed(tmp_path: Path) -> None:
    import fcntl

    root = interrupted(tmp_path)
    with (root / JOURNAL).open("rb") as journal:
        fcntl.flock(journal, fcntl.LOCK_EX)
        process = os.fork()  # another process has the lock
        if process == 0:
            time.sleep(60)
            os._exit(0)
    try:
        with pytest.raises(Unfinished, match="another slimport is writing here"):
            recover(root / JOURNAL)
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    recover(root / JOURNAL)
    assert snapshot(root) == NEW


NET = (
    "import tf_slim as slim\n\n\ndef net(x):\n    with slim.arg_scope([slim.conv2d], stride=2):\n"
    "        return slim.conv2d(x, 8, 3, scope='c')\n"
)
TRAIN = (
    "import tf_slim as slim\n\nimport net\n\n\ndef train(x):\n"
    "    with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm):\n"
    "        return slim.flatten(net.net(x))\n"
)
SLIM = {"net.py": NET.encode(), "train.py": TRAIN.encode(), "eval.py": TRAIN.encode()}


def test_check_after_a_killed_run_is_an_error_and_the_next_run_ends_it(tmp_path: Path) -> None:
    whole, root = make(tmp_path / "whole", SLIM), make(tmp_path / "tree", SLIM)
    assert not run(Request((whole,))).report.failed
    with at_step(0, die) as done:
        run(Request((make(tmp_path / "steps", SLIM),)))
    found = set()
    for number in range(1, len(done) + 1):
        make(root, SLIM)

        def killed(number: int = number) -> None:
            with at_step(number, die):
                run(Request((root,)))

        assert in_child(killed) == -signal.SIGKILL
        mixed = sources(root) not in (SLIM, snapshot(whole))
        if mixed:
            failed = run(Request((root,), write=False)).report.failed
            assert [file.error for file in failed] == [
                "a run was interrupted while it replaced files: run slimport rewrite again"
            ]
        assert not run(Request((root,))).report.failed
        assert snapshot(root) == snapshot(whole), f"step {number}"
        found.add(mixed)
        (root / "scoped_layers.py").unlink()
    assert found == {True, False}
