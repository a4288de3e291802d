"""Event files for TensorBoard, as scripts of TensorFlow 1 wrote them."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

__all__ = ["EventWriter"]


class EventWriter:
    """Writes summaries to an event file, as `tf.summary.FileWriter` of TF 1 did.

    Args:
        logdir: The folder; it is made if it is not there.
    """

    def __init__(self, logdir: str) -> None:
        self._writer = tf.summary.create_file_writer(logdir)

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Writes summaries.

        Args:
            summary: A protocol buffer `Summary`, or its text.
            global_step: The step that it is of.
        """
        text = summary if isinstance(summary, bytes) else summary.SerializeToString()
        step = 0 if global_step is None else int(global_step)
        with self._writer.as_default(step):
            tf.summary.experimental.write_raw_pb(text)

    def flush(self) -> None:
        """Writes what is waiting to the file."""
        self._writer.flush()

    def close(self) -> None:
        """Writes what is waiting to the file, and closes it."""
        self._writer.close()
