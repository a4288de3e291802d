"""One process of a measurement: builds a network in one form and runs it as often as it is told.

A script: ``python worker.py REQUEST.json``. A line of JSON comes in, ``["run", "serve", 8]``: the
name of a method and its arguments; a line of JSON goes out: what it returned, and what it took by
the clock and of the processors. Processes wait for each other, so that one computes at a time.

This file runs under CPython 3.7.
"""

# This file runs under CPython 3.7.

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
import types
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # Without the package's own start: the old interpreter has none of its libraries.
    sys.path.pop(0)
    for _name in ("slimport", "benchmarks"):
        _package = types.ModuleType(_name)
        _package.__path__ = [str(Path(__file__).resolve().parents[2] / _name)]
        sys.modules[_name] = _package

from slimport.verify import protocol
from slimport.verify.workers import cost_worker, worker


def main(request: Any) -> None:
    """Answers until the pipe closes."""
    worker.enter_tree(request)
    form = _form(request)
    for module in request["case"]["modules"]:  # imports are no part of building
        importlib.import_module(module)
    memory = cost_worker.Memory()
    out = os.fdopen(request["write"], "w")
    with os.fdopen(request["read"]) as words:
        for line in words:
            name, *given = json.loads(line)
            try:
                told = memory.told() if name == "peak" else _timed(form, name, given)
            except Exception as error:
                traceback.print_exc()
                told = {"error": worker.describe_error(error)}
            out.write(json.dumps(told) + "\n")
            out.flush()


def _timed(form: Any, name: str, given: Any) -> Any:
    """Processor time is that of all threads of this process."""
    method = getattr(form, name)
    begun, used = time.perf_counter(), time.process_time()
    told = method(*given)
    return {
        "seconds": time.perf_counter() - begun,
        "processor": time.process_time() - used,
        "told": told,
    }


def _form(request: Any) -> Any:
    if request["form"] == "graph":
        from benchmarks.models import graph_form

        return graph_form.GraphForm(request)
    from benchmarks.models import model_forms

    return model_forms.FORMS[request["form"]](request)


if __name__ == "__main__":
    main(protocol.read_json(Path(sys.argv[1])))
