"""Real processes over a real tree, told to end at moments of their own progress."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.files.planted import snapshot

FIXTURE = Path(__file__).parents[2] / "fixtures/legacy/ssd_inception_v2"
#: Each step is counted, and before one of them the process says so and waits: a moment is the same
#: however fast the machine is.
STEPPING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background of a script
own, last, told, go = os.getpid(), *map(int, sys.argv[2:])
done = 0

def step():
    global done
    if os.getpid() == own:
        done += 1
        if done == last:
            os.write(told, b"x")
            os.read(go, 1)

for name in ("fork", "fsync", "replace", "unlink"):
    def stepping(*given, _original=getattr(os, name), **named):
        step()
        return _original(*given, **named)
    setattr(os, name, stepping)
step()
from slimport.cli import main
try:
    main(["rewrite", "--jobs", "2", sys.argv[1]])
finally:
    step()
    if last == 0:
        os.write(told, str(done).encode())
"""


@dataclass(frozen=True)
class Run:
    """A process that stops before one of its steps.

    Attributes:
        process: The process.
        told: Says that the step is reached; without a step to stop before, how many there were.
        go: Lets it go on.
    """

    process: subprocess.Popen[bytes]
    told: int
    go: int

    @classmethod
    def start(cls, tree: Path, step: int = 0) -> Run:
        told, told_by = os.pipe()
        awaited, go = os.pipe()
        arguments = [str(tree), str(step), str(told_by), str(awaited)]
        process = subprocess.Popen(
            [sys.executable, "-c", STEPPING, *arguments], start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(told_by, awaited),
        )  # fmt: skip
        for theirs in (told_by, awaited):
            os.close(theirs)
        return cls(process, told, go)

    def reached(self) -> bytes:
        """Waits for the step; empty where the process ends before."""
        return os.read(self.told, 100)

    def end(self) -> int:
        """Lets it go on to its end; returns its exit code."""
        with contextlib.suppress(BrokenPipeError):  # it was killed
            os.write(self.go, b"x")
        code = self.process.wait()
        os.close(self.told)
        os.close(self.go)
        return code


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


#: Moments of a run that are tried, from its first step to its last.
MOMENTS = 10


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
    whole = Run.start(tmp_path / "whole")
    count = int(whole.reached())
    assert whole.end() in (0, 1) and count > 3 * MOMENTS
    new = snapshot(tmp_path / "whole")
    assert old != new
    seen = set()
    for moment in range(MOMENTS):
        step = 1 + moment * (count - 1) // (MOMENTS - 1)
        tree = tmp_path / f"tree{step}"
        shutil.copytree(FIXTURE, tree)
        run = Run.start(tree, step)
        assert run.reached() == b"x", f"step {step} of {count}"
        tell(run.process.pid, number)
        code = run.end()
        assert code in (-number, 128 + number), f"step {step}"
        found = {name: data for name, data in snapshot(tree).items() if ".slimport-" not in name}
        for name, data in found.items():
            assert data in (old.get(name), new.get(name)), f"step {step}: {name} is half written"
        if number != signal.SIGKILL:
            assert found in (old, new), f"step {step}: told to end, it leaves a whole tree"
            assert snapshot(tree) == found, f"step {step}: and nothing else"
        seen.add(found == old)
        # A worker goes on with its file until it asks for the next one.
        deadline = time.monotonic() + 60
        while members(run.process.pid) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not members(run.process.pid), f"step {step}: its workers end with it"
        assert Run.start(tree).end() in (0, 1)
        assert snapshot(tree) == new, f"step {step}: the next run gives what one run gives"
        shutil.rmtree(tree)
    assert seen == {True, False}
