"""Replicas: copies of a model that take a step together, as `model_deploy`'s clones did."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import tensorflow as tf


def replica_counts() -> tuple[int, int]:
    """Returns how many replicas take a step together, and how many of them are this worker's."""
    strategy = tf.distribute.get_strategy()
    count: int = strategy.num_replicas_in_sync
    return count, len(strategy.extended.worker_devices) if count > 1 else 1


def replica_batches(batches: Any) -> Any:
    """Distributes batches so that each replica takes the next one, as clones dequeued them.

    Every worker reads the whole dataset for itself.

    Raises:
        ValueError: If the dataset ends, and there are several workers: one of them could end first.
    """
    count, of_worker = replica_counts()
    if count == 1:
        return batches
    if batches.cardinality() != tf.data.INFINITE_CARDINALITY:
        if count > of_worker:
            raise ValueError("Several workers need a dataset that does not end: repeat() it.")
        # Where a step lacks batches, TensorFlow would hand out empty ones.
        steps = batches.window(of_worker, drop_remainder=True)
        batches = steps.flat_map(lambda *parts: tf.data.Dataset.zip(*parts))
    strategy = tf.distribute.get_strategy()
    return strategy.distribute_datasets_from_function(lambda context: batches)


def seed_replicas(model: Any) -> None:
    """Gives each replica random numbers of its own; Keras' generators begin alike on all."""
    states = [v.value for v in model.variables if v.name == "seed_generator_state"]

    def seed() -> None:
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        for state in states:
            state.assign_add(tf.cast([replica, 0], state.dtype))

    if replica_counts()[0] > 1:
        tf.distribute.get_strategy().run(tf.function(seed, autograph=False))


def share_chief_values(model: Any) -> None:
    """Gives all workers the values of the first one: only its checkpoints need to be there."""
    strategy = model.distribute_strategy
    with strategy.scope():
        count, of_worker = replica_counts()
    if count == of_worker:
        return
    variables = [v.value for v in (*model.weights, *model.optimizer.variables)]

    def share() -> None:
        context = tf.distribute.get_replica_context()
        is_chief = tf.equal(context.replica_id_in_sync_group, 0)
        values = [tf.where(is_chief, variable, tf.zeros_like(variable)) for variable in variables]
        for variable, value in zip(variables, _all_reduced("SUM", values), strict=True):
            variable.assign(value)

    strategy.run(tf.function(share, autograph=False))


def require_replica_optimizer(optimizer: Any, strategy: Any) -> None:
    """Raises a ValueError if an optimizer is not one of replicas, or clips by itself.

    One that is made elsewhere counts the step of each replica. Keras clips what a replica has,
    before it adds gradients up.
    """
    while optimizer is not None and strategy.num_replicas_in_sync > 1:
        if not isinstance(optimizer.iterations.value, tf.distribute.DistributedValues):
            raise ValueError("Make the optimizer in the strategy's scope, and compile there.")
        for name in ("clipnorm", "clipvalue", "global_clipnorm"):
            if getattr(optimizer, name, None):
                raise ValueError(f"{name} would clip each replica: compile(clip_gradient_norm=).")
        optimizer = getattr(optimizer, "inner_optimizer", None)


def worker_means(grads_and_vars: Any) -> list[Any]:
    """Averages gradients over the replicas of each worker.

    Raises:
        ValueError: If there are several workers of several replicas each.
    """
    count, of_worker = replica_counts()
    if of_worker == 1:
        return list(grads_and_vars)
    if of_worker < count:
        raise ValueError("Gradients of several workers are clipped where each has one replica.")
    grads = [gradient for gradient, _ in _dense_gradients(grads_and_vars) if gradient is not None]
    means = iter(_all_reduced("MEAN", grads))
    return [(None if g is None else next(means), variable) for g, variable in grads_and_vars]


def replica_shares(grads_and_vars: Any) -> list[Any]:
    """Divides gradients by the number of replicas: the optimizer adds them up.

    Raises:
        ValueError: If one is sparse, and there are several workers of one replica each:
            `SyncReplicasOptimizer` divided each row by the number of workers that had it.
    """
    count, of_worker = replica_counts()
    if count == 1:
        return list(grads_and_vars)
    sparse = any(isinstance(gradient, tf.IndexedSlices) for gradient, _ in grads_and_vars)
    if sparse and of_worker == 1:
        raise ValueError("Sparse gradients of several workers are not averaged as in TF 1.")
    return [(None if g is None else g / count, v) for g, v in _dense_gradients(grads_and_vars)]


def _dense_gradients(grads_and_vars: Any) -> list[Any]:
    """Makes gradients tensors, as the sum over clones was one."""
    return [(None if g is None else tf.convert_to_tensor(g), v) for g, v in grads_and_vars]


def replica_logs(logs: dict[str, Any]) -> dict[str, Any]:
    """Prepares what a step returns for its mean over the replicas, which Keras takes."""
    count, of_worker = replica_counts()
    if count == 1:
        return logs
    found = {}
    for name, value in logs.items():
        whole = value.dtype.is_integer or value.dtype.is_bool  # their mean would be cut off
        found[name] = tf.cast(value, tf.float32) if whole else value
    # With several workers Keras averages over the first axis as well.
    return found if count == of_worker else {n: v[tf.newaxis] for n, v in found.items()}


@contextlib.contextmanager
def clone_statistics(model: Any) -> Iterator[None]:
    """Lets the replicas' pass move batch norm's averages as a graph of clones did.

    The update ops that ran were those of each worker's first clone; updates in place
    (`updates_collections=None`) ran in all clones. Where several ran, in any order, their changes
    are added up here. On its own each replica would keep averages that it alone has seen.
    """
    count, of_worker = replica_counts()
    averages = [*_statistics_of(model)] if count > 1 else []
    before = [tf.identity(average) for average, _ in averages]
    yield
    if not averages:
        return
    context = tf.distribute.get_replica_context()
    is_first = context.replica_id_in_sync_group % of_worker == 0
    changes = [
        tf.where(is_first | in_place, average - value, tf.zeros_like(value))
        for (average, in_place), value in zip(averages, before, strict=True)
    ]
    changes = _all_reduced("SUM", changes)
    for (average, _), value, change in zip(averages, before, changes, strict=True):
        average.assign(value + change)


def _statistics_of(model: Any) -> Iterator[tuple[Any, bool]]:
    """Yields the averages of batch norm layers, and whether they are updated in place."""
    for layer in model._flatten_layers():
        if hasattr(layer, "moving_mean"):
            in_place = getattr(layer, "updates_collections", "") is None
            yield layer.moving_mean.value, in_place
            yield layer.moving_variance.value, in_place


def _all_reduced(reduction: str, values: list[Any]) -> list[Any]:
    """Reduces tensors over all replicas; TensorFlow packs them, so those of a dtype go together."""
    reduced: list[Any] = [None] * len(values)
    for dtype in {value.dtype: None for value in values}:
        places = [place for place, value in enumerate(values) if value.dtype == dtype]
        context = tf.distribute.get_replica_context()
        of_dtype = context.all_reduce(reduction, [values[place] for place in places])
        for place, value in zip(places, of_dtype, strict=True):
            reduced[place] = value
    return reduced
