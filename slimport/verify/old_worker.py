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

from slimport.verify import graph, randomness, smooth, worker


def start(request: Any) -> worker.RunMode:
    """Imports TensorFlow 1, or TensorFlow 2 behind its stand-in."""
    import warnings

    warnings.filterwarnings("ignore")
    if not _has_contrib():
        from slimport.verify import stand_in

        stand_in.install()
    import tensorflow as tf

    getattr(tf, "logging").set_verbosity("ERROR")  # noqa: B009
    smooth.install(tf)
    randomness.install(tf)
    return graph.GraphSide(tf, request["floor_runs"], _arg_scope_function)


def _arg_scope_function() -> Any:
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
