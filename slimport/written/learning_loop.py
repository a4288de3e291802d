"""The training loop of a TF 1 graph: checkpoints, summaries and log lines around its steps."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from slimport.written.checkpoint_shapes import refuse_other_shapes
from slimport.written.graphs import require_tf_graph
from slimport.written.train_step import train_step

__all__ = ["train_in_session"]

_USE_DEFAULT = 0


def train_in_session(
    train_op: Any,
    logdir: str | None,
    train_step_fn: Callable[..., Any] = train_step,
    train_step_kwargs: Any = _USE_DEFAULT,
    log_every_n_steps: int = 1,
    graph: Any = None,
    master: str = "",
    is_chief: bool = True,
    global_step: Any = None,
    number_of_steps: int | None = None,
    init_op: Any = _USE_DEFAULT,
    init_feed_dict: dict[Any, Any] | None = None,
    local_init_op: Any = _USE_DEFAULT,
    init_fn: Callable[[Any], Any] | None = None,
    ready_op: Any = _USE_DEFAULT,
    summary_op: Any = _USE_DEFAULT,
    save_summaries_secs: float = 600,
    summary_writer: Any = _USE_DEFAULT,
    startup_delay_steps: int = 0,
    saver: Any = None,
    save_interval_secs: float = 600,
    sync_optimizer: Any = None,
    session_config: Any = None,
    session_wrapper: Callable[[Any], Any] | None = None,
    trace_every_n_steps: int | None = None,
    ignore_live_threads: bool = False,
) -> Any:
    """Trains the model of a TF 1 graph in a session, as `slim.learning.train` did.

    Goes on from the latest checkpoint in `logdir`; without one, runs `init_op` and `init_fn`. The
    graph is finalized: nothing can be added to it afterwards. In the arguments, 0 stands for the
    default where that is not `None`.

    Args:
        train_op: The tensor of `create_train_op`.
        logdir: Folder of checkpoints and summaries; `None` for neither.
        train_step_fn: Makes one step of training; see `train_step`.
        train_step_kwargs: The fourth argument of `train_step_fn`.
        log_every_n_steps: How often the loss is logged; 0 for never.
        graph: The graph; `None` for the current one.
        master: Address of a TensorFlow server; empty for this process.
        is_chief: Whether this process initializes and saves the model.
        global_step: The variable that counts the steps; `None` for TensorFlow's global step.
        number_of_steps: The global step at which to stop; `None` for no end.
        init_op: Initializes the variables.
        init_feed_dict: Values of placeholders for `init_op`.
        local_init_op: Initializes local variables and tables, with a checkpoint too.
        init_fn: Called with the session after `init_op`.
        ready_op: The names of what is not initialized, none once the model is ready.
        summary_op: The summaries; by default all of the graph.
        save_summaries_secs: Seconds between summaries.
        summary_writer: What writes summaries; `None` for nothing.
        startup_delay_steps: The global step that a process waits for that is not the chief.
        saver: Saves and restores checkpoints; by default a `tf.compat.v1.train.Saver`.
        save_interval_secs: Seconds between checkpoints; the last step has one in any case.
        sync_optimizer: A `tf.compat.v1.train.SyncReplicasOptimizer`, or a list of them.
        session_config: A `tf.compat.v1.ConfigProto`.
        session_wrapper: Wraps the session.
        trace_every_n_steps: How often a step is traced into `logdir`; `None` for never.
        ignore_live_threads: Whether threads may outlive the loop.

    Returns:
        The loss of the last step; `None` if there was no step.

    Raises:
        RuntimeError: Outside of a TF 1 graph, or if eager execution is on in other threads.
        ValueError: If arguments do not go together.
        tf.errors.InvalidArgumentError: If the checkpoint has another shape of a variable.
    """
    _check(train_op, logdir, number_of_steps, summary_op, saver, trace_every_n_steps)
    sync_optimizers = _sync_optimizers(sync_optimizer)
    if sync_optimizer is not None and startup_delay_steps > 0:
        raise ValueError("startup_delay_steps must be 0 with a sync_optimizer.")
    graph = graph or tf.compat.v1.get_default_graph()
    with graph.as_default():
        if global_step is None:
            global_step = tf.compat.v1.train.get_or_create_global_step()
        saver = saver or tf.compat.v1.train.Saver()
        if logdir and is_chief:
            refuse_other_shapes(tf.train.latest_checkpoint(logdir), saver)
        ops = _ready_ops(init_op, ready_op, local_init_op, sync_optimizers, is_chief)
        if _is_default(summary_op):
            summary_op = tf.compat.v1.summary.merge_all()
        of_chief = sync_optimizers if is_chief else []
        token_ops = [optimizer.get_init_tokens_op() for optimizer in of_chief]
        token_runners = [optimizer.get_chief_queue_runner() for optimizer in of_chief]
        if _is_default(train_step_kwargs):
            traced = trace_every_n_steps if is_chief else None
            train_step_kwargs = _step_options(
                global_step, number_of_steps, log_every_n_steps, traced, logdir
            )
    supervisor = tf.compat.v1.train.Supervisor(
        graph=graph,
        is_chief=is_chief,
        logdir=logdir,
        init_feed_dict=init_feed_dict,
        summary_op=summary_op,
        summary_writer=summary_writer,
        global_step=global_step,
        saver=saver,
        save_summaries_secs=save_summaries_secs,
        save_model_secs=save_interval_secs,
        init_fn=init_fn,
        **ops,
    )
    if summary_writer is not None:
        train_step_kwargs["summary_writer"] = supervisor.summary_writer
    delay = min(startup_delay_steps, number_of_steps or sys.maxsize)
    step = (train_op, global_step, train_step_kwargs)
    loss = None
    while True:
        try:
            with supervisor.managed_session(
                master, start_standard_services=False, config=session_config
            ) as session:
                if session_wrapper is not None:
                    session = session_wrapper(session)
                threads = _start(supervisor, session, delay)
                if token_ops:
                    supervisor.start_queue_runners(session, token_runners)
                    session.run(token_ops)
                for current in _losses(supervisor, train_step_fn, session, *step):
                    loss = current
                if logdir and is_chief:
                    _finish(supervisor, session, threads, ignore_live_threads)
        except tf.errors.AbortedError:  # a server was restarted
            tf.compat.v1.logging.info("Retrying training!")
        else:
            return loss


def _is_default(value: Any) -> bool:
    """Whether an argument is 0; tensors are not compared."""
    return isinstance(value, int) and value == _USE_DEFAULT


def _check(
    train_op: Any, logdir: Any, number_of_steps: Any, summary_op: Any, saver: Any, trace_every: Any
) -> None:
    require_tf_graph("train_in_session", "Train a model with `fit`.")
    if logdir and _threads_are_eager():
        raise RuntimeError(
            "train_in_session needs eager execution off in its threads, which save and summarize: "
            "call tf.compat.v1.disable_v2_behavior() where the program starts."
        )
    if train_op is None:
        raise ValueError("train_op cannot be None.")
    if number_of_steps is not None and number_of_steps <= 0:
        raise ValueError(f"number_of_steps is {number_of_steps}; it must be positive or None.")
    if logdir is None:
        if not _is_default(summary_op):
            raise ValueError("Cannot provide summary_op because logdir=None")
        if saver is not None:
            raise ValueError("Cannot provide saver because logdir=None")
        if trace_every is not None:
            raise ValueError("Cannot provide trace_every_n_steps because logdir=None")


def _threads_are_eager() -> bool:
    """Whether eager execution is on beside this thread, where a graph turns it off."""
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(tf.executing_eagerly()))
    thread.start()
    thread.join()
    return found[0]


def _sync_optimizers(sync_optimizer: Any) -> list[Any]:
    if sync_optimizer is None:
        return []
    given = sync_optimizer if isinstance(sync_optimizer, (list, tuple)) else [sync_optimizer]
    for optimizer in given:
        if not isinstance(optimizer, tf.compat.v1.train.SyncReplicasOptimizer):
            raise ValueError("sync_optimizer must be a tf.compat.v1.train.SyncReplicasOptimizer.")
    return list(given)


def _ready_ops(
    init_op: Any, ready_op: Any, local_init_op: Any, sync_optimizers: list[Any], is_chief: bool
) -> dict[str, Any]:
    """The operations of a supervisor that make the model ready, by argument."""
    v1, ready_for_local = tf.compat.v1, None
    with tf.name_scope("init_ops"):
        if _is_default(init_op):
            init_op = v1.global_variables_initializer()
        if _is_default(ready_op):
            ready_op = v1.report_uninitialized_variables()
        if _is_default(local_init_op):
            local_init_op = tf.group(v1.local_variables_initializer(), v1.tables_initializer())
        if sync_optimizers:
            name = "chief_init_op" if is_chief else "local_step_init_op"
            own = [getattr(optimizer, name) for optimizer in sync_optimizers]
            with tf.control_dependencies([] if local_init_op is None else [local_init_op]):
                local_init_op = tf.group(*own)
            ready_for_local = tf.concat([o.ready_for_local_init_op for o in sync_optimizers], 0)
    return {
        "init_op": init_op,
        "ready_op": ready_op,
        "local_init_op": local_init_op,
        "ready_for_local_init_op": ready_for_local,
    }


def _step_options(
    global_step: Any, last: int | None, log_every: int, trace_every: int | None, logdir: Any
) -> dict[str, Any]:
    """What `train_step` asks around each step."""
    options: dict[str, Any] = {}
    with tf.name_scope("train_step"):
        options["should_stop"] = tf.greater_equal(global_step, last) if last else tf.constant(False)
        if log_every > 0:
            options["should_log"] = tf.equal(tf.math.floormod(global_step, log_every), 0)
        if trace_every is not None:
            options["should_trace"] = tf.equal(tf.math.floormod(global_step, trace_every), 0)
            options["logdir"] = logdir
    return options


def _start(supervisor: Any, session: Any, delay: int) -> list[Any]:
    """Starts what runs beside the steps; returns the threads of input queues."""
    tf.compat.v1.logging.info("Starting Session.")
    if supervisor.is_chief:
        if supervisor.save_path:
            supervisor.start_standard_services(session)
    else:
        while tf.compat.v1.train.global_step(session, supervisor.global_step) < delay:
            time.sleep(1.0)
    threads: list[Any] = supervisor.start_queue_runners(session)
    tf.compat.v1.logging.info("Starting Queues.")
    return threads


def _losses(supervisor: Any, train_step_fn: Callable[..., Any], *step: Any) -> Iterator[Any]:
    """Yields the loss of each step, until one says so or the inputs end."""
    try:
        while not supervisor.should_stop():
            loss, should_stop = train_step_fn(*step)
            yield loss
            if should_stop:
                tf.compat.v1.logging.info("Stopping Training.")
                supervisor.request_stop()
                return
    except tf.errors.OutOfRangeError as error:
        tf.compat.v1.logging.info("Caught OutOfRangeError. Stopping Training. %s", error)


def _finish(supervisor: Any, session: Any, threads: list[Any], ignore_live_threads: bool) -> None:
    tf.compat.v1.logging.info("Finished training! Saving model to disk.")
    supervisor.saver.save(session, supervisor.save_path, global_step=supervisor.global_step)
    supervisor.stop(threads, close_summary_writer=True, ignore_live_threads=ignore_live_threads)
