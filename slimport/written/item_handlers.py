"""Item handlers: what parsed features of an example become."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

import tensorflow as tf

__all__ = [
    "BackupHandler",
    "BoundingBoxItem",
    "ItemHandler",
    "ItemHandlerCallback",
    "LookupTensorItem",
    "SparseTensorItem",
    "TensorItem",
]


class ItemHandler(abc.ABC):
    """Makes one item, such as an image or a box, of the features of an example.

    Args:
        keys: The name of the feature that it takes, or a list of names.
    """

    def __init__(self, keys: Any) -> None:
        self._keys = keys if isinstance(keys, (tuple, list)) else [keys]

    @property
    def keys(self) -> Any:
        """Names of the features that it takes."""
        return self._keys

    @abc.abstractmethod
    def tensors_to_item(self, keys_to_tensors: Any) -> Any:
        """Returns the item.

        Args:
            keys_to_tensors: The parsed features by name, dense or sparse.
        """


class ItemHandlerCallback(ItemHandler):
    """An item that a function makes.

    Args:
        keys: Names of features.
        func: Takes a dictionary of the parsed features by name, and returns the item.
    """

    def __init__(self, keys: Any, func: Callable[[Any], Any]) -> None:
        super().__init__(keys)
        self._func = func

    def tensors_to_item(self, keys_to_tensors: Any) -> Any:
        """Returns what the function returns."""
        return self._func(keys_to_tensors)


class BackupHandler(ItemHandler):
    """An item with a second way to make it, for where the first gives no elements.

    Args:
        handler: The first handler.
        backup: The second.

    Raises:
        ValueError: If one of them is no `ItemHandler`.
    """

    def __init__(self, handler: ItemHandler, backup: ItemHandler) -> None:
        for role, given in (("Primary", handler), ("Backup", backup)):
            if not isinstance(given, ItemHandler):
                raise ValueError(f"{role} handler is of type {type(given)} instead of ItemHandler")
        self._handler = handler
        self._backup = backup
        super().__init__([*handler.keys, *backup.keys])

    def tensors_to_item(self, keys_to_tensors: Any) -> Any:
        """Returns the first handler's item unless it is empty."""
        item = self._handler.tensors_to_item(keys_to_tensors)
        return tf.cond(
            tf.equal(tf.reduce_prod(tf.shape(item)), 0),
            lambda: self._backup.tensors_to_item(keys_to_tensors),
            lambda: item,
        )


class TensorItem(ItemHandler):
    """A feature as a dense tensor.

    Args:
        tensor_key: Name of the feature.
        shape_keys: Name, or list of names, of the features that hold its shape.
        shape: Its shape, where that is always the same.
        default_value: What missing elements of a sparse feature are.

    Raises:
        ValueError: If both `shape_keys` and `shape` are given.
    """

    def __init__(
        self, tensor_key: str, shape_keys: Any = None, shape: Any = None, default_value: Any = 0
    ) -> None:
        if shape_keys and shape is not None:
            raise ValueError("Cannot specify both shape_keys and shape parameters.")
        if shape_keys and not isinstance(shape_keys, list):
            shape_keys = [shape_keys]
        self._tensor_key = tensor_key
        self._shape_keys = shape_keys
        self._shape = shape
        self._default_value = default_value
        super().__init__([tensor_key, *(shape_keys or [])])

    def tensors_to_item(self, keys_to_tensors: Any) -> Any:
        """Returns the tensor."""
        tensor = keys_to_tensors[self._tensor_key]
        shape = self._shape
        if self._shape_keys:
            sizes = [_dense(keys_to_tensors[key]) for key in self._shape_keys]
            shape = tf.reshape(tf.stack(sizes), [-1])
        if not isinstance(tensor, tf.SparseTensor):
            return tensor if shape is None else tf.reshape(tensor, shape)
        if shape is not None:
            tensor = tf.sparse.reshape(tensor, shape)
        return tf.sparse.to_dense(tensor, self._default_value)


class LookupTensorItem(TensorItem):
    """A feature that is looked up in a table; see `TensorItem`.

    Args:
        tensor_key: Name of the feature.
        table: A table of `tf.lookup`.
        shape_keys: Name, or list of names, of the features that hold its shape.
        shape: Its shape, where that is always the same.
        default_value: What missing elements of a sparse feature are, before they are looked up.
    """

    def __init__(
        self,
        tensor_key: str,
        table: Any,
        shape_keys: Any = None,
        shape: Any = None,
        default_value: Any = "",
    ) -> None:
        self._table = table
        super().__init__(tensor_key, shape_keys, shape, default_value)

    def tensors_to_item(self, keys_to_tensors: Any) -> Any:
        """Returns what the table has for the tensor's elements."""
        return self._table.lookup(super().tensors_to_item(keys_to_tensors))


class SparseTensorItem(ItemHandler):
    """A sparse tensor from two features, its indices along the last axis and its values.

    Args:
        indices_key: Name of the feature with the indices; `None` for `indices`.
        values_key: Name of the feature with the values; `None` for `values`.
        shape_key: Name of the feature with the dense shape.
        shape: The dense shape, where `shape_key` is `None`; `None` for that of the indices.
        densify: Whether to return a dense tensor.
        default_value: What missing elements of that are.
    """

    def __init__(
        self,
        indices_key: str | None = None,
        values_key: str | None = None,
        shape_key: str | None = None,
        shape: Any = None,
        densify: bool = False,
        default_value: Any = 0,
    ) -> None:
        self._indices_key = indices_key or "indices"
        self._values_key = values_key or "values"
        self._shape_key = shape_key
        self._shape = shape
        self._densify = densify
        self._default_value = default_value
        keys = [self._indices_key, self._values_key]
        super().__init__([*keys, shape_key] if shape_key else keys)

    def tensors_to_item(self, keys_to_tensors: Any) -> Any:
        """Returns the sparse tensor, or the dense one."""
        indices = keys_to_tensors[self._indices_key]
        values = keys_to_tensors[self._values_key]
        shape = self._shape or indices.dense_shape
        if self._shape_key:
            shape = _dense(keys_to_tensors[self._shape_key])
        # A feature's own last index only counts its values.
        last = tf.reshape(tf.cast(indices.values, tf.int64), [-1, 1])
        places = tf.concat([indices.indices[:, :-1], last], 1)
        tensor = tf.SparseTensor(places, values.values, shape)
        return tf.sparse.to_dense(tensor, self._default_value) if self._densify else tensor


class BoundingBoxItem(ItemHandler):
    """Boxes, one row for each, from four features.

    Args:
        keys: Names of the features with the top, left, bottom and right sides; `None` for `ymin`,
            `xmin`, `ymax`, `xmax`.
        prefix: What precedes each of the names.

    Raises:
        ValueError: If there are not four names.
    """

    def __init__(self, keys: Any = None, prefix: str = "") -> None:
        self._full_keys = prefixed_keys(self, keys, ["ymin", "xmin", "ymax", "xmax"], prefix)
        super().__init__(self._full_keys)

    def tensors_to_item(self, keys_to_tensors: Any) -> Any:
        """Returns the sides of the boxes: `[boxes, 4]`."""
        sides = [keys_to_tensors[key] for key in self._full_keys]
        values = [side.values if isinstance(side, tf.SparseTensor) else side for side in sides]
        return tf.transpose(tf.concat([tf.expand_dims(side, 0) for side in values], 0))


def prefixed_keys(
    handler: Any, keys: Any, default_keys: list[str], prefix: str | None
) -> list[str]:
    """Returns the full names of a handler's features.

    Raises:
        ValueError: If there are not as many names as by default.
    """
    keys = default_keys if keys is None else keys
    if len(keys) != len(default_keys):
        name = type(handler).__name__
        raise ValueError(f"{name} expects {len(default_keys)} keys but got {len(keys)}")
    return [(prefix or "") + key for key in keys]


def _dense(tensor: Any) -> Any:
    return tf.sparse.to_dense(tensor) if isinstance(tensor, tf.SparseTensor) else tensor
