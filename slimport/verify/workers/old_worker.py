"""The old side: builds legacy TF-Slim code in a TensorFlow 1 graph and reports its numbers.

A script, run under CPython 3.7 with TensorFlow 1.15 or under today's CPython with TensorFlow 2,
tf_keras and tf_slim (through `stand_in`). It must stay within the syntax of CPython 3.7 and may
import only siblings that do so too.
"""

# This file runs under CPython 3.7.

from __future__ import annotations

import importlib
import sys
from typing import Any

if __name__ == "__main__":
    importlib.import_module("bootstrap")

from slimport.verify import protocol
from slimport.verify.workers import (
    graph,
    loops,
    randomness,
    sites,
    smooth,
    trace_sides,
    training_graph,
    training_sites,
    worker,
)


def tensorflow() -> Any:
    """Imports TensorFlow 1, or TensorFlow 2 behind its stand-in."""
    import warnings

    warnings.filterwarnings("ignore")
    if not _has_contrib():
        from slimport.verify.workers import stand_in

        stand_in.install()
    import tensorflow as tf

    getattr(tf, "logging").set_verbosity("ERROR")  # noqa: B009
    return tf


def start(request: Any) -> worker.RunMode:
    """Prepares TensorFlow for comparisons."""
    tf = tensorflow()
    smooth.install(tf)
    randomness.install(tf)
    floor_runs = request["floor_runs"]
    tree = sites.Tree(request["root"], request["paths"])
    training_sites.watch_graph(tree, tf)
    stepping = LoopSide(training_graph.GraphLoop(tf, floor_runs, tree))
    building = graph.GraphSide(tf, floor_runs, arg_scope_function, tree)
    tracing = trace_sides.GraphTrace(tf, tree, floor_runs, arg_scope_function)
    return trace_sides.chosen(stepping, building, tracing)


class LoopSide:
    """Runs training cases: slim's loops are replaced before a tree imports them.

    Args:
        run: See `training_graph.GraphLoop`.
    """

    #: The modules of the loops under their names in tf_slim and in tf.contrib.
    LOOPS = (
        ("tf_slim.learning", "train"),
        ("tf_slim.training.training", "train"),
        ("tensorflow.contrib.slim.python.slim.learning", "train"),
        ("tensorflow.contrib.training.python.training.training", "train"),
    )

    def __init__(self, run: training_graph.GraphLoop) -> None:
        self._run = run
        self._step_in: Any = None

    def __call__(self, case: Any, mode: str) -> protocol.Answer:
        if self._step_in is None:
            self._replace()
        names = "slim.learning.train, slim.training.train"
        return self._run(case, self._take, names)

    def _take(self, step_in: Any) -> None:
        self._step_in = step_in

    def _replace(self) -> None:
        self._step_in = _not_expected
        for module, name in self.LOOPS:
            if _exists(module):
                function = getattr(importlib.import_module(module), name)
                if not isinstance(function, loops.Replaced):
                    loop = loops.Replaced(function, lambda given: self._step_in(given))
                    loops.put_everywhere(function, loop)


def _not_expected(given: Any) -> Any:
    raise RuntimeError("a module trains when it is imported")


def _exists(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


def arg_scope_function() -> Any:
    """The arg_scope of tf.contrib, or of tf_slim where the tree uses that under TensorFlow 1."""
    module = sys.modules.get("tf_slim.ops.arg_scope")
    if module is not None:
        return module.arg_scope
    from tensorflow.contrib.framework import arg_scope

    return arg_scope


def _has_contrib() -> bool:
    import importlib.util

    return importlib.util.find_spec("tensorflow.contrib") is not None


if __name__ == "__main__":
    sys.exit(worker.main(sys.argv, start))
