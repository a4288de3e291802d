"""Example decoders: serialized examples, parsed and made into items."""

from __future__ import annotations

import abc
import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

__all__ = ["DataDecoder", "TFExampleDecoder", "TFSequenceExampleDecoder"]


# The key of the record that is decoded, for errors: which file it is from, and where it is there.
_RECORD_KEY: contextvars.ContextVar[Any] = contextvars.ContextVar("_RECORD_KEY", default=None)


@contextlib.contextmanager
def record_named(key: Any) -> Iterator[None]:
    """Errors of what is decoded in a `with` block name the record by its key, a tensor."""
    token = _RECORD_KEY.set(key)
    try:
        yield
    finally:
        _RECORD_KEY.reset(token)


class DataDecoder(abc.ABC):
    """Makes items of serialized data."""

    @abc.abstractmethod
    def decode(self, data: Any, items: Any) -> Any:
        """Returns a list of tensors, one for each of the items that are named in `items`."""

    @abc.abstractmethod
    def list_items(self) -> Any:
        """Returns the names of all items."""


class TFExampleDecoder(DataDecoder):
    """Decodes a `tf.train.Example`.

    Args:
        keys_to_features: How to parse each feature: `tf.io.FixedLenFeature` and its like by name.
        items_to_handlers: An `ItemHandler` for each item.
    """

    def __init__(self, keys_to_features: Any, items_to_handlers: Any) -> None:
        self._keys_to_features = keys_to_features
        self._items_to_handlers = items_to_handlers

    def list_items(self) -> list[str]:
        """Returns the names of all items."""
        return list(self._items_to_handlers)

    def decode(self, serialized_example: Any, items: Any = None) -> list[Any]:
        """Returns the items, a list of tensors.

        Args:
            serialized_example: The example, a string.
            items: Names of the items; all of them where there are none.
        """
        key = _RECORD_KEY.get()
        # parse_single_example takes a name, and leaves it out of its errors.
        parsed = tf.io.parse_example(
            tf.expand_dims(serialized_example, 0),
            self._keys_to_features,
            None if key is None else tf.expand_dims(key, 0),
        )
        parsing = self._keys_to_features
        features = {name: _only(feature, parsing[name]) for name, feature in parsed.items()}
        return _items(features, self._items_to_handlers, items)


class TFSequenceExampleDecoder(DataDecoder):
    """Decodes a `tf.train.SequenceExample`.

    Args:
        keys_to_context_features: How to parse each feature of the context.
        keys_to_sequence_features: How to parse each feature of the sequence.
        items_to_handlers: An `ItemHandler` for each item.

    Raises:
        ValueError: If context and sequence have a name in common.
    """

    def __init__(
        self, keys_to_context_features: Any, keys_to_sequence_features: Any, items_to_handlers: Any
    ) -> None:
        both = set(keys_to_context_features) & set(keys_to_sequence_features)
        if both:
            raise ValueError(f"Context and sequence keys are not unique: {sorted(both)}")
        self._keys_to_context_features = keys_to_context_features
        self._keys_to_sequence_features = keys_to_sequence_features
        self._items_to_handlers = items_to_handlers

    def list_items(self) -> Any:
        """Returns the names of all items."""
        return self._items_to_handlers.keys()

    def decode(self, serialized_example: Any, items: Any = None) -> list[Any]:
        """Returns the items, a list of tensors.

        Args:
            serialized_example: The example, a string.
            items: Names of the items; all of them where there are none.
        """
        context, sequence = tf.io.parse_single_sequence_example(
            serialized_example,
            self._keys_to_context_features,
            self._keys_to_sequence_features,
            _RECORD_KEY.get(),
        )
        _give_shapes(context, self._keys_to_context_features)
        return _items({**sequence, **context}, self._items_to_handlers, items)


def _only(feature: Any, parsing: Any) -> Any:
    """The feature of the only example of a batch."""
    if isinstance(parsing, tf.io.FixedLenFeature):
        return tf.reshape(feature, parsing.shape)
    if isinstance(feature, tf.SparseTensor):
        return tf.SparseTensor(feature.indices[:, 1:], feature.values, feature.dense_shape[1:])
    return feature[0]  # dense or ragged


def _give_shapes(features: Any, parsing: Any) -> None:
    """Gives parsed features the static shapes that their users wrote down."""
    for key in sorted(parsing):
        if isinstance(parsing[key], tf.io.FixedLenFeature):
            features[key] = tf.reshape(features[key], parsing[key].shape)


def _items(features: Any, handlers: Any, items: Any) -> list[Any]:
    """Makes the items.

    Raises:
        KeyError: If there is no such item, or its handler takes a feature that is not parsed.
    """
    made = []
    for item in items or handlers:
        missing = [key for key in handlers[item].keys if key not in features]
        if missing:
            raise KeyError(
                f"the handler of {item!r} takes the feature {missing[0]!r}, which the decoder "
                f"does not parse; it parses {', '.join(sorted(features))}"
            )
        made.append(handlers[item].tensors_to_item({k: features[k] for k in handlers[item].keys}))
    return made
