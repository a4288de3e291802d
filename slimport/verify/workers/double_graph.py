"""A session on the graph that a side built, in float64: fetched and fed as the graph itself is.

Gradients, updates and losses are part of what is converted; names of tensors stay. What a graph
computes in double is what it would compute without rounding, so that the distance to it is the
rounding that float32 really made: sums in any order, batch statistics, gradients of many terms.

This module runs under CPython 3.7 and imports no TensorFlow: it is handed TensorFlow 1's module.
"""

# This file runs under CPython 3.7.
# ruff: noqa: UP006, UP035

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, List

from slimport.verify import protocol
from slimport.verify.workers import double, perturbations, worker


class DoubleGraph:
    """The part of TensorFlow 1's default graph that gives some tensors, in double.

    Args:
        tf: TensorFlow 1.
        needed: Tensors, operations and variables that are to be fetched, fed or run.
    """

    def __init__(self, tf: Any, needed: Any) -> None:
        worker.Stage.enter("converting the graph to float64")
        self.tf = tf
        names = sorted({name.partition(":")[0] for name in _leaves(_by_name(needed))})
        whole = tf.get_default_graph().as_graph_def()
        converted = double.Converted(tf, tf.graph_util.extract_sub_graph(whole, names))
        self.in_float32 = converted.in_float32
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.import_graph_def(converted.graph_def, name="")

    @contextmanager
    def session(self) -> Iterator[Any]:
        """A session that takes what belongs to the original graph."""
        config = perturbations.session_config(self.tf, grappler=False)
        with self.tf.Session(graph=self.graph, config=config) as session:
            yield _ByName(session)


class _ByName:
    """A session that is asked by names."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def run(self, fetches: Any, feed: Any = None) -> Any:
        fed = {_by_name(place): value for place, value in (feed or {}).items()}
        return self._session.run(_by_name(fetches), fed)


def _by_name(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _by_name(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_by_name(part) for part in value]
    element = getattr(value, "_as_graph_element", None)
    return str((value if element is None else element()).name)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        return
    for part in value.values() if isinstance(value, dict) else value:
        yield from _leaves(part)


def put_error(answer: protocol.Answer, error: Exception) -> None:
    """Says why a side has nothing in double."""
    lines = [line for line in str(error).splitlines() if line.strip()] or [""]
    text = f"{type(error).__name__}: " + " ... ".join(line.strip()[:300] for line in lines[:2])
    answer.meta["double"] = {"in_float32": [], "error": text}


def put(
    answer: protocol.Answer, in_double: protocol.Answer, in_float32: List[str], keep: bool
) -> None:
    """Adds what was computed in double to the answer of the same side.

    Args:
        answer: The answer.
        in_double: The same in double.
        in_float32: Operations that are computed in float32 there, too.
        keep: Whether its arrays are to be compared with those of the other side.
    """
    answer.add_double(in_double, keep)
    answer.meta["double"] = {"in_float32": in_float32, "error": None}
