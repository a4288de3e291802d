"""Imports every file of a tree, each in a process of its own, and says which loaded.

A script: ``python import_worker.py REQUEST.json``. TensorFlow is imported once, or a hundred files
would cost a hundred starts of it; each file is then imported in a forked child, without network.
The answer is a JSON object: for each file one of the three outcomes below and the error, if any.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent

#: Python's own folder of this script is taken off the path, where `rows` or `table` would stand
#: before the repository's modules; so is what is needed to find slimport and the entries.
sys.path[0:1] = [str(HERE.parents[1]), str(HERE / "entries" / "shared")]
import absent  # noqa: E402

from slimport.verify.workers import migrated, stand_in  # noqa: E402

del sys.path[:2]

LOADED, FAILED = "loaded", "failed"
#: A script that works where it is imported, and did so until its time was up.
RUNS_ON = "runs on"

POLL = 0.02
LAST_WORDS = 300


def main(request: Any) -> None:
    """Answers a request."""
    _prepare(request["side"])
    absent.install(*request["absent"])
    socket.getaddrinfo = _no_network
    root, found = Path(request["root"]), {}
    os.chdir(root)
    for name in request["files"]:
        found[name] = _in_child(root, name, request["paths"], request["timeout"])
    Path(request["out"]).write_text(json.dumps(found, indent=1))


def _prepare(side: str) -> None:
    """Imports what all files need: ``tf1``, ``tf2``, or ``none`` where there is no TensorFlow."""
    if side == "tf1":
        stand_in.install()
    if side != "tf2":
        return
    import keras  # noqa: F401
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    migrated.forbid_old_libraries()


def _no_network(*args: Any, **keywords: Any) -> Any:
    """Some scripts download where they are imported."""
    raise OSError("there is no network here")


def _in_child(root: Path, name: str, paths: list[str], timeout: float) -> tuple[str, str]:
    """Imports one file in a fork; returns the outcome and what went wrong."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _child(root, name, paths, writing)
    os.close(writing)
    ended = _wait(child, timeout)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read().decode("utf-8", "replace")
    if not ended:
        return RUNS_ON, ""
    return (LOADED, "") if text == LOADED else (FAILED, text or "the process died")


def _wait(child: int, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while os.waitpid(child, os.WNOHANG)[0] == 0:
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return False
        time.sleep(POLL)
    return True


def _child(root: Path, name: str, paths: list[str], writing: int) -> None:
    """Imports a file, says how it went and ends the process, whatever threads it started."""
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(silence, stream)
    try:
        _import(root, name, paths)
        text = LOADED
    except BaseException as error:  # sys.exit() at module level is an answer too
        text = "".join(traceback.format_exception_only(error)).strip()[-LAST_WORDS:]
    os.write(writing, text.encode())
    os._exit(0)


def _import(root: Path, name: str, paths: list[str]) -> None:
    path = root / name
    roots = sorted(
        (base for base in map(Path, paths) if (root / base) in path.parents),
        key=lambda base: -len(base.parts),
    )
    base = roots[0] if roots else Path(name).parent
    others = [str((root / other).resolve()) for other in paths]
    # A script's own folder is on its path; here it comes last, after the roots.
    sys.path[:0] = [str((root / base).resolve()), *others, str(path.parent)]
    sys.argv = [str(path)]
    dotted = ".".join(path.relative_to(root / base).with_suffix("").parts)
    spec = _find(dotted.removesuffix(".__init__"))
    if spec is not None and spec.origin == str(path):
        __import__(spec.name)
        return
    # No module of this path, such as `my-script`, or one hidden by another: it is run as a script.
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    sys.modules[path.stem] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


def _find(dotted: str) -> Any:
    """Returns the spec of a module, None where a part of the name leads nowhere."""
    try:
        return importlib.util.find_spec(dotted)
    except ModuleNotFoundError as error:
        if error.name is not None and (dotted + ".").startswith(error.name + "."):
            return None
        raise


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
