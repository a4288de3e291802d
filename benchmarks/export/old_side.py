"""The old side: a TF-Slim network with given values, frozen into one file as TensorFlow 1 did."""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.backends.worker import function, random, value_for
from slimport.verify.workers import old_worker


def main() -> None:
    """Answers one request: `frozen.pb` and `old.npz` in the folder that it names."""
    request = json.loads(Path(sys.argv[1]).read_text())
    folder, size = Path(request["folder"]), request["size"]
    sys.path.insert(0, request["old"])
    tf = old_worker.tensorflow()
    slim = importlib.import_module("tf_slim")
    with contextlib.redirect_stdout(sys.stderr), tf.Graph().as_default() as graph:
        images = tf.placeholder(tf.float32, [None, size, size, 3], "images")
        scope = function(request["scope"])() if request["scope"] else {}
        with slim.arg_scope(scope):
            network = function(request["network"])
            logits = network(images, num_classes=request["classes"], is_training=False)[0]
        tf.identity(logits, "logits")
        with tf.Session() as session:
            for variable in tf.global_variables():
                variable.load(value_for(variable.op.name, variable), session)
            fed = {images: random("images", (3, size, size, 3), -1.0, 1.0)}
            outputs = session.run("logits:0", fed)
            frozen = _frozen(tf, session, graph)
    (folder / "frozen.pb").write_bytes(frozen)
    np.savez(folder / "old.npz", images=fed[images], logits=outputs)


def _frozen(tf: Any, session: Any, graph: Any) -> bytes:
    constants = tf.graph_util.convert_variables_to_constants(
        session, graph.as_graph_def(), ["logits"]
    )
    return bytes(constants.SerializeToString())


if __name__ == "__main__":
    main()
