# mypy: allow-subclassing-any
"""Parallel readers: one record at a time in a TF 1 graph."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from slimport.written.graph_inputs import add_fill_summary, add_queue_runner, next_element
from slimport.written.graphs import require_tf_graph
from slimport.written.record_readers import RECORDS_AT_ONCE
from slimport.written.records import record_dataset

__all__ = ["ParallelReader", "parallel_read", "single_pass_read"]


def parallel_read(
    data_sources: Any,
    reader_class: Any,
    num_epochs: int | None = None,
    num_readers: int = 4,
    reader_kwargs: Any = None,
    shuffle: bool = True,
    dtypes: Any = None,
    capacity: int = 256,
    min_after_dequeue: int = 128,
    seed: int | None = None,
    scope: str | None = None,
) -> Any:
    """Reads records in a TF 1 graph, one for each run, once its queue runners are started.

    Args:
        data_sources: Files; see `get_data_files`.
        reader_class: A reader class of TF 1, e.g. `tf.compat.v1.TFRecordReader`.
        num_epochs: How often each file is read, until `tf.errors.OutOfRangeError`; `None` for ever.
        num_readers: How many files are read at the same time.
        reader_kwargs: Arguments of `reader_class`.
        shuffle: Whether to shuffle files and records.
        dtypes: Two times `tf.string`.
        capacity: Size of the buffer in which records are shuffled, and of the queue behind it.
        min_after_dequeue: Kept for callers; the buffer is always filled.
        seed: Seed of the order.
        scope: Name scope of the operations.

    Returns:
        Two tensors, the key (`file:place`) and the record.

    Raises:
        RuntimeError: Outside of a TF 1 graph.
    """
    require_tf_graph("parallel_read", "Read `record_dataset(...)`, which takes the same arguments.")
    _require_strings(dtypes or [tf.string, tf.string])
    with tf.name_scope(scope or "parallel_read"):
        records = record_dataset(
            data_sources,
            reader_class,
            num_epochs=num_epochs,
            num_readers=num_readers,
            reader_kwargs=reader_kwargs,
            shuffle=shuffle,
            capacity=capacity,
            seed=seed,
        )
        return next_record(records, capacity)


def single_pass_read(
    data_sources: Any, reader_class: Any, reader_kwargs: Any = None, scope: str | None = None
) -> Any:
    """Reads every record once and in order; see `parallel_read`."""
    require_tf_graph("single_pass_read", "Read `record_dataset(..., 1, shuffle=False)`.")
    with tf.name_scope(scope or "single_pass_read"):
        return next_element(
            record_dataset(data_sources, reader_class, 1, 1, reader_kwargs, shuffle=False)
        )


class ParallelReader(tf.compat.v1.ReaderBase):
    """Several readers that fill one queue of a TF 1 graph.

    Args:
        reader_class: A reader class of TF 1, e.g. `tf.compat.v1.TFRecordReader`.
        common_queue: A queue of pairs of strings, for keys and records.
        num_readers: How many readers there are.
        reader_kwargs: Arguments of `reader_class`.

    Raises:
        TypeError: If the queue holds something else.
    """

    def __init__(
        self, reader_class: Any, common_queue: Any, num_readers: int = 4, reader_kwargs: Any = None
    ) -> None:
        require_tf_graph("ParallelReader", "Read `record_dataset(...)`.")
        _require_strings(common_queue.dtypes)
        self._readers = [reader_class(**(reader_kwargs or {})) for _ in range(num_readers)]
        self._common_queue = common_queue

    @property
    def num_readers(self) -> int:
        """How many readers there are."""
        return len(self._readers)

    @property
    def common_queue(self) -> Any:
        """The queue that they fill."""
        return self._common_queue

    def read(self, queue: Any, name: str | None = None) -> Any:
        """Returns the next key and record of the files whose names are in `queue`."""
        self._fill_from(queue)
        return self._common_queue.dequeue(name=name)

    def read_up_to(self, queue: Any, num_records: Any, name: str | None = None) -> Any:
        """Returns the keys and records that come next, at most `num_records`."""
        self._fill_from(queue)
        return self._common_queue.dequeue_up_to(num_records, name)

    def _fill_from(self, queue: Any) -> None:
        enqueue = [self._common_queue.enqueue(reader.read(queue)) for reader in self._readers]
        add_queue_runner(self._common_queue, enqueue)

    def num_records_produced(self, name: str | None = None) -> Any:
        """Returns how many records were read."""
        return tf.add_n([reader.num_records_produced() for reader in self._readers], name=name)

    def num_work_units_completed(self, name: str | None = None) -> Any:
        """Returns how many files were read to their end."""
        return tf.add_n([reader.num_work_units_completed() for reader in self._readers], name=name)


def next_record(records: Any, capacity: int) -> Any:
    """Returns the next key and record, in a TF 1 graph, from a queue that is filled ahead.

    A queue gives single records faster than an iterator does, which is why one is between.
    """
    queue = tf.queue.FIFOQueue(capacity, [tf.string, tf.string], [[], []], name="common_queue")
    add_queue_runner(queue, [queue.enqueue_many(next_element(records.batch(RECORDS_AT_ONCE)))])
    add_fill_summary(queue, capacity)
    return queue.dequeue()


def _require_strings(dtypes: Any) -> None:
    if [tf.as_dtype(dtype) for dtype in dtypes] != [tf.string, tf.string]:
        raise TypeError(f"common_queue.dtypes must be [tf.string, tf.string], not {dtypes}")
