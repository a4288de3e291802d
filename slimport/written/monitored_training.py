"""The training loop of a TF 1 graph with hooks: a MonitoredTrainingSession until it is to stop."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from slimport.written.checkpoint_shapes import refuse_other_shapes
from slimport.written.graphs import require_tf_graph

__all__ = ["train_monitored"]


def train_monitored(
    train_op: Any,
    logdir: str | None,
    master: str = "",
    is_chief: bool = True,
    scaffold: Any = None,
    hooks: Any = None,
    chief_only_hooks: Any = None,
    save_checkpoint_secs: float | None = 600,
    save_summaries_steps: int | None = 100,
    config: Any = None,
    max_wait_secs: int = 7200,
    run_metadata: Any = None,
) -> Any:
    """Trains the model of a TF 1 graph until a hook stops it, as `tf.contrib.training.train` did.

    See `tf.compat.v1.train.MonitoredTrainingSession` for what the arguments mean; `logdir` is its
    `checkpoint_dir`.

    Args:
        train_op: The tensor of `create_train_op`.
        logdir: Folder of checkpoints and summaries.
        master: Address of a TensorFlow server; empty for this process.
        is_chief: Whether this process initializes and saves the model.
        scaffold: A `tf.compat.v1.train.Scaffold`.
        hooks: Hooks of the session, e.g. `tf.compat.v1.train.StopAtStepHook`.
        chief_only_hooks: Hooks of the chief's session.
        save_checkpoint_secs: Seconds between checkpoints; `None` for none.
        save_summaries_steps: Steps between summaries; `None` for none.
        config: A `tf.compat.v1.ConfigProto`.
        max_wait_secs: How long a process that is not the chief waits for the session.
        run_metadata: Filled by each step.

    Returns:
        The loss of the last step; `None` if there was no step.

    Raises:
        RuntimeError: Outside of a TF 1 graph.
        ValueError: If the chief is to save something without a `logdir`.
        tf.errors.InvalidArgumentError: If the checkpoint has another shape of a variable.
    """
    require_tf_graph("train_monitored", "Train a model with `fit`.")
    if logdir is None and is_chief:
        if save_summaries_steps:
            raise ValueError("logdir cannot be None when save_summaries_steps is not None")
        if save_checkpoint_secs:
            raise ValueError("logdir cannot be None when save_checkpoint_secs is not None")
    if logdir and is_chief:
        refuse_other_shapes(tf.train.latest_checkpoint(logdir), scaffold and scaffold.saver)
    loss = None
    with tf.compat.v1.train.MonitoredTrainingSession(
        master=master,
        is_chief=is_chief,
        checkpoint_dir=logdir,
        scaffold=scaffold,
        hooks=hooks,
        chief_only_hooks=chief_only_hooks,
        save_checkpoint_secs=save_checkpoint_secs,
        save_summaries_steps=save_summaries_steps,
        config=config,
        max_wait_secs=max_wait_secs,
    ) as session:
        while not session.should_stop():
            loss = session.run(train_op, run_metadata=run_metadata)
    return loss
