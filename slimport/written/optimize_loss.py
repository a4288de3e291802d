"""Gradients of a loss computed, changed and applied in one call, in a TF 1 graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimport.written.graphs import require_tf_graph
from slimport.written.moving_averages import assign_moving_average
from slimport.written.train_op import _after

__all__ = ["adaptive_clipping_fn", "optimize_loss"]

_SUMMARIES = ("learning_rate", "loss", "gradients", "gradient_norm", "global_gradient_norm")


def optimize_loss(
    loss: Any,
    global_step: Any,
    learning_rate: Any,
    optimizer: Any,
    gradient_noise_scale: float | None = None,
    gradient_multipliers: dict[Any, Any] | None = None,
    clip_gradients: Any = None,
    learning_rate_decay_fn: Callable[..., Any] | None = None,
    update_ops: Any = None,
    variables: Any = None,
    name: str | None = None,
    summaries: Any = None,
    colocate_gradients_with_ops: bool = False,
    increment_global_step: bool = True,
) -> Any:
    """Makes the tensor that trains a model by one step when a session evaluates it.

    Args:
        loss: A scalar tensor.
        global_step: The variable to count up; `None` for TensorFlow's global step, if there is one.
        learning_rate: A number or a scalar tensor; `None` if the optimizer has its own.
        optimizer: One of `tf.compat.v1.train`, its class, its name (`"Adam"`, `"SGD"` ...), or a
            function that makes it of the learning rate.
        gradient_noise_scale: Size of normal noise to add to gradients.
        gradient_multipliers: Factors of gradients by variable or its name, e.g. `Conv/weights:0`.
        clip_gradients: The greatest norm of all gradients together, or a function that changes the
            pairs of a gradient and its variable, e.g. of `adaptive_clipping_fn`.
        learning_rate_decay_fn: A function of the learning rate and the global step.
        update_ops: Operations to run first; `None` for those of the collection `UPDATE_OPS`.
        variables: Variables to train; `None` for all trainable ones.
        name: Variable scope; by default `OptimizeLoss`.
        summaries: What to summarize: `learning_rate`, `loss`, `gradients`, `gradient_norm`,
            `global_gradient_norm`; `None` for all but the two about each gradient.
        colocate_gradients_with_ops: Whether gradients are computed where their operations are.
        increment_global_step: Whether the step counts the global step up.

    Returns:
        A scalar tensor: the loss before the step.

    Raises:
        RuntimeError: Outside of a TF 1 graph.
        ValueError: If an argument is of another kind, or if two do not go together.
    """
    require_tf_graph("optimize_loss", "Train a model with `fit`.")
    v1 = tf.compat.v1
    loss = tf.convert_to_tensor(loss)
    v1.debugging.assert_scalar(loss)
    if global_step is None:
        global_step = v1.train.get_global_step()
    else:
        v1.train.assert_global_step(global_step)
    if summaries is None:
        summaries = ("loss", "learning_rate", "global_gradient_norm")
    elif unknown := [summary for summary in summaries if summary not in _SUMMARIES]:
        raise ValueError(f"Summaries should be of {', '.join(_SUMMARIES)}, not {unknown[0]}.")
    with v1.variable_scope(name, "OptimizeLoss", [loss, global_step]):
        first = v1.get_collection("update_ops") if update_ops is None else update_ops
        loss = _after(list(first), loss)
        rate = _learning_rate(learning_rate)
        if learning_rate is not None and learning_rate_decay_fn is not None:
            if global_step is None:
                raise ValueError("global_step is required for learning_rate_decay_fn.")
            rate = learning_rate_decay_fn(rate, global_step)
            if "learning_rate" in summaries:
                v1.summary.scalar("learning_rate", rate)
        optimizer = _optimizer(optimizer, rate)
        pairs = optimizer.compute_gradients(
            loss,
            v1.trainable_variables() if variables is None else variables,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
        )
        if gradient_noise_scale is not None:
            pairs = [(_noisy(gradient, gradient_noise_scale), v) for gradient, v in pairs]
        if gradient_multipliers is not None:
            pairs = _multiplied(pairs, gradient_multipliers)
        of_norms = "global_gradient_norm" in summaries or "gradient_norm" in summaries
        if of_norms:
            v1.summary.scalar("global_norm/gradient_norm", _global_norm(pairs))
        pairs = _clipped(pairs, clip_gradients)
        if "loss" in summaries:
            v1.summary.scalar("loss", loss)
        _summarize(pairs, summaries)
        if clip_gradients is not None and of_norms:
            v1.summary.scalar("global_norm/clipped_gradient_norm", _global_norm(pairs))
        counted = global_step if increment_global_step else None
        return _after([optimizer.apply_gradients(pairs, counted, name="train")], loss)


def _learning_rate(learning_rate: Any) -> Any:
    """The tensor, or a variable `learning_rate` with the number."""
    if learning_rate is None:
        return None
    if tf.is_tensor(learning_rate) and learning_rate.shape.rank == 0:
        return learning_rate
    if not isinstance(learning_rate, float):
        raise ValueError(f"Learning rate should be 0d Tensor or float, not {learning_rate!r}.")
    if learning_rate < 0.0:
        raise ValueError(f"Invalid learning_rate {learning_rate}.")
    initializer = tf.compat.v1.constant_initializer(learning_rate)
    return tf.compat.v1.get_variable("learning_rate", [], trainable=False, initializer=initializer)


def _optimizer(optimizer: Any, rate: Any) -> Any:
    """The optimizer itself, for whatever stands for it."""
    v1 = tf.compat.v1.train
    by_name: dict[str, Callable[..., Any]] = {
        "Adagrad": v1.AdagradOptimizer,
        "Adam": v1.AdamOptimizer,
        "Ftrl": v1.FtrlOptimizer,
        "Momentum": lambda rate: v1.MomentumOptimizer(rate, momentum=0.9),
        "RMSProp": v1.RMSPropOptimizer,
        "SGD": v1.GradientDescentOptimizer,
    }
    if isinstance(optimizer, v1.Optimizer):
        return optimizer
    is_class = isinstance(optimizer, type) and issubclass(optimizer, v1.Optimizer)
    if (isinstance(optimizer, str) or is_class) and rate is None:
        raise ValueError(f"Learning rate is None, but {optimizer} needs one.")
    if isinstance(optimizer, str):
        if optimizer not in by_name:
            raise ValueError(f"Optimizer name should be of {', '.join(by_name)}, not {optimizer}.")
        return by_name[optimizer](rate)
    if not callable(optimizer):
        raise ValueError(f"Unrecognized optimizer: {optimizer!r}.")
    if is_class:
        return optimizer(learning_rate=rate)
    made = optimizer() if rate is None else optimizer(rate)
    if not isinstance(made, v1.Optimizer):
        raise ValueError(f"Unrecognized optimizer: the function returned {made!r}.")
    return made


def _noisy(gradient: Any, scale: float) -> Any:
    if gradient is None:
        return None
    is_slices = isinstance(gradient, tf.IndexedSlices)
    shape = gradient.dense_shape if is_slices else gradient.shape
    return gradient + tf.random.truncated_normal(shape) * scale


def _multiplied(pairs: list[Any], factors: dict[Any, Any]) -> list[Any]:
    """Gradients times the factors of their variables; where there is no gradient, none is asked."""
    by_variable = {id(key): factor for key, factor in factors.items() if not isinstance(key, str)}
    found = []
    for gradient, variable in pairs:
        factor = by_variable.get(id(variable), factors.get(variable.name))
        if gradient is not None and factor is not None:
            gradient = _scaled_by(gradient, tf.cast(factor, gradient.dtype))
        found.append((gradient, variable))
    if not found:
        raise ValueError("gradient_multipliers leaves no gradient.")
    return found


def _scaled_by(gradient: Any, factor: Any) -> Any:
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient * factor
    return tf.IndexedSlices(gradient.values * factor, gradient.indices, gradient.dense_shape)


def _clipped(pairs: list[Any], clip_gradients: Any) -> list[Any]:
    if clip_gradients is None:
        return pairs
    if isinstance(clip_gradients, float):
        gradients, variables = zip(*pairs, strict=True)
        clipped, _ = tf.clip_by_global_norm(gradients, clip_gradients)
        return list(zip(clipped, variables, strict=True))
    if not callable(clip_gradients):
        raise ValueError(f"Unknown type {type(clip_gradients)} for clip_gradients")
    changed: list[Any] = clip_gradients(pairs)
    return changed


def _summarize(pairs: list[Any], summaries: Any) -> None:
    for gradient, variable in pairs:
        if gradient is None:
            continue
        values = gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient
        name = variable.name.replace(":", "_")
        if "gradients" in summaries:
            tf.compat.v1.summary.histogram(f"gradients/{name}", values)
        if "gradient_norm" in summaries:
            norm = tf.linalg.global_norm([values])
            tf.compat.v1.summary.scalar(f"gradient_norm/{name}", norm)


def _global_norm(pairs: list[Any]) -> Any:
    return tf.linalg.global_norm([gradient for gradient, _ in pairs])


def adaptive_clipping_fn(
    std_factor: Any = 2.0,
    decay: Any = 0.95,
    static_max_norm: float | None = None,
    global_step: Any = None,
    report_summary: bool = False,
    epsilon: float = 1e-8,
    name: str | None = None,
) -> Callable[[list[Any]], list[Any]]:
    """Returns a function that clips gradients by what their norms have been.

    Keeps the mean and the deviation of the logarithm of the norm of all gradients. A norm above
    `exp(mean + std_factor * deviation)` is scaled to `exp(mean)`; see arXiv:1412.1602, 3.2.1.

    Args:
        std_factor: How many deviations are let through.
        decay: Share of the averages that each step keeps.
        static_max_norm: The greatest norm in any case.
        global_step: Makes the averages follow faster in the first steps.
        report_summary: Whether to summarize the norm that is let through.
        epsilon: The least variance, and what is added to a norm before its logarithm.
        name: Variable scope of the averages; by default `AdaptiveMaxNorm`.
    """

    def clip(grads_and_vars: list[Any]) -> list[Any]:
        norm = _global_norm(grads_and_vars)
        most, mean = _adaptive_max_norm(norm, std_factor, decay, global_step, epsilon, name)
        if report_summary:
            tf.compat.v1.summary.scalar("global_norm/adaptive_max_gradient_norm", most)
        factor = tf.where(norm < most, tf.ones_like(norm), tf.exp(mean) / norm)
        if static_max_norm is not None:
            factor = tf.minimum(static_max_norm / norm, factor)
        return [
            (None if gradient is None else _scaled_by(gradient, factor), variable)
            for gradient, variable in grads_and_vars
        ]

    return clip


def _adaptive_max_norm(
    norm: Any, std_factor: Any, decay: Any, global_step: Any, epsilon: float, name: str | None
) -> tuple[Any, Any]:
    """The greatest norm to let through, and the mean of the logarithm."""

    def average(name: str, value: Any) -> Any:
        variable = tf.compat.v1.get_variable(
            name,
            value.shape,
            value.dtype,
            tf.compat.v1.zeros_initializer(),
            trainable=False,
        )
        return assign_moving_average(variable, value, decay, zero_debias=False)

    with tf.compat.v1.variable_scope(name, "AdaptiveMaxNorm", [norm]):
        log_norm = tf.math.log(norm + epsilon)
        if global_step is not None:
            step = tf.cast(global_step, tf.float32)
            decay = tf.minimum(decay, step / (step + 1.0))
        mean = average("mean", log_norm)
        variance = average("sq_mean", tf.square(log_norm)) - tf.square(mean)
        deviation = tf.sqrt(tf.maximum(epsilon, variance))
        return tf.exp(mean + std_factor * deviation), mean
