"""Queues: filled ahead by the queue runners of a TF 1 graph."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from slimport.written.graph_inputs import add_fill_summary, add_queue_runner
from slimport.written.graphs import require_tf_graph

__all__ = ["NestedQueueRunnerError", "QueueRunners", "prefetch_queue"]

# How long threads may take to end.
_GRACE_SECONDS = 120
_QUEUE_RUNNERS = threading.Lock()


def prefetch_queue(
    tensors: Any,
    capacity: int = 8,
    num_threads: int = 1,
    dynamic_pad: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """Makes a queue that is filled with tensors ahead of their use.

    Args:
        tensors: A list or dictionary of tensors, e.g. what `tf.compat.v1.train.batch` returns.
        capacity: How many elements the queue holds.
        num_threads: How many threads fill it.
        dynamic_pad: Whether elements may differ in shape; those dequeued together are padded.
        shared_name: The name under which sessions share the queue.
        name: Name scope of the operations.

    Returns:
        The queue; its `dequeue()` gives what `tensors` is.

    Raises:
        RuntimeError: Outside of a TF 1 graph.
    """
    require_tf_graph("prefetch_queue", "Use `prefetch(tf.data.AUTOTUNE)` of a tf.data.Dataset.")
    names = sorted(tensors) if isinstance(tensors, dict) else None
    ordered = tensors if names is None else [tensors[key] for key in names]
    queue_class = tf.queue.PaddingFIFOQueue if dynamic_pad else tf.queue.FIFOQueue
    with tf.name_scope(name or "prefetch_queue"):
        queue = queue_class(
            capacity,
            dtypes=[tensor.dtype for tensor in ordered],
            shapes=[tensor.shape for tensor in ordered],
            names=names,
            shared_name=shared_name,
        )
        add_queue_runner(queue, [queue.enqueue(tensors)] * num_threads)
        add_fill_summary(queue, capacity)
    return queue


class NestedQueueRunnerError(Exception):
    """`QueueRunners` within `QueueRunners`."""


@contextlib.contextmanager
def QueueRunners(session: Any) -> Iterator[None]:
    """Runs all queue runners of the graph while the context is open.

    Args:
        session: The session to run them in. It is closed if they do not stop in time.

    Raises:
        NestedQueueRunnerError: If another such context is open.
    """
    if not _QUEUE_RUNNERS.acquire(blocking=False):
        raise NestedQueueRunnerError("QueueRunners cannot be nested")
    try:
        coordinator = tf.train.Coordinator()
        threads: list[Any] = []
        for runner in tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.QUEUE_RUNNERS):
            threads += runner.create_threads(session, coord=coordinator, daemon=True, start=True)
        try:
            yield
        finally:
            coordinator.request_stop()
            try:
                coordinator.join(threads, stop_grace_period_secs=_GRACE_SECONDS)
            except RuntimeError:  # threads are still running
                session.close()
    finally:
        _QUEUE_RUNNERS.release()
