"""The graph that a side built, once more in float64.

Only the way forward is converted; gradients are built anew in the converted graph, so that they
are double wherever it is.

This module runs under CPython 3.7 and imports no TensorFlow: it is handed TensorFlow 1's module.
"""

# This file runs under CPython 3.7.
# ruff: noqa: UP006, UP035

from __future__ import annotations

from typing import Any, Dict, List

from slimport.verify import double, protocol, worker

#: Collections that a graph is read by.
COLLECTIONS = (
    "variables",
    "trainable_variables",
    "local_variables",
    "update_ops",
    "regularization_losses",
    "table_initializer",
)


class InDouble:
    """What a graph holds, found again in its double; stands where a `graph.Built` does.

    Args:
        tf: TensorFlow 1, in whose default graph the double is made.
        built: The `graph.Built`.
        exported: Its graph before gradients were added, see `exported`.
    """

    precision = "float64"

    def __init__(self, tf: Any, built: Any, exported: Any) -> None:
        worker.Stage.enter("converting the graph to float64")
        self.tf, self.case = tf, built.case
        converted = double.Converted(tf, exported.graph_def)
        self.in_float32 = converted.in_float32
        exported.graph_def.CopyFrom(converted.graph_def)
        tf.train.import_meta_graph(exported, clear_devices=True)
        tensor = tf.get_default_graph().get_tensor_by_name
        self.inputs = [tensor(placeholder.name) for placeholder in built.inputs]
        self.outputs = [(name, tensor(value.name)) for name, value in built.outputs]
        self.constants: List[Any] = []
        known = {variable.op.name: variable for variable in tf.global_variables()}
        self.variables = [known[variable.op.name] for variable in built.variables]
        self.left_out = [known[variable.op.name] for variable in built.left_out]
        self.trainable: Dict[str, int] = built.trainable


def exported(tf: Any) -> Any:
    """The default graph as it is now."""
    return tf.train.export_meta_graph(collection_list=list(COLLECTIONS))


def put(answer: protocol.Answer, in_double: protocol.Answer, in_float32: List[str]) -> None:
    """Adds arrays in double to the answer of the same side."""
    answer.add_double(in_double)
    answer.meta["double"] = {"in_float32": in_float32, "error": None}


def put_error(answer: protocol.Answer, error: Exception) -> None:
    """Says why a side has no arrays in double."""
    lines = str(error).strip().splitlines() or [""]
    text = f"{type(error).__name__}: {lines[0][:300]}"
    answer.meta["double"] = {"in_float32": [], "error": text}
