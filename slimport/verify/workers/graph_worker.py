"""The new side in a TensorFlow 1 graph: migrated code under sessions, TF 2 behaviour off.

A script, run under the interpreter that has Keras 3. It stands for the session scripts that call
migrated functions before their training loops are migrated: placeholders, one `session.run`,
updates and regularisation losses read from the graph's collections.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

if __name__ == "__main__":
    importlib.import_module("bootstrap")

from slimport.verify import protocol
from slimport.verify.workers import (
    graph,
    initial_keras,
    loops,
    migrated,
    randomness,
    sites,
    smooth,
    trace_sides,
    training_graph,
    training_sites,
    worker,
)


def layer_defaults() -> Any:
    """The `layer_defaults` of the module that the migrated tree holds."""
    return migrated.scoped_layers_of_scope().layer_defaults


def tensorflow() -> Any:
    """Imports TensorFlow as a session script does, and Keras 3."""
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
    tf.enable_v2_tensorshape()  # as a migrated program does that asks for sizes before a layer
    tf.logging.set_verbosity("ERROR")
    importlib.import_module("keras")  # before a graph is made: it creates values of its own
    migrated.forbid_old_libraries()
    return tf


def start(request: Any) -> worker.RunMode:
    """Prepares TensorFlow and Keras 3 for comparisons."""
    tf = tensorflow()
    keras = importlib.import_module("keras")
    smooth.install(tf)
    randomness.install(tf)
    initial_keras.install(keras)
    tree = sites.Tree(request["root"], request["paths"])
    training_sites.watch_graph(tree, tf)
    floor_runs = request["floor_runs"]  # some where migrated code is the old side, too
    stepping = LoopSide(training_graph.GraphLoop(tf, floor_runs, tree))
    building = graph.GraphSide(tf, floor_runs, layer_defaults, tree)
    building.drawing = initial_keras.of_graph(keras)
    tracing = trace_sides.GraphTrace(tf, tree, floor_runs, layer_defaults)
    return trace_sides.chosen(stepping, building, tracing)


class LoopSide:
    """Runs training cases: the loops of the written module are replaced where it is imported.

    Args:
        run: See `training_graph.GraphLoop`.
    """

    LOOPS = ("train_in_session", "train_monitored")

    def __init__(self, run: training_graph.GraphLoop) -> None:
        self._run = run
        self._step_in: Any = None

    def __call__(self, case: Any, mode: str) -> protocol.Answer:
        worker.resolve(case["entry"])
        for name in self.LOOPS:
            for function in migrated.written(name):
                loop = loops.Replaced(function, lambda given: self._step_in(given))
                loops.put_everywhere(function, loop)
        return self._run(case, self._take, " and ".join(self.LOOPS))

    def _take(self, step_in: Any) -> None:
        self._step_in = step_in


if __name__ == "__main__":
    sys.exit(worker.main(sys.argv, start))
