"""One step of training in a session: run, trace, log, ask whether to stop."""

from __future__ import annotations

import importlib
import time
from typing import Any

import tensorflow as tf

__all__ = ["train_step"]


def train_step(
    sess: Any, train_op: Any, global_step: Any, train_step_kwargs: dict[str, Any]
) -> tuple[Any, Any]:
    """Trains by one step in a session of a TF 1 graph.

    Args:
        sess: The session.
        train_op: The tensor of `create_train_op`.
        global_step: The variable that counts the steps.
        train_step_kwargs: Tensors to evaluate around the step, each of which may be absent:
            `should_stop`, `should_log` and `should_trace`. What is traced goes to the folder
            `logdir` and to the writer `summary_writer`.

    Returns:
        The loss, and whether to stop.

    Raises:
        ValueError: If there is `should_trace` without `logdir`.
    """
    start = time.time()
    options = metadata = None
    if "should_trace" in train_step_kwargs:
        if "logdir" not in train_step_kwargs:
            raise ValueError("train_step_kwargs has should_trace, but no logdir to write to.")
        if sess.run(train_step_kwargs["should_trace"]):
            options = tf.compat.v1.RunOptions(trace_level=tf.compat.v1.RunOptions.FULL_TRACE)
            metadata = tf.compat.v1.RunMetadata()
    loss, step = sess.run([train_op, global_step], options=options, run_metadata=metadata)
    seconds = time.time() - start
    if metadata is not None:
        _write_trace(metadata, step, train_step_kwargs)
    if "should_log" in train_step_kwargs and sess.run(train_step_kwargs["should_log"]):
        tf.compat.v1.logging.info(
            "global step %d: loss = %.4f (%.3f sec/step)", step, loss, seconds
        )
    if "should_stop" not in train_step_kwargs:
        return loss, False
    return loss, sess.run(train_step_kwargs["should_stop"])


def _write_trace(metadata: Any, step: Any, train_step_kwargs: dict[str, Any]) -> None:
    """Writes how long each operation of a step ran, as Chrome's trace viewer reads it."""
    # TensorFlow has no public name for it.
    timeline = importlib.import_module("tensorflow.python.client.timeline")
    path = tf.io.gfile.join(train_step_kwargs["logdir"], f"tf_trace-{step:d}.json")
    tf.compat.v1.logging.info("Writing trace to %s", path)
    with tf.io.gfile.GFile(path, "w") as file:
        file.write(timeline.Timeline(metadata.step_stats).generate_chrome_trace_format())
    if "summary_writer" in train_step_kwargs:
        train_step_kwargs["summary_writer"].add_run_metadata(metadata, f"run_metadata-{step:d}")
