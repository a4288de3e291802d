"""Runs whole scripts, old ones as TensorFlow 1 would.

Each runs in a process of its own, forked from one that has TensorFlow loaded: loading it takes
five seconds of a processor, most scripts of the tests less than one.
"""

from __future__ import annotations

import functools
import gc
import importlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

# One thread a kernel: sums in an order of their own, as on a busy machine, differ by more.
ENVIRONMENT = {
    **os.environ,
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_NUM_INTRAOP_THREADS": "1",
}


def side_of(script: Path) -> str:
    """Which side a script is of, by its folder: `legacy` or `migrated`."""
    return "legacy" if script.parent.name == "legacy" else "migrated"


def run_script(side: str, script: Path, *arguments: Any, path: Path | None = None) -> str:
    """Runs a script and returns what it prints.

    Args:
        side: `legacy` or `migrated`.
        script: The script.
        *arguments: Its arguments.
        path: A folder that it imports from, beside its own.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, errors = Path(folder, "out"), Path(folder, "errors")
        paths = [str(p) for p in (script.parent, path) if p is not None]
        request = {"argv": [str(script), *map(str, arguments)], "path": paths}
        code = _loaded(side).run({**request, "out": str(out), "errors": str(errors)})
        assert code == 0, errors.read_text(errors="replace")[-3000:]
        return out.read_text()


class _Loaded:
    """A process that has TensorFlow loaded, and forks; it ends with the one that started it."""

    def __init__(self, side: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, side],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            text=True,
        )

    def run(self, request: dict[str, Any]) -> int:
        """Runs a script, and returns its exit code (negative: the signal that ended it)."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


_loaded = functools.cache(_Loaded)


def _next_script() -> str | None:
    """Answers requests; returns in a child, with the script that it is to run, at the end None."""
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if not child:
            flags = os.O_WRONLY | os.O_CREAT
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(os.open(request["out"], flags), 1)
            os.dup2(os.open(request["errors"], flags), 2)
            sys.argv, sys.path[:1] = request["argv"], request["path"]
            return sys.argv[0]
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    return None


def _serve(side: str) -> None:
    if side == "legacy":
        from slimport.verify.workers import stand_in

        stand_in.install()
    else:
        for library in ("keras", "tensorflow"):
            importlib.import_module(library)

    gc.freeze()
    script = _next_script()
    if script is not None:
        runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    _serve(sys.argv[1])
