"""Tries how functions of the legacy tree can be called: builds their graphs, and runs none.

A script of the old side. A case of its request has ``attempts``, lists of shapes of the inputs; the
answer holds the first one with which the function builds. A batch norm that is left with a few
values for each channel amplifies rounding without bound and proves nothing, so that the batch is
made as large as its statistics need.
"""

# This file runs under CPython 3.7.

from __future__ import annotations

import importlib
import sys
from typing import Any

if __name__ == "__main__":
    importlib.import_module("bootstrap")

from slimport.verify import protocol
from slimport.verify.workers import graph, old_worker, worker

#: Values that each channel of a batch norm's statistics should rest on, and the largest batch that
#: is made for it.
ENOUGH = 8
LARGEST_BATCH = 8

#: The only mode of these requests.
PROBE = "probe"


def start(request: Any) -> worker.RunMode:
    """Imports TensorFlow as the old side does."""
    old_worker.start(request)
    import tensorflow as tf

    return Probe(tf)


class Probe:
    """Tries the attempts of a case.

    Args:
        tf: TensorFlow 1, or what answers like it.
    """

    def __init__(self, tf: Any) -> None:
        self._tf = tf

    def __call__(self, case: Any, mode: str) -> protocol.Answer:
        answer = protocol.Answer("graph")
        answer.meta.update(attempt=None, reason="")
        worker.resolve(case["entry"])  # what cannot be imported fails with its traceback
        for attempt in case["attempts"]:
            try:
                values = self._build(dict(case, inputs=attempt))
            except (Exception, SystemExit) as error:
                answer.meta["reason"] = answer.meta["reason"] or _line(error)
                continue
            answer.meta["attempt"] = [_enlarged(item, values) for item in attempt]
            break
        return answer

    def _build(self, case: Any) -> float:
        """Builds a graph; returns how many values the poorest batch norm has for each channel."""
        with self._tf.Graph().as_default():
            built = graph.Built(self._tf, case, True, old_worker.arg_scope_function)
            shapes = [tensor.get_shape() for _, tensor in built.outputs]
            if not shapes:
                raise ValueError("it returns no tensor")
            if any(0 in shape.as_list() for shape in shapes if shape.ndims is not None):
                raise ValueError("an output is empty")
            operations = self._tf.get_default_graph().get_operations()
            found = [_values_of(operation) for operation in operations]
        return min([values for values in found if values is not None] or [float("inf")])


def _enlarged(item: Any, values: float) -> Any:
    """An input with a batch so large that the poorest statistics rest on enough values."""
    batch = item["shape"][0]
    wanted = int(min(LARGEST_BATCH, -(-ENOUGH * batch // values))) if values else batch
    return dict(item, shape=[max(batch, wanted), *item["shape"][1:]])


def _values_of(operation: Any) -> float | None:
    """Values for each channel that a batch norm takes its statistics of; None for other things."""
    if operation.type.startswith("FusedBatchNorm") and "Grad" not in operation.type:
        if not operation.get_attr("is_training"):
            return None
        return _count(operation.inputs[0].get_shape(), operation.outputs[1].get_shape())
    if operation.type == "Mean" and operation.name.endswith("moments/mean"):
        return _count(operation.inputs[0].get_shape(), operation.outputs[0].get_shape())
    return None


def _count(whole: Any, channels: Any) -> float | None:
    if not (whole.is_fully_defined() and channels.is_fully_defined()):
        return None
    return float(whole.num_elements() / max(1, channels.num_elements()))


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:200]}"


if __name__ == "__main__":
    sys.exit(worker.main(sys.argv, start))
