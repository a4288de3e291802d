"""One side of a run: the worker process, its time limit, and the answers that come back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from slimport.verify import compare, protocol
from slimport.verify.cache import AnswerCache
from slimport.verify.news import News, Progress, Stage

#: The sides, and the script that answers for each.
SCRIPTS = {"old": "old_worker.py", "new": "new_worker.py", "graph": "graph_worker.py"}
#: What runs a script of the user's own on the old side.
OWN_WORKER = "reference_worker.py"

_POLL = 0.1
_LOG_LINES = 30


@dataclass
class Side:
    """One worker's side of a run: its request, and what has come back so far."""

    name: str
    script: Path
    python: str
    folder: Path
    request: dict[str, Any]
    timeout: float
    progress: Progress
    cache: AnswerCache | None = None
    crashes: dict[int, str] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def environment(self) -> dict[str, str]:
        """Versions on this side; empty where the worker never came up."""
        path = self.folder / protocol.ENVIRONMENT_FILE
        return dict(protocol.read_json(path)) if path.exists() else {}

    def answer(self, place: int, mode: str) -> compare.Answered:
        """Returns the answer to one mode of one case, which may be an error."""
        if place in self.crashes:
            return compare.Answered({"error": _crash(self.crashes[place])}, {})
        folder = self.case_folder(place)
        meta = protocol.read_json(folder / protocol.META_FILE)["modes"][mode]
        if meta.get("error") is not None:
            return compare.Answered(meta, {})
        with np.load(folder / f"{mode}.npz", allow_pickle=False) as arrays:
            return compare.Answered(meta, dict(arrays))

    def run(self) -> None:
        """Runs workers until every case has an answer or a reason why not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        left = [case for case in self.request["cases"] if not self._restored(case)]
        attempt = 0
        while left and not self.stop.is_set():
            reason = self._run_worker(left, attempt)
            left = [case for case in left if not self._is_answered(case["index"])]
            if left:
                failed = left.pop(0)
                self.crashes[failed["index"]] = f"{reason}\n{self._log(attempt)}"
                self._tell(failed["name"], Stage.FAILED, reason)
                if not self.environment:
                    for case in left:
                        self.crashes[case["index"]] = self.crashes[failed["index"]]
                    return
            attempt += 1
        if self.cache is not None:
            self._store(self.cache)

    def _tell(self, case: str, stage: Stage, reason: str = "") -> None:
        self.progress(self.name, News(case, stage, len(self.request["cases"]), reason))

    def _restored(self, case: Any) -> bool:
        """Takes the answer to a case from the cache, if it is there."""
        if self.cache is None or not self.cache.restore(self, case):
            return False
        self._tell(case["name"], Stage.UNCHANGED)
        return True

    def _store(self, cache: AnswerCache) -> None:
        for case in self.request["cases"]:
            if self._is_answered(case["index"]):
                cache.store(self, case)

    def case_folder(self, place: int) -> Path:
        """Folder of the answer to a case."""
        return self.folder / f"case-{place}"

    def _run_worker(self, left: Sequence[Any], attempt: int) -> str:
        """Runs one process over the cases left; returns why it ended early, if it did."""
        path = self.folder / f"request-{attempt}.json"
        protocol.write_json(path, {**self.request, "cases": list(left)})
        with (self.folder / f"log-{attempt}.txt").open("wb") as log:
            process = subprocess.Popen(
                [self.python, str(self.script), str(path)],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=_environment(self.name, self.python),
                start_new_session=True,
            )
            try:
                return self._wait(process, left)
            finally:
                _kill(process)

    def _wait(self, process: subprocess.Popen[bytes], left: Sequence[Any]) -> str:
        waiting = [case["index"] for case in left]
        names = {case["index"]: case["name"] for case in left}
        deadline = time.monotonic() + self.timeout
        self._tell(names[waiting[0]], Stage.BEGUN)
        while not self.stop.is_set():
            code = process.poll()
            while waiting and self._is_answered(waiting[0]):
                self._tell(names[waiting.pop(0)], Stage.DONE)
                if waiting:
                    self._tell(names[waiting[0]], Stage.BEGUN)
                deadline = time.monotonic() + self.timeout
            if code is not None:
                return _ending(code)
            if time.monotonic() > deadline:
                return f"no answer within {self.timeout:.0f} s; the worker was ended"
            time.sleep(_POLL)
        return "interrupted"

    def _is_answered(self, place: int) -> bool:
        return (self.case_folder(place) / protocol.META_FILE).exists()

    def _log(self, attempt: int) -> str:
        path = self.folder / f"log-{attempt}.txt"
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LOG_LINES:])


def _crash(text: str) -> dict[str, str]:
    return {"stage": "running the worker", "kind": "crash", "message": text, "traceback": text}


def _ending(code: int) -> str:
    if code < 0:
        return f"the worker was killed by {signal.Signals(-code).name}"
    return f"the worker ended with status {code}"


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a worker and whatever it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment(side: str, python: str) -> dict[str, str]:
    """Environment of a worker: CPU, few words, and kernels that do not depend on the machine.

    oneDNN reorders sums (3.4e-5 absolute on Inception v2), and TensorFlow 1.15 has none. A process
    has one pool of threads for kernels, as large as whatever asked first made it; some kernels race
    (the gradient of crop_and_resize loses terms), so that the variable says one before any asks.
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
        TF_ENABLE_ONEDNN_OPTS="0",
        TF_NUM_INTRAOP_THREADS="1",
    )
    found.pop("TF_USE_LEGACY_KERAS", None)
    if side == "new":
        found["KERAS_BACKEND"] = "tensorflow"
    return found
