"""Measurements in turns, each in a process of its own; of several runs the quickest counts."""

from __future__ import annotations

import atexit
import functools
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

UPGRADE = "tensorflow.tools.compatibility.tf_upgrade_v2_main"
_CLEAN = '''"""Nothing of slim is left here."""
import keras
import tensorflow as tf


def net(images):
    x = keras.layers.Conv2D(8, 3, padding="same", name="first")(images)
    return tf.reshape(x, [-1, 8])
'''


@dataclass(frozen=True)
class Row:
    """A comparison: seconds of slimport, and of what it is measured against."""

    what: str
    ours: float
    other: float

    @property
    def ratio(self) -> float:
        return self.ours / self.other


@functools.cache
def environment() -> dict[str, str]:
    """For all commands: modules are compiled once, as installers do it, and not in each run.

    What installers have compiled is left out of account for all alike.
    """
    folder = tempfile.mkdtemp(prefix="compiled-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    rest = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**rest, "PYTHONPYCACHEPREFIX": folder}


def seconds(command: Sequence[str], statuses: Sequence[int] = (0,)) -> float:
    """Wall time of a command.

    Raises:
        RuntimeError: it ended otherwise.
    """
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=environment())
    if done.returncode not in statuses:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return time.perf_counter() - start


def quickest(*measurements: Callable[[], float], runs: int) -> list[float]:
    """The least of several runs of each, taken in turns: what else runs then hits all alike.

    One more comes before: it compiles what is imported.
    """
    for measure in measurements:
        measure()
    rounds = [[measure() for measure in measurements] for _ in range(runs)]
    return [min(column) for column in zip(*rounds, strict=True)]


def against_libcst(tree: Path, runs: int) -> Row:
    """Processor time of the rewrite, beside reading and writing the same files with libcst."""

    def work(name: str) -> float:
        command = [sys.executable, "-m", "benchmarks.rewrite_speed.work", name, str(tree)]
        return float(json.loads(subprocess.check_output(command, env=environment())))

    ours, other = quickest(lambda: work("slimport"), lambda: work("libcst"), runs=runs)
    return Row("libcst parse and codegen, one process (CPU)", ours, other)


def rewrite(tree: Path, *options: str) -> float:
    """Wall time of the command, which writes a copy of the tree."""
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder, "out"))
        command = [sys.executable, "-m", "slimport", "rewrite", "-q", str(tree), "--out", out]
        return seconds([*command, *options], statuses=(0, 1, 2))


def upgrade(tree: Path) -> float:
    """Wall time of TensorFlow's own upgrade script, which writes a copy of the tree."""
    with tempfile.TemporaryDirectory() as folder:
        out, report = str(Path(folder, "out")), str(Path(folder, "report.txt"))
        command = [sys.executable, "-m", UPGRADE, "--intree", str(tree), "--outtree", out]
        return seconds([*command, "--reportfile", report])


def processor_time(work: Callable[[], float]) -> float:
    """Processor time of the commands that a piece of work runs, and of their processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def against_upgrade(tree: Path, runs: int) -> list[Row]:
    """The two commands, by the clock and by processor time, and without TensorFlow's start."""
    start = [sys.executable, "-c", f"import {UPGRADE}"]
    ours, other = quickest(lambda: rewrite(tree), lambda: upgrade(tree), runs=runs)
    ours_cpu, other_cpu, start_cpu = quickest(
        lambda: processor_time(lambda: rewrite(tree, "--jobs", "1")),
        lambda: processor_time(lambda: upgrade(tree)),
        lambda: processor_time(lambda: seconds(start)),
        runs=runs,
    )
    return [
        Row("tf_upgrade_v2, whole command", ours, other),
        Row("tf_upgrade_v2, one process (CPU)", ours_cpu, other_cpu),
        Row("the same without TensorFlow's start", ours_cpu, max(other_cpu - start_cpu, 0.01)),
    ]


def against_one_process(tree: Path, runs: int) -> Row:
    ours, other = quickest(lambda: rewrite(tree), lambda: rewrite(tree, "--jobs", "1"), runs=runs)
    return Row("slimport in one process, whole command", ours, other)


def check_of_a_clean_file(runs: int) -> list[Row]:
    """`--check` of a file with nothing to do, beside Python's own start."""
    with tempfile.TemporaryDirectory() as folder:
        plain, migrated = Path(folder, "plain.py"), Path(folder, "migrated.py")
        plain.write_text("import os\n\nprint(os.getcwd())\n")
        migrated.write_text(_CLEAN)
        check = [sys.executable, "-m", "slimport", "rewrite", "--check", "-q"]
        first, second, start = quickest(
            lambda: seconds([*check, str(plain)]),
            lambda: seconds([*check, str(migrated)]),
            lambda: seconds([sys.executable, "-c", "pass"]),
            runs=max(runs, 5),
        )
    return [
        Row("--check of a file without TensorFlow, beside `python -c pass`", first, start),
        Row("--check of a migrated file, beside `python -c pass`", second, start),
    ]


def has_upgrade() -> bool:
    """Whether TensorFlow's upgrade script is installed."""
    command = [sys.executable, "-c", f"import {UPGRADE}"]
    return subprocess.run(command, capture_output=True, env=environment()).returncode == 0


def copied(tree: Path, folder: Path) -> Path:
    """A copy without version control, which all tools see alike."""
    target = folder / tree.name
    shutil.copytree(tree, target, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    return target
