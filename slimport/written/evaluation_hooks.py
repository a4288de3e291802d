# mypy: allow-subclassing-any
"""Hooks of an evaluation in a TF 1 graph: count its steps, write summaries at its end."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

__all__ = ["StopAfterNEvalsHook", "SummaryAtEndHook", "get_or_create_eval_step"]


def get_or_create_eval_step() -> Any:
    """Returns the local variable `eval_step` of a TF 1 graph, an int64; creates it at first.

    Raises:
        ValueError: If there are several.
    """
    key = tf.compat.v1.GraphKeys.EVAL_STEP
    found = tf.compat.v1.get_collection(key)
    if len(found) > 1:
        raise ValueError(f"The graph has {len(found)} evaluation steps.")
    if found:
        return found[0]
    return tf.compat.v1.get_variable(
        "eval_step",
        [],
        tf.int64,
        tf.compat.v1.zeros_initializer(),
        trainable=False,
        collections=[tf.compat.v1.GraphKeys.LOCAL_VARIABLES, key],
    )


class StopAfterNEvalsHook(tf.compat.v1.train.SessionRunHook):
    """Ends an evaluation after some steps; see `evaluate_once`.

    Args:
        num_evals: How many; `None` to go on until the inputs end.
        log_progress: Whether to log how far the evaluation is.
    """

    def __init__(self, num_evals: int | None, log_progress: bool = True) -> None:
        self._num_evals = num_evals
        self._log_progress = log_progress
        self._log_every = 1 if num_evals is None or num_evals < 20 else num_evals // 10
        self._evals_completed: Any = None

    def _set_evals_completed_tensor(self, evals_completed: Any) -> None:
        """Takes the tensor that tells how many steps are done; TensorFlow's name for it."""
        self._evals_completed = evals_completed

    def before_run(self, run_context: Any) -> Any:
        """Asks for the number of steps with each run."""
        return tf.compat.v1.train.SessionRunArgs(self._evals_completed)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Logs the number of steps, and stops after the last."""
        done, last = run_values.results, self._num_evals
        if self._log_progress and last is None:
            tf.compat.v1.logging.info("Evaluation [%d]", done)
        elif self._log_progress and (done % self._log_every == 0 or done == last):
            tf.compat.v1.logging.info("Evaluation [%d/%d]", done, last)
        if last is not None and done >= last:
            run_context.request_stop()


class SummaryAtEndHook(tf.compat.v1.train.SessionRunHook):
    """Writes summaries when an evaluation ends.

    Args:
        log_dir: Where to, unless there is a `summary_writer`.
        summary_writer: A `tf.compat.v1.summary.FileWriter`.
        summary_op: The summaries; `None` for all of the graph.
        feed_dict: Values of placeholders for the summaries.

    Raises:
        ValueError: If there is neither `log_dir` nor `summary_writer`.
    """

    def __init__(
        self,
        log_dir: str | None = None,
        summary_writer: Any = None,
        summary_op: Any = None,
        feed_dict: dict[Any, Any] | None = None,
    ) -> None:
        if log_dir is None and summary_writer is None:
            raise ValueError("One of log_dir or summary_writer should be used.")
        self._log_dir = log_dir
        self._summary_writer = summary_writer
        self._summary_op = summary_op
        self._takes_all = summary_op is None
        self._feed_dict = feed_dict
        self._global_step: Any = None

    def begin(self) -> None:
        """Merges the summaries, before the graph is finalized."""
        if self._takes_all:
            self._summary_op = tf.compat.v1.summary.merge_all()
        self._global_step = tf.compat.v1.train.get_or_create_global_step()

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Opens the writer."""
        if self._summary_writer is None and self._log_dir:
            self._summary_writer = tf.compat.v1.summary.FileWriterCache.get(self._log_dir)

    def end(self, session: Any) -> None:
        """Evaluates and writes the summaries."""
        if self._summary_op is not None:
            step = tf.compat.v1.train.global_step(session, self._global_step)
            summaries = session.run(self._summary_op, self._feed_dict)
            if self._summary_writer:
                self._summary_writer.add_summary(summaries, step)
        if self._summary_writer:
            self._summary_writer.flush()
