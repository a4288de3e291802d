"""Inputs of a TF 1 graph: what is next in a dataset, and queues that are filled ahead."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def next_element(dataset: Any) -> Any:
    """Returns what is next in a dataset, in a TF 1 graph: something else in each run."""
    try:
        iterator = tf.compat.v1.data.make_one_shot_iterator(dataset)
    except ValueError:  # tables in `map`: they have an initializer, so the iterator may, too
        iterator = tf.compat.v1.data.make_initializable_iterator(dataset)
        tf.compat.v1.add_to_collection("table_initializer", iterator.initializer)
    return iterator.get_next()


def add_queue_runner(queue: Any, enqueue_ops: list[Any]) -> None:
    """Sees to it that `tf.train.start_queue_runners` fills a queue."""
    train = tf.compat.v1.train
    train.add_queue_runner(train.QueueRunner(queue, enqueue_ops))


def add_fill_summary(queue: Any, capacity: int) -> None:
    """Adds the summary of how full a queue is."""
    share = tf.cast(queue.size(), tf.float32) * (1.0 / capacity)
    tf.compat.v1.summary.scalar(f"fraction_of_{capacity}_full", share)
