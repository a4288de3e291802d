"""Real processes over a real tree, killed at many moments."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.files.planted import snapshot

FIXTURE = Path(__file__).parents[2] / "fixtures/legacy/ssd_inception_v2"
#: Each step on the disk takes its time, so that a signal can come at any of them.
SLOW = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background of a script
for name in ("fsync", "replace", "unlink"):
    def slow(*given, _original=getattr(os, name), **named):
        time.sleep(0.01)
        return _original(*given, **named)
    setattr(os, name, slow)
from slimport.cli import main
main(["rewrite", "--jobs", "2", sys.argv[1]])
"""


def start(tree: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", SLOW, str(tree)], start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def members(group: int) -> list[str]:
    """The processes of a group that still run."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(status.parent.name)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "tell"),
    [
        (signal.SIGKILL, os.kill),
        (signal.SIGTERM, os.kill),
        (signal.SIGINT, os.kill),
        (signal.SIGINT, os.killpg),  # as a terminal does it: the workers are told, too
    ],
    ids=["killed", "terminated", "interrupted", "interrupted with its workers"],
)
def test_a_run_that_is_told_to_end_at_any_moment(
    tmp_path: Path, number: signal.Signals, tell: Callable[[int, int], None]
) -> None:
    old = snapshot(FIXTURE)
    shutil.copytree(FIXTURE, tmp_path / "whole")
    begin = time.monotonic()
    assert start(tmp_path / "whole").wait() in (0, 1)
    lasts = time.monotonic() - begin
    new = snapshot(tmp_path / "whole")
    assert old != new
    choice = random.Random(number)
    seen = set()
    for turn in range(12):
        tree = tmp_path / f"tree{turn}"
        shutil.copytree(FIXTURE, tree)
        process = start(tree)
        # Most of them while files are written, in the last third of a run.
        time.sleep(lasts * choice.uniform(*((0.6, 1.1) if turn % 3 else (0.0, 0.6))))
        tell(process.pid, number)
        process.wait()
        found = {name: data for name, data in snapshot(tree).items() if ".slimport-" not in name}
        for name, data in found.items():
            assert data in (old.get(name), new.get(name)), f"{name} is half written"
        if number != signal.SIGKILL:
            assert found in (old, new), "told to end, it leaves a whole tree"
            assert snapshot(tree) == found, "and nothing else"
        seen.add(found == old)
        # A worker goes on with its file until it asks for the next one.
        deadline = time.monotonic() + 60
        while members(process.pid) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not members(process.pid), "its workers end with it"
        assert start(tree).wait() in (0, 1)
        assert snapshot(tree) == new, "the next run gives what one run gives"
        shutil.rmtree(tree)
    assert seen == {True, False}
