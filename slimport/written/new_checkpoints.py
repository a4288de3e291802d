"""Waiting for checkpoints: each one as soon as a training run has written it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import tensorflow as tf

__all__ = ["checkpoints_iterator", "wait_for_new_checkpoint"]


def wait_for_new_checkpoint(
    checkpoint_dir: str,
    last_checkpoint: str | None = None,
    seconds_to_sleep: float = 1,
    timeout: float | None = None,
) -> str | None:
    """Waits until the latest checkpoint of a folder is another one.

    Args:
        checkpoint_dir: The folder.
        last_checkpoint: The checkpoint that is known; `None` for none.
        seconds_to_sleep: Seconds between looks into the folder.
        timeout: The most seconds to wait; `None` for no limit.

    Returns:
        The path of the checkpoint, `None` if the time is over.
    """
    tf.compat.v1.logging.info("Waiting for new checkpoint at %s", checkpoint_dir)
    end = None if timeout is None else time.time() + timeout
    while True:
        path: str | None = tf.train.latest_checkpoint(checkpoint_dir)
        if path is not None and path != last_checkpoint:
            tf.compat.v1.logging.info("Found new checkpoint at %s", path)
            return path
        if end is not None and time.time() + seconds_to_sleep > end:
            return None
        time.sleep(seconds_to_sleep)


def checkpoints_iterator(
    checkpoint_dir: str,
    min_interval_secs: float = 0,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
) -> Iterator[str]:
    """Yields the latest checkpoint of a folder, and each new one when it is asked for it.

    `timeout_fn` is asked when the time is over, and not after each checkpoint: that is where
    `tf.train.checkpoints_iterator` differs.

    Args:
        checkpoint_dir: The folder.
        min_interval_secs: The fewest seconds between two checkpoints.
        timeout: The most seconds to wait for one; `None` for no limit.
        timeout_fn: Whether to end when the time is over, else to wait on; `None` for to end.

    Yields:
        The path of each checkpoint.
    """
    path = None
    while True:
        new = wait_for_new_checkpoint(checkpoint_dir, path, timeout=timeout)
        if new is None:
            if not timeout_fn or timeout_fn():
                tf.compat.v1.logging.info("Timed-out waiting for a checkpoint.")
                return
            continue
        start = time.time()
        path = new
        yield path
        time.sleep(max(0.0, start + min_interval_secs - time.time()))
