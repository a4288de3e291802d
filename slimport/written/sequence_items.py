"""Sequence items: boxes and keypoints of the frames of a video."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from slimport.written.item_handlers import ItemHandler, prefixed_keys

__all__ = ["BoundingBoxSequenceItem", "KeypointsSequenceItem", "NumBoxesSequenceItem"]


class _CoordinatesItem(ItemHandler):
    """Ragged features, `[frames, objects]` each, joined along a last axis."""

    _default_keys: tuple[str, ...] = ()

    def __init__(
        self,
        keys: Any = None,
        prefix: str | None = None,
        return_dense: bool = True,
        default_value: Any = -1.0,
    ) -> None:
        self._full_keys = prefixed_keys(self, keys, list(self._default_keys), prefix)
        self._return_dense = return_dense
        self._default_value = default_value
        super().__init__(self._full_keys)

    def tensors_to_item(self, keys_to_tensors: Any) -> Any:
        """Returns the coordinates, dense or sparse: `[frames, objects, coordinates]`."""
        columns = [keys_to_tensors[key] for key in self._full_keys]
        joined = tf.sparse.concat(2, [tf.sparse.expand_dims(column, -1) for column in columns])
        return tf.sparse.to_dense(joined, self._default_value) if self._return_dense else joined


class BoundingBoxSequenceItem(_CoordinatesItem):
    """Boxes by frame, from four features.

    Args:
        keys: Names of the features with the top, left, bottom and right sides; `None` for `ymin`,
            `xmin`, `ymax`, `xmax`.
        prefix: What precedes each of the names.
        return_dense: Whether to return a dense tensor.
        default_value: What it holds where a frame has fewer boxes.
    """

    _default_keys = ("ymin", "xmin", "ymax", "xmax")


class KeypointsSequenceItem(_CoordinatesItem):
    """Keypoints by frame, from two features.

    Args:
        keys: Names of the features with the coordinates; `None` for `y`, `x`.
        prefix: What precedes each of the names.
        return_dense: Whether to return a dense tensor.
        default_value: What it holds where a frame has fewer keypoints.
    """

    _default_keys = ("y", "x")


class NumBoxesSequenceItem(ItemHandler):
    """How many boxes each frame has.

    Args:
        keys: Names of ragged features, `[frames, boxes]`; the first one is counted.
        check_consistency: Whether it is an error if another gives other numbers.

    Raises:
        ValueError: If there are no names.
    """

    def __init__(self, keys: Any = None, check_consistency: bool = True) -> None:
        if not keys:
            raise ValueError("keys must not be empty.")
        self._check_consistency = check_consistency
        super().__init__(keys)

    def tensors_to_item(self, keys_to_tensors: Any) -> Any:
        """Returns the numbers: `[frames]`, int64."""
        count, *others = (_sizes_of_rows(keys_to_tensors[key]) for key in self._keys)
        checks = []
        if self._check_consistency:
            checks = [tf.debugging.assert_equal(count, other) for other in others]
        with tf.control_dependencies([check for check in checks if check is not None]):
            return tf.identity(count)


def _sizes_of_rows(tensor: Any) -> Any:
    """Counts the elements of each row up to the last one that is there."""
    if not isinstance(tensor, tf.SparseTensor):
        raise ValueError("tensor must be of type tf.SparseTensor.")
    places = tf.SparseTensor(tensor.indices, tensor.indices[:, 1] + 1, tensor.dense_shape)
    # The column of zeros is for examples without any element.
    return tf.reduce_max(tf.pad(tf.sparse.to_dense(places), [[0, 0], [0, 1]]), axis=1)
