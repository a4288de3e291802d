"""Workers that trace: a case's graph built once more, every tensor of it told.

A case of the request that is to be traced has a key ``trace``: for each mode what is to be fed in
place of what is computed (a file of arrays by tensor name) and what is to be told whole, be it
that alone.

This module runs under CPython 3.7 and imports no TensorFlow: it is handed TensorFlow 1's module.
"""

# This file runs under CPython 3.7.
# ruff: noqa: B905, UP035

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import numpy as np

from slimport.verify import protocol
from slimport.verify.workers import graph, randomness, sites, trace_graph, values, worker

#: Group of arrays that are told whole.
WHOLE = "whole"


def wanted(case: Any, mode: str) -> Any:
    """What a case asks of the trace of a mode: ``feed``, ``whole``, ``only_whole``."""
    return case["trace"].get(mode, {})


def fed(asked: Any, tensor: Callable[[str], Any]) -> dict[Any, Any]:
    """What is fed in place of what is computed, by tensor."""
    if not asked.get("feed"):
        return {}
    with np.load(asked["feed"], allow_pickle=False) as arrays:
        names = arrays["names"].tolist()
        return {tensor(name): arrays[f"a{place}"] for place, name in enumerate(names)}


def write_feed(path: Path, given: Any) -> None:
    """Writes what is to be fed, by tensor."""
    arrays: Any = {f"a{place}": value for place, value in enumerate(given.values())}
    np.savez(str(path), names=np.array(list(given), dtype="U"), **arrays)


def tell_whole(answer: protocol.Answer, asked: Any, run: Any, tensor: Callable[[str], Any]) -> None:
    """Records tensors whole, by their names."""
    names = asked.get("whole", [])
    for name, value in zip(names, run([tensor(name) for name in names])):
        answer.tensor(WHOLE, name, value)


class GraphTrace:
    """Traces one mode of one case in a graph of its own.

    Args:
        tf: TensorFlow 1, or what answers like it.
        tree: The tree of the code that is called.
        nudged: Runs with values one ulp away.
        scope_function: See `graph.ScopeFunction`.
    """

    def __init__(
        self, tf: Any, tree: sites.Tree, nudged: int, scope_function: graph.ScopeFunction
    ) -> None:
        self.tf, self.tree, self.nudged = tf, tree, nudged
        self.scope_function = scope_function

    def __call__(self, case: Any, mode: str) -> protocol.Answer:
        tf = self.tf
        with tf.Graph().as_default() as place:
            tf.set_random_seed(case["seed"])
            randomness.start_pass(case["seed"])
            training = mode in protocol.TRAINING_MODES
            built = graph.Built(tf, case, training, self.scope_function)
            answer = protocol.Answer("graph")
            config = tf.ConfigProto(intra_op_parallelism_threads=1)
            with tf.Session(config=config) as session:
                session.run([tf.local_variables_initializer(), tf.tables_initializer()])
                session.run([variable.initializer for variable in built.left_out])
                asked = wanted(case, mode)
                feed = fed(asked, place.get_tensor_by_name)
                runs = [
                    _run(session, built, case, feed, nudge) for nudge in (None, *range(self.nudged))
                ]
                worker.Stage.enter("tracing the graph")
                described = trace_graph.Graph(
                    built.inputs,
                    built.outputs,
                    self.tree.of_operation,
                    lambda operation: int(operation._id),
                    {variable.op.name: variable.op.name for variable in built.variables},
                )
                if not asked.get("only_whole"):
                    trace_graph.trace(described, runs, answer)
                tell_whole(answer, asked, runs[0], place.get_tensor_by_name)
        return answer


def _run(session: Any, built: graph.Built, case: Any, fed: Any, nudge: int | None) -> Any:
    """Returns what fetches tensors with the shared values, or with values one ulp away."""
    start = [
        worker.start_value(
            case,
            variable.op.name,
            variable.get_shape().as_list(),
            variable.dtype.base_dtype.as_numpy_dtype,
        )
        for variable in built.variables
    ]
    inputs = worker.input_values(case)
    if nudge is not None:
        start = [values.one_ulp_away(x, nudge, "v", i) for i, x in enumerate(start)]
        inputs = [values.one_ulp_away(x, nudge, "i", i) for i, x in enumerate(inputs)]
    given = dict(zip([v.initializer.inputs[1] for v in built.variables], start))
    feed = {**dict(zip(built.inputs, inputs)), **fed}

    def run(tensors: Any) -> Any:
        session.run([variable.initializer for variable in built.variables], given)
        return session.run(tensors, feed)

    return run


def chosen(
    stepping: worker.RunMode, building: worker.RunMode, tracing: worker.RunMode
) -> worker.RunMode:
    """Returns what runs a mode of a case: a training case, another one, or the trace of one."""

    def run(case: Any, mode: str) -> protocol.Answer:
        if case.get("trace") is not None:
            return tracing(case, mode)
        return (stepping if mode in protocol.STEP_MODES else building)(case, mode)

    return run
