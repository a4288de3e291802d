"""Evaluation in a TF 1 graph: a checkpoint is restored, operations run, values come back."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimport.written.checkpoint_shapes import refuse_other_shapes
from slimport.written.evaluation_hooks import (
    StopAfterNEvalsHook,
    SummaryAtEndHook,
    get_or_create_eval_step,
)
from slimport.written.new_checkpoints import checkpoints_iterator

__all__ = ["evaluate_checkpoint", "evaluate_once", "evaluate_repeatedly", "evaluation_loop"]

_ALL_SUMMARIES = 0


def evaluate_once(
    checkpoint_path: str,
    master: str = "",
    scaffold: Any = None,
    eval_ops: Any = None,
    feed_dict: dict[Any, Any] | None = None,
    final_ops: Any = None,
    final_ops_feed_dict: dict[Any, Any] | None = None,
    hooks: Any = None,
    config: Any = None,
) -> Any:
    """Evaluates one checkpoint, as `tf.contrib.training.evaluate_once` did.

    Args:
        checkpoint_path: The checkpoint.
        master: Address of a TensorFlow server; empty for this process.
        scaffold: A `tf.compat.v1.train.Scaffold`; its saver restores the checkpoint.
        eval_ops: A tensor, a list or a dictionary of tensors, run until a hook stops it.
        feed_dict: Values of placeholders for `eval_ops`.
        final_ops: Tensors to run once at the end.
        final_ops_feed_dict: Values of placeholders for `final_ops`.
        hooks: Hooks of the session, e.g. `StopAfterNEvalsHook`.
        config: A `tf.compat.v1.ConfigProto`.

    Returns:
        The values of `final_ops`, `None` without.

    Raises:
        tf.errors.InvalidArgumentError: If the checkpoint has another shape of a variable.
    """
    hooks = list(hooks or [])
    final = tf.compat.v1.train.FinalOpsHook(final_ops, final_ops_feed_dict)
    eval_ops = _counted(eval_ops, hooks)
    _evaluate(checkpoint_path, master, scaffold, eval_ops, feed_dict, [*hooks, final], config)
    return final.final_ops_values


def evaluate_repeatedly(
    checkpoint_dir: str,
    master: str = "",
    scaffold: Any = None,
    eval_ops: Any = None,
    feed_dict: dict[Any, Any] | None = None,
    final_ops: Any = None,
    final_ops_feed_dict: dict[Any, Any] | None = None,
    eval_interval_secs: float = 60,
    hooks: Any = None,
    config: Any = None,
    max_number_of_evaluations: int | None = None,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
) -> Any:
    """Evaluates each new checkpoint of a folder; see `evaluate_once` for the other arguments.

    Args:
        checkpoint_dir: The folder.
        eval_interval_secs: The fewest seconds between two evaluations.
        max_number_of_evaluations: How many; `None` for no end.
        timeout: The most seconds to wait for a checkpoint; see `checkpoints_iterator`.
        timeout_fn: Whether to end when the time is over.

    Returns:
        The values of `final_ops` in the last evaluation, `None` without.
    """
    hooks = list(hooks or [])
    final = tf.compat.v1.train.FinalOpsHook(final_ops, final_ops_feed_dict)
    eval_ops = _counted(eval_ops, hooks)
    paths = checkpoints_iterator(checkpoint_dir, eval_interval_secs, timeout, timeout_fn)
    for number, path in enumerate(paths, 1):
        _evaluate(path, master, scaffold, eval_ops, feed_dict, [*hooks, final], config)
        if max_number_of_evaluations is not None and number >= max_number_of_evaluations:
            break
    return final.final_ops_values


def evaluate_checkpoint(
    master: str,
    checkpoint_path: str,
    logdir: str,
    num_evals: int | None = 1,
    initial_op: Any = None,
    initial_op_feed_dict: dict[Any, Any] | None = None,
    eval_op: Any = None,
    eval_op_feed_dict: dict[Any, Any] | None = None,
    final_op: Any = None,
    final_op_feed_dict: dict[Any, Any] | None = None,
    summary_op: Any = _ALL_SUMMARIES,
    summary_op_feed_dict: dict[Any, Any] | None = None,
    variables_to_restore: Any = None,
    session_config: Any = None,
    hooks: Any = None,
) -> Any:
    """Evaluates one checkpoint and writes summaries, as `slim.evaluation.evaluate_once` did.

    Args:
        master: Address of a TensorFlow server; empty for this process.
        checkpoint_path: The checkpoint.
        logdir: Where summaries go.
        num_evals: How often `eval_op` runs; `None` for until the inputs end.
        initial_op: The scaffold's `init_op`; a checkpoint that is restored stands in its place.
        initial_op_feed_dict: Values of placeholders for `initial_op`.
        eval_op: What to run, e.g. the updates of metrics.
        eval_op_feed_dict: Values of placeholders for `eval_op`.
        final_op: What to run once at the end, e.g. the values of metrics.
        final_op_feed_dict: Values of placeholders for `final_op`.
        summary_op: The summaries to write at the end; 0 for all of the graph, `None` for none.
        summary_op_feed_dict: Values of placeholders for `summary_op`.
        variables_to_restore: Variables, a list or a dictionary by name in the checkpoint; `None`
            for all.
        session_config: A `tf.compat.v1.ConfigProto`.
        hooks: Further hooks of the session.

    Returns:
        The value of `final_op`, `None` without.
    """
    return evaluate_once(
        checkpoint_path,
        master,
        _scaffold(initial_op, initial_op_feed_dict, None, variables_to_restore),
        eval_op,
        eval_op_feed_dict,
        final_op,
        final_op_feed_dict,
        _hooks(num_evals, logdir, summary_op, summary_op_feed_dict, hooks),
        session_config,
    )


def evaluation_loop(
    master: str,
    checkpoint_dir: str,
    logdir: str,
    num_evals: int | None = 1,
    initial_op: Any = None,
    initial_op_feed_dict: dict[Any, Any] | None = None,
    init_fn: Callable[..., Any] | None = None,
    eval_op: Any = None,
    eval_op_feed_dict: dict[Any, Any] | None = None,
    final_op: Any = None,
    final_op_feed_dict: dict[Any, Any] | None = None,
    summary_op: Any = _ALL_SUMMARIES,
    summary_op_feed_dict: dict[Any, Any] | None = None,
    variables_to_restore: Any = None,
    eval_interval_secs: float = 60,
    max_number_of_evaluations: int | None = None,
    session_config: Any = None,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
    hooks: Any = None,
) -> Any:
    """Evaluates each new checkpoint of a folder and writes summaries.

    See `evaluate_checkpoint` for what is done with a checkpoint, and `evaluate_repeatedly` for how
    long. `init_fn` is the scaffold's, which a checkpoint that is restored stands in the place of.

    Returns:
        The value of `final_op` in the last evaluation, `None` without.
    """
    return evaluate_repeatedly(
        checkpoint_dir,
        master,
        _scaffold(initial_op, initial_op_feed_dict, init_fn, variables_to_restore),
        eval_op,
        eval_op_feed_dict,
        final_op,
        final_op_feed_dict,
        eval_interval_secs,
        _hooks(num_evals, logdir, summary_op, summary_op_feed_dict, hooks),
        session_config,
        max_number_of_evaluations,
        timeout,
        timeout_fn,
    )


def _scaffold(init_op: Any, init_feed_dict: Any, init_fn: Any, variables: Any) -> Any:
    saver = None if variables is None else tf.compat.v1.train.Saver(variables)
    return tf.compat.v1.train.Scaffold(
        init_op=init_op, init_feed_dict=init_feed_dict, init_fn=init_fn, saver=saver
    )


def _hooks(num_evals: Any, logdir: Any, summary_op: Any, feed_dict: Any, hooks: Any) -> list[Any]:
    if isinstance(summary_op, int) and summary_op == _ALL_SUMMARIES:
        summary_op = tf.compat.v1.summary.merge_all()
    found: list[Any] = [StopAfterNEvalsHook(num_evals)]
    if summary_op is not None:
        found.append(SummaryAtEndHook(logdir, summary_op=summary_op, feed_dict=feed_dict))
    return [*found, *(hooks or [])]


def _counted(eval_ops: Any, hooks: list[Any]) -> Any:
    """The operations, and what counts how often they ran, which hooks are told of."""
    eval_step = get_or_create_eval_step()
    if eval_ops is None:
        return None
    update = tf.compat.v1.assign_add(eval_step, 1, use_locking=True)
    for hook in hooks:
        if isinstance(hook, StopAfterNEvalsHook):
            hook._set_evals_completed_tensor(update)
    return [eval_ops, update]


def _evaluate(
    checkpoint_path: str,
    master: str,
    scaffold: Any,
    eval_ops: Any,
    feed_dict: Any,
    hooks: list[Any],
    config: Any,
) -> None:
    refuse_other_shapes(checkpoint_path, scaffold and scaffold.saver)
    now = functools.partial(time.strftime, "%Y-%m-%d-%H:%M:%S")
    creator = tf.compat.v1.train.ChiefSessionCreator(
        scaffold=scaffold,
        checkpoint_filename_with_path=checkpoint_path,
        master=master,
        config=config,
    )
    with tf.compat.v1.train.MonitoredSession(session_creator=creator, hooks=hooks) as session:
        tf.compat.v1.logging.info("Starting evaluation at %s", now())
        if eval_ops is not None:
            while not session.should_stop():
                session.run(eval_ops, feed_dict)
        tf.compat.v1.logging.info("Finished evaluation at %s", now())
