"""Numbers in event files, as TensorFlow 1 wrote them."""

from __future__ import annotations

import re
from typing import Any

import tensorflow as tf

__all__ = ["write_scalar"]


def write_scalar(name: str, value: Any) -> None:
    """Writes a number to the event files that are open, as `tf.summary.scalar` of TF 1 did.

    ```python
    with tf.summary.create_file_writer(folder).as_default(model.global_step):
        write_scalar("accuracy", 0.75)
    ```

    Args:
        name: Its tag; characters that TF 1 replaced are replaced.
        value: The number.
    """
    tag = re.sub(r"[^-/\w.]", "_", name).lstrip("/")
    entry = tf.compat.v1.Summary.Value(tag=tag, simple_value=float(value))
    summary = tf.compat.v1.Summary(value=[entry])
    tf.summary.experimental.write_raw_pb(summary.SerializeToString())
