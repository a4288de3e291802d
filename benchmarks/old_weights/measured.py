"""`slimport weights`, and what memory and time it took beside the model: a script.

    python -m benchmarks.old_weights.measured REPORT.json SOURCE --model ... --out ...

The arguments after the report are those of the command, whose exit status this one has. The report
holds, in bytes, `model` (resident once the model is built), `peak` (the most above that until the
file is written and compared; `--verify` comes after that), and the seconds `building` and
`converting`.
"""

from __future__ import annotations

import ctypes
import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slimport.cli import main
from slimport.weights import from_keras, run

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
#: Sets the peak of the resident memory back to what is resident (proc(5)).
RESET_PEAK = "5"


def resident(key: str) -> int:
    """Bytes of `VmRSS` (now) or `VmHWM` (at the most)."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(key + ":"))
    return int(line.split()[1]) * 1024


class Watch:
    """Stands around the parts of a run."""

    def __init__(self) -> None:
        self.found: dict[str, float] = {}
        self._started = time.monotonic()

    def made(self, make: Callable[..., Any]) -> Callable[..., Any]:
        """Wraps what builds the model: the peak above it counts from its end."""

        def watched(*args: Any) -> Any:
            self._started = time.monotonic()
            model = make(*args)
            self.found["building"] = time.monotonic() - self._started
            _take_memory(model.model)
            # What building left behind is not to be taken for free memory of the model.
            gc.collect()
            ctypes.CDLL(None).malloc_trim(0)
            CLEAR.write_text(RESET_PEAK)
            self.found["model"] = resident("VmRSS")
            self._started = time.monotonic()
            return model

        return watched

    def written(self, write: Callable[..., Any]) -> Callable[..., Any]:
        """Wraps what writes a file and compares it: with that a conversion is done."""

        def watched(*args: Any) -> None:
            write(*args)
            self.found["peak"] = resident("VmHWM") - self.found["model"]
            self.found["converting"] = time.monotonic() - self._started

        return watched


def _take_memory(model: Any) -> None:
    """Gives each variable memory of its own, which those that begin as equals share at first."""
    optimizer = getattr(model, "optimizer", None)
    for variable in [*model.variables, *(optimizer.variables if optimizer else ())]:
        variable.assign(variable.numpy().copy())


def command(report: Path, arguments: list[str]) -> int:
    """Runs the command; returns its exit status."""
    watch = Watch()
    # The modules of both kinds of sources have these names of their own.
    watching = {
        "made": watch.made,
        "write_keras": watch.written,
        "write_checkpoint": watch.written,
    }
    for module in (run, from_keras):
        for name in watching.keys() & vars(module).keys():
            setattr(module, name, watching[name](getattr(module, name)))
    try:
        main(["weights", *arguments], standalone_mode=True)
    except SystemExit as ended:
        report.write_text(json.dumps(watch.found))
        return int(ended.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(command(Path(sys.argv[1]), sys.argv[2:]))
