"""No time goes into looking for garbage, and none of it piles up."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from pathlib import Path

from slimport.rewrite.garbage import one_by_one, without_collector

#: Runs the program and counts how often the collector looks, and whether it would in the end.
DRIVER = """
import gc
from slimport.__main__ import main
looks = []
gc.callbacks.append(lambda phase, info: looks.append(info) if phase == "start" else None)
try:
    main()
finally:
    import atexit
    atexit._run_exitfuncs()
    print("looked", len(looks), "frozen", gc.get_freeze_count() > 1000)
"""
NET = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 4, 3, scope='c')\n"


class Circle:
    def __init__(self) -> None:
        self.itself = self


def test_the_program_looks_for_no_garbage(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(NET, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, "rewrite", "-q", "--check", "net.py"],
        capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["looked", "0", "frozen", "True"], done.stdout + done.stderr


def test_what_one_program_has_left_is_gone_before_the_next() -> None:
    with without_collector():
        made = []
        for _ in one_by_one(range(3)):
            assert all(circle() is None for circle in made)
            made.append(weakref.ref(Circle()))
        assert made[-1]() is not None


def test_the_collector_is_left_as_it_was() -> None:
    with without_collector():
        with without_collector():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
