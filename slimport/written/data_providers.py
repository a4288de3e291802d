"""Data providers: the items of a dataset, one example at a time or as a tf.data.Dataset."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimport.written.example_decoders import record_named
from slimport.written.graphs import require_tf_graph
from slimport.written.parallel_readers import next_record
from slimport.written.records import record_dataset

__all__ = ["DataProvider", "DatasetDataProvider", "ExampleDataset"]


class ExampleDataset:
    """Where examples are and how to read them. All arguments become attributes.

    Args:
        data_sources: Files; see `get_data_files`.
        reader: What reads them, e.g. `tf.compat.v1.TFRecordReader`.
        decoder: What decodes a record, e.g. a `TFExampleDecoder`.
        num_samples: How many examples there are.
        items_to_descriptions: What each item is, in words.
        **kwargs: Anything else that is to be known of the dataset.
    """

    def __init__(
        self,
        data_sources: Any,
        reader: Any,
        decoder: Any,
        num_samples: Any,
        items_to_descriptions: Any,
        **kwargs: Any,
    ) -> None:
        self.data_sources = data_sources
        self.reader = reader
        self.decoder = decoder
        self.num_samples = num_samples
        self.items_to_descriptions = items_to_descriptions
        self.__dict__.update(kwargs)


class DataProvider:
    """Gives tensors by the names of items.

    Args:
        items_to_tensors: The tensor of each item.
        num_samples: How many examples there are.
    """

    def __init__(self, items_to_tensors: Any, num_samples: Any) -> None:
        self._items_to_tensors = items_to_tensors
        self._num_samples = num_samples

    def get(self, items: Any) -> list[Any]:
        """Returns the tensors of one example.

        Args:
            items: Names of items, a list or tuple.

        Raises:
            ValueError: If there is no such item, or `items` is not a list or tuple.
        """
        self._validate_items(items)
        return [self._items_to_tensors[item] for item in items]

    def list_items(self) -> Any:
        """Returns the names of all items."""
        return self._items_to_tensors.keys()

    def num_samples(self) -> Any:
        """Returns how many examples there are."""
        return self._num_samples

    def _validate_items(self, items: Any) -> None:
        if not isinstance(items, (list, tuple)):
            raise ValueError("items must be a list or tuple")
        valid = self.list_items()
        for item in items:
            if item not in valid:
                raise ValueError(f"Item [{item}] is invalid. Valid entries include: {list(valid)}")


class DatasetDataProvider(DataProvider):
    """Reads and decodes a dataset.

    `examples` is the dataset as a `tf.data.Dataset` of dictionaries of items. In a TF 1 graph,
    `get(["image", "label"])` gives tensors of one example, another one in each run of the session,
    once the queue runners of the graph are started.

    Args:
        dataset: An `ExampleDataset`.
        num_readers: How many files are read at the same time.
        reader_kwargs: Arguments of the dataset's reader.
        shuffle: Whether to shuffle the files, and the records in a buffer, anew in each epoch.
        num_epochs: How often the dataset is read, until `tf.errors.OutOfRangeError`; `None` for
            ever.
        common_queue_capacity: Size of the buffer in which records are shuffled, and of the queue
            behind `get`.
        common_queue_min: Kept for callers; the buffer is always filled.
        record_key: Name of the item that tells where an example is from (`file:place`).
        seed: Seed of the order.
        scope: Name scope of the operations.

    Raises:
        ValueError: If `record_key` is the name of another item, or there are no files.
    """

    def __init__(
        self,
        dataset: Any,
        num_readers: int = 1,
        reader_kwargs: Any = None,
        shuffle: bool = True,
        num_epochs: int | None = None,
        common_queue_capacity: int = 256,
        common_queue_min: int = 128,
        record_key: str = "record_key",
        seed: int | None = None,
        scope: str | None = None,
    ) -> None:
        self._decoder = dataset.decoder
        self._record_key = record_key
        self._in_order = not shuffle or seed is not None
        self._capacity = common_queue_capacity
        items = list(dataset.decoder.list_items())
        if record_key in items:
            raise ValueError(f"`record_key` is the name of an item of the dataset: {record_key}")
        with tf.name_scope(scope or "parallel_read") as self._name_scope:
            self._records = record_dataset(
                dataset.data_sources,
                dataset.reader,
                num_epochs=num_epochs,
                num_readers=num_readers,
                reader_kwargs=reader_kwargs,
                shuffle=shuffle,
                capacity=common_queue_capacity,
                seed=seed,
            )
        super().__init__(dict.fromkeys([*items, record_key]), dataset.num_samples)

    def get(self, items: Any) -> list[Any]:
        """Returns the tensors of one example, in a TF 1 graph.

        Args:
            items: Names of items, a list or tuple.

        Raises:
            ValueError: If there is no such item, or `items` is not a list or tuple.
            RuntimeError: Outside of a TF 1 graph.
        """
        self._validate_items(items)
        require_tf_graph(
            "get()",
            "Use `examples`, a tf.data.Dataset of dictionaries: "
            'for example in provider.examples: example["image"] ...',
        )
        if self._items_to_tensors[self._record_key] is None:
            # Only now: a queue that nobody empties would still be filled.
            with tf.init_scope():  # out of the bodies of loops and conditions
                with tf.name_scope(self._name_scope):
                    record = next_record(self._records, self._capacity)
                # What nobody asks for is never decoded: a session runs what it needs.
                self._items_to_tensors = self._decoded(*record)
        return super().get(items)

    @functools.cached_property
    def examples(self) -> Any:
        """A `tf.data.Dataset` of dictionaries of all items, decoded in parallel.

        Its `map(..., num_parallel_calls=tf.data.AUTOTUNE)` decodes and maps in one function.
        """
        decoded = tf.autograph.experimental.do_not_convert(self._decoded)
        examples = self._records.map(decoded, tf.data.AUTOTUNE, deterministic=self._in_order)
        one_after_the_other = examples.map

        # From one parallel map to the next costs as much as decoding a picture of 48 x 48 pixels.
        def mapped(
            map_func: Callable[[Any], Any],
            num_parallel_calls: Any = None,
            deterministic: bool | None = None,
            **kwargs: Any,
        ) -> Any:
            options = {"num_parallel_calls": num_parallel_calls, **kwargs}
            if num_parallel_calls != tf.data.AUTOTUNE:
                return one_after_the_other(map_func, deterministic=deterministic, **options)
            if deterministic is None and not self._in_order:
                deterministic = False

            def of_record(key: Any, record: Any) -> Any:
                return map_func(decoded(key, record))

            return self._records.map(of_record, deterministic=deterministic, **options)

        examples.map = mapped
        return examples

    def _decoded(self, key: Any, record: Any) -> dict[str, Any]:
        items = self._decoder.list_items()
        with record_named(key):
            tensors = self._decoder.decode(record, items)
        return {**dict(zip(items, tensors, strict=False)), self._record_key: key}
