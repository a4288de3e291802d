"""Files in the order in which a queue of TF 1 gave them."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

__all__ = ["queued_files"]


def queued_files(
    string_tensor: Any, num_epochs: int | None = None, shuffle: bool = True, seed: Any = None
) -> tf.data.Dataset:
    """Returns paths as `tf.train.string_input_producer` of TF 1 gave them: all in each epoch.

    ```python
    records = queued_files(paths, num_epochs=2).flat_map(tf.data.TFRecordDataset)
    ```

    Args:
        string_tensor: The paths: a list, an array or a tensor of strings.
        num_epochs: How often each is given; `None` for no end.
        shuffle: Whether they come in another order in each epoch.
        seed: Seed of the orders.

    Returns:
        A dataset of strings.

    Raises:
        ValueError: If there is no path.
    """
    paths = tf.convert_to_tensor(string_tensor, tf.string)
    if paths.shape.num_elements() == 0:
        raise ValueError("queued_files needs at least one path.")
    files = tf.data.Dataset.from_tensor_slices(paths)
    if shuffle:
        files = files.shuffle(tf.size(paths, tf.int64), seed=seed)
    return files.repeat(num_epochs)
