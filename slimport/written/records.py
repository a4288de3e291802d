"""Records: read from files with tf.data, several at a time, shuffled or in order."""

from __future__ import annotations

import os
from typing import Any

import tensorflow as tf

from slimport.written.record_readers import record_reader

__all__ = ["get_data_files", "record_dataset"]


def get_data_files(data_sources: Any) -> list[Any]:
    """Lists the files that names and patterns stand for.

    Args:
        data_sources: The name of a file, a pattern with `*`, `?` or `[`, or a list of these.

    Returns:
        The names; those of a pattern in the order in which the file system gives them.

    Raises:
        ValueError: If no file matches a pattern, or there are no names.
    """
    if isinstance(data_sources, (list, tuple)):
        files = [name for source in data_sources for name in get_data_files(source)]
    else:
        source = os.fspath(data_sources)
        is_pattern = any(character in source for character in "*?[")
        files = tf.io.gfile.glob(source) if is_pattern else [source]
    if not files:
        raise ValueError(f"No data files found in {data_sources}")
    return files


def record_dataset(
    data_sources: Any,
    reader_class: Any,
    num_epochs: int | None = None,
    num_readers: int = 1,
    reader_kwargs: Any = None,
    shuffle: bool = True,
    capacity: int = 256,
    seed: int | None = None,
) -> Any:
    """Reads records from files.

    Args:
        data_sources: Files; see `get_data_files`.
        reader_class: A reader class of TF 1, e.g. `tf.compat.v1.TFRecordReader`.
        num_epochs: How often each file is read; `None` for ever.
        num_readers: How many files are read at the same time.
        reader_kwargs: Arguments of `reader_class`.
        shuffle: Whether to shuffle the files, and the records in a buffer, anew in each epoch.
        capacity: Size of that buffer.
        seed: Seed of both; with it the order is the same in every run.

    Returns:
        A `tf.data.Dataset` of pairs of a key (`file:place`) and a record, both strings.

    Raises:
        ValueError: If there are no files, or `num_epochs` is not positive.
    """
    if num_epochs is not None and num_epochs <= 0:
        raise ValueError(f"num_epochs must be > 0 not {num_epochs}.")
    read = record_reader(reader_class, reader_kwargs)
    files = get_data_files(data_sources)
    names = tf.data.Dataset.from_tensor_slices(files)
    if shuffle:
        names = names.shuffle(len(files), seed)
    if num_readers > 1:
        batches = names.interleave(
            read,
            cycle_length=num_readers,
            num_parallel_calls=num_readers,
            deterministic=not shuffle or seed is not None,
        )
    else:
        batches = names.flat_map(read)
    records = batches.prefetch(tf.data.AUTOTUNE).unbatch()
    if shuffle:
        records = records.shuffle(capacity, seed)
    return records.repeat(num_epochs)
