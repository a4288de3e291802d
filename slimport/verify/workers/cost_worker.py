"""One side of a measurement: builds a case and runs it as often as it is told to.

A script: ``python cost_worker.py REQUEST.json``. The request names two file descriptors; from one
come words, a line each, and each is answered by a line of JSON on the other: ``build`` and
``prepare`` (for training steps), ``infer`` and ``step`` by the seconds that they took, ``peak`` by
the bytes that the process has grown by since before ``build``. The two sides wait for each other,
so that what else the machine does hits both alike.

This file runs under CPython 3.7.
"""

# This file runs under CPython 3.7.

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    importlib.import_module("bootstrap")

from slimport.verify import protocol
from slimport.verify.workers import worker


def main(request: Any) -> None:
    """Answers until the pipe closes."""
    worker.enter_tree(request)
    measured = _side(request)
    for name in ("entry", "arg_scope"):
        if request["case"][name]:
            worker.resolve(request["case"][name])  # imports are not part of building
    memory = Memory()
    with os.fdopen(request["read"]) as words, os.fdopen(request["write"], "w") as answers:
        for word in words:
            try:
                told = memory.told() if word.strip() == "peak" else _timed(measured, word.strip())
            except (Exception, SystemExit) as error:
                told = {"error": worker.describe_error(error)}
            answers.write(json.dumps(told) + "\n")
            answers.flush()


def _timed(measured: Any, word: str) -> Any:
    begun = time.perf_counter()
    told = getattr(measured, word)()
    return {"seconds": time.perf_counter() - begun, "told": told}


def _side(request: Any) -> Any:
    """What is measured, with true gradients and draws: nothing of the comparison is installed."""
    case, threads = request["case"], request["threads"]
    if request["side"] in ("base", "new"):
        from slimport.verify.workers import cost_model

        return cost_model.ModelCost(case, threads)
    from slimport.verify.workers import cost_graph

    if request["side"] == "old":
        from slimport.verify.workers import old_worker

        return cost_graph.GraphCost(
            old_worker.tensorflow(), case, threads, old_worker.arg_scope_function
        )
    from slimport.verify.workers import graph_worker

    return cost_graph.GraphCost(
        graph_worker.tensorflow(), case, threads, graph_worker.layer_defaults
    )


class Memory:
    """Resident size of this process, from now on. Linux only."""

    def __init__(self) -> None:
        self._before: int | None = None
        try:
            Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
            self._before = self._read("VmRSS")
        except (OSError, ValueError, StopIteration):
            pass

    def told(self) -> Any:
        """The largest size since, less the one before; None where the system does not tell."""
        if self._before is None:
            return {"bytes": None}
        return {"bytes": self._read("VmHWM") - self._before}

    def _read(self, key: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith(key)).split()[1])


if __name__ == "__main__":
    main(protocol.read_json(Path(sys.argv[1])))
