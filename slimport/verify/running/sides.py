"""One side of a run: what its workers are asked, and the answers that come back."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from slimport.verify import protocol
from slimport.verify.comparing.answered import Answered
from slimport.verify.running import watch
from slimport.verify.running.cache import AnswerCache
from slimport.verify.running.news import News, Progress, Stage

#: The sides, and the script that answers for each.
SCRIPTS = {
    "old": "old_worker.py",
    "base": "base_worker.py",
    "new": "new_worker.py",
    "graph": "graph_worker.py",
}
#: What runs a script of the user's own on the old side.
OWN_WORKER = "reference_worker.py"


@dataclass
class Side:
    """One side of a run: its request, and what has come back so far."""

    name: str
    script: Path
    python: str
    folder: Path
    request: dict[str, Any]
    timeout: float
    progress: Progress
    cache: AnswerCache | None = None
    crashes: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._started = itertools.count()
        self._told: dict[int, News] = {}
        self._untold = deque(case["index"] for case in self.request["cases"])
        self._lock = threading.Lock()

    @property
    def environment(self) -> dict[str, str]:
        """Versions on this side; empty where no worker ever came up."""
        try:
            return dict(protocol.read_json(self.folder / protocol.ENVIRONMENT_FILE))
        except (OSError, ValueError, TypeError):
            return {}

    def answer(self, place: int, mode: str) -> Answered:
        """Returns the answer to one mode of one case, which may be an error."""
        if place in self.crashes:
            return _error("running the worker", "crash", self.crashes[place])
        folder = self.case_folder(place)
        try:
            meta = protocol.read_json(folder / protocol.META_FILE)["modes"][mode]
            if meta.get("error") is not None:
                return Answered(meta, {})
            with np.load(folder / f"{mode}.npz", allow_pickle=False) as arrays:
                found = dict(arrays)
                return Answered(protocol.completed(meta, found), found)
        except Exception as error:  # whatever a worker may have written
            text = f"{mode} in {folder.name}: {type(error).__name__}: {error}"
            return _error("reading the answer of the worker", type(error).__name__, text)

    def run(self) -> None:
        """Runs one worker after the other until every case has an answer or a reason why not."""
        from slimport.verify.running import pool

        pool.Pool([self], pool.Limits()).run()

    def begin(self) -> list[Any]:
        """Returns the cases that workers are to answer, since the cache does not.

        In a folder that is kept (``--keep``) lies what a run before has answered. Nothing else is
        taken away there: it is the user's.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / protocol.ENVIRONMENT_FILE).unlink(missing_ok=True)
        for case in self.request["cases"]:
            if self.case_folder(case["index"]).exists():
                self.forget(case)
        return [case for case in self.request["cases"] if not self._restored(case)]

    def start(self, cases: Sequence[Any]) -> watch.Worker:
        """Starts a worker that answers some cases."""
        number = next(self._started)
        path = self.folder / f"request-{number}.json"
        protocol.write_json(path, {**self.request, "cases": list(cases)})
        log = self.folder / f"log-{number}.txt"
        log.unlink(missing_ok=True)
        return watch.Worker(self.command(path), log, worker_environment(self))

    def command(self, request: Path) -> list[str]:
        """The command that answers a request."""
        return [self.python, str(self.script), str(request)]

    def begun(self, case: Any) -> None:
        """Tells that a worker has turned to a case."""
        self.progress(self.name, self._news(case, Stage.BEGUN))

    def done(self, case: Any) -> None:
        """Keeps the answer to a case, and tells that it is there."""
        if self.cache is not None:
            self.cache.store(self, case)
        self._tell(case, Stage.DONE)

    def failed(self, case: Any, report: str) -> None:
        """Gives up a case: a reason, and below it the end of the worker's log."""
        self.crashes[case["index"]] = report
        self._tell(case, Stage.FAILED, report.split("\n", 1)[0])

    def forget(self, case: Any) -> None:
        """Drops the answer to a case that is to run again."""
        shutil.rmtree(self.case_folder(case["index"]))

    def finish(self) -> None:
        """Ends a run: keeps the cache within its limit."""
        if self.cache is not None:
            self.cache.trim()

    def _news(self, case: Any, stage: Stage, reason: str = "") -> News:
        return News(case["name"], stage, len(self.request["cases"]), reason)

    def _tell(self, case: Any, stage: Stage, reason: str = "") -> None:
        """Tells what became of a case, in the order of the case file."""
        with self._lock:
            self._told[case["index"]] = self._news(case, stage, reason)
            while self._untold and self._untold[0] in self._told:
                self.progress(self.name, self._told[self._untold.popleft()])

    def _restored(self, case: Any) -> bool:
        """Takes the answer to a case from the cache, if it is there."""
        if self.cache is None or not self.cache.restore(self, case):
            return False
        self._tell(case, Stage.UNCHANGED)
        return True

    def case_folder(self, place: int) -> Path:
        """Folder of the answer to a case."""
        return self.folder / f"case-{place}"

    def is_answered(self, place: int) -> bool:
        """Whether a case has its answer."""
        return (self.case_folder(place) / protocol.META_FILE).exists()

    def has_error(self, case: Any) -> bool:
        """Whether the answer to a case is an error in one of its modes, or cannot be read."""
        try:
            meta = protocol.read_json(self.case_folder(case["index"]) / protocol.META_FILE)
            return any(mode.get("error") for mode in meta["modes"].values())
        except Exception:  # whatever a worker may have written
            return True


def _error(stage: str, kind: str, text: str) -> Answered:
    error = {"stage": stage, "kind": kind, "message": text, "traceback": text}
    return Answered({"error": error}, {})


def worker_environment(side: Side) -> dict[str, str]:
    """Environment of a worker: CPU, few words, and kernels that do not depend on the machine.

    oneDNN reorders sums (3.4e-5 absolute on Inception v2), and TensorFlow 1.15 has none. A process
    has one pool of threads for kernels, as large as whatever asked first made it; some kernels race
    (the gradient of crop_and_resize loses terms), so that the variable says one before any asks.
    """
    is_new = side.request.get("side", side.name) in ("base", "new", "graph")
    found = environment_of(side.python, is_new)
    found.update(TF_ENABLE_ONEDNN_OPTS="0", TF_NUM_INTRAOP_THREADS="1")
    return found


def environment_of(python: str, is_new: bool) -> dict[str, str]:
    """Environment of any process that runs TensorFlow on the CPU, in few words.

    Args:
        python: Its interpreter.
        is_new: Whether it runs migrated code, on Keras 3.
    """
    found = dict(os.environ)
    if python != sys.executable:
        # TensorFlow 2 leaves its mark to its children; TensorFlow 1.15 then begins in eager mode.
        for name in ("PYTHONPATH", "PYTHONHOME", "TF2_BEHAVIOR"):
            found.pop(name, None)
    found.update(
        CUDA_VISIBLE_DEVICES="-1",
        PYTHONDONTWRITEBYTECODE="1",
        PYTHONHASHSEED="0",
        TF_CPP_MIN_LOG_LEVEL="3",
    )
    found.pop("TF_USE_LEGACY_KERAS", None)
    if is_new:
        found["KERAS_BACKEND"] = "tensorflow"
    return found
