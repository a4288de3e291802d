"""The training operation of a TF 1 graph: update ops, gradients, the optimizer's step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimport.written.gradients import clip_gradient_norms, multiply_gradients
from slimport.written.graphs import require_tf_graph
from slimport.written.variables import variable_op_name

__all__ = ["add_gradients_summaries", "create_train_op"]

_USE_GLOBAL_STEP = 0


def create_train_op(
    total_loss: Any,
    optimizer: Any,
    global_step: Any = _USE_GLOBAL_STEP,
    update_ops: Any = None,
    variables_to_train: Any = None,
    clip_gradient_norm: float = 0,
    summarize_gradients: bool = False,
    gate_gradients: int = 1,
    aggregation_method: Any = None,
    colocate_gradients_with_ops: bool = False,
    gradient_multipliers: dict[Any, Any] | None = None,
    check_numerics: bool = True,
    transform_grads_fn: Callable[[Any], Any] | None = None,
) -> Any:
    """Makes the tensor that trains a model by one step when a session evaluates it.

    Source of the order: tf_slim/training/training.py, `create_train_op`. Update ops run before the
    loss, and so before the gradients; the step is applied before the loss is returned.

    Args:
        total_loss: A scalar tensor.
        optimizer: An optimizer of `tf.compat.v1.train`.
        global_step: A variable to count up; `None` for none, 0 for TensorFlow's global step.
        update_ops: Operations to run first; `None` for those of the collection `UPDATE_OPS`.
        variables_to_train: Trainable variables; `None` for all.
        clip_gradient_norm: The greatest norm of each gradient; 0 for any.
        summarize_gradients: Whether to add a histogram and the norm of each gradient.
        gate_gradients: See `tf.compat.v1.train.Optimizer`; 1 is `GATE_OP`.
        aggregation_method: See `tf.AggregationMethod`.
        colocate_gradients_with_ops: Whether gradients are computed where their operations are.
        gradient_multipliers: Factors of gradients by variable or name; see `multiply_gradients`.
        check_numerics: Whether a loss that is not finite raises an error.
        transform_grads_fn: Changes the list of pairs of a gradient and its variable.

    Returns:
        A scalar tensor: the loss before the step.

    Raises:
        RuntimeError: Outside of a TF 1 graph.
        ValueError: If nothing is to be trained, or if a variable to train is not trainable.
    """
    require_tf_graph("create_train_op", "Train a model with `fit`.")
    if isinstance(global_step, int) and global_step == _USE_GLOBAL_STEP:
        global_step = tf.compat.v1.train.get_or_create_global_step()
    total_loss = _after(_update_ops(update_ops), total_loss)
    pairs = optimizer.compute_gradients(
        total_loss,
        _trainable(variables_to_train),
        gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops,
    )
    if gradient_multipliers:
        with tf.name_scope("multiply_grads"):
            pairs = multiply_gradients(pairs, gradient_multipliers)
    if clip_gradient_norm > 0:
        with tf.name_scope("clip_grads"):
            pairs = clip_gradient_norms(pairs, clip_gradient_norm)
    if transform_grads_fn is not None:
        pairs = transform_grads_fn(pairs)
    if summarize_gradients:
        with tf.name_scope("summarize_grads"):
            add_gradients_summaries(pairs)
    step = optimizer.apply_gradients(pairs, global_step=global_step)
    with tf.name_scope("train_op"):
        if check_numerics:
            total_loss = tf.debugging.check_numerics(total_loss, "LossTensor is inf or nan")
        train_op = _after([step], total_loss)
    tf.compat.v1.add_to_collection("train_op", train_op)
    return train_op


def _update_ops(update_ops: Any) -> list[Any]:
    """The operations to run first; says so if that leaves some of the collection out."""
    collected = tf.compat.v1.get_collection("update_ops")
    if update_ops is None:
        return list(collected)
    chosen = list(update_ops)
    if {id(op) for op in collected} - {id(op) for op in chosen}:
        tf.compat.v1.logging.warning(
            "update_ops in create_train_op does not contain all the update_ops in "
            "GraphKeys.UPDATE_OPS"
        )
    return chosen


def _trainable(variables_to_train: Any) -> list[Any]:
    trainable = tf.compat.v1.trainable_variables()
    chosen = trainable if variables_to_train is None else list(variables_to_train)
    listed = {id(variable) for variable in trainable}
    for variable in chosen:
        if not variable.trainable and id(variable) not in listed:
            raise ValueError(f"{variable.op.name} is to be trained, but is not trainable.")
    if not chosen:
        raise ValueError("There are no variables to train.")
    return chosen


def _after(operations: list[Any], tensor: Any) -> Any:
    """Returns the tensor, evaluated after the operations."""
    if not operations:
        return tensor
    with tf.control_dependencies(operations):
        return tf.identity(tensor, name="control_dependency")


def add_gradients_summaries(grads_and_vars: Any, separator: str = "_") -> list[Any]:
    """Adds a histogram and the norm of each gradient to the summaries of a TF 1 graph.

    Args:
        grads_and_vars: Pairs of a gradient and its variable; those of `None` are left out.
        separator: What stands between the variable's name and `gradient` in a tag: `_`, as in
            tf.contrib.training, or `/`, as in slim.learning.

    Returns:
        The summaries, tensors of type string.
    """
    added, summary = [], tf.compat.v1.summary
    for gradient, variable in grads_and_vars:
        if gradient is None:
            continue
        values = gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient
        name = variable_op_name(variable)
        added.append(summary.histogram(f"{name}{separator}gradient", values))
        norm = tf.linalg.global_norm([values])
        added.append(summary.scalar(f"{name}{separator}gradient_norm", norm))
    return added
