"""Strategies: where a model is trained, as `model_deploy`'s `DeploymentConfig` told it."""

from __future__ import annotations

import functools
import json
import os
from typing import Any

import tensorflow as tf

__all__ = ["clone_strategy"]


def clone_strategy(
    num_clones: int = 1,
    clone_on_cpu: bool = False,
    replica_id: int = 0,
    num_replicas: int = 1,
    num_ps_tasks: int = 0,
    worker_job_name: str = "worker",
    ps_job_name: str = "ps",
    sync_replicas: bool = True,
    replicas_to_aggregate: int | None = None,
    master: str | None = "",
) -> tf.distribute.Strategy:
    """Returns the strategy that trains as clones did.

    ```python
    strategy = clone_strategy(num_clones=2)
    with strategy.scope():
        model = LossModel(build_loss)
        model.compile(optimizer=keras.optimizers.SGD(0.1))
    model.fit(model.batches, steps_per_epoch=1000)
    ```

    Args:
        num_clones: How many GPUs of this machine are used, the first ones; with `clone_on_cpu`
            how many logical CPUs.
        clone_on_cpu: Whether to leave GPUs alone.
        replica_id: The number of this worker.
        num_replicas: How many workers there are; several are told of each other by `TF_CONFIG`.
        num_ps_tasks: Not used: each worker has the variables itself.
        worker_job_name: Not used: `TF_CONFIG` names jobs.
        ps_job_name: Not used.
        sync_replicas: Whether workers take their steps together (`SyncReplicasOptimizer`).
        replicas_to_aggregate: How many workers' gradients a step takes: those of all.
        master: Address of a TF 1 server: there is none.

    Raises:
        ValueError: If the devices are not there, `TF_CONFIG` says something else, or training
            would be another one: not in step, or by a server.
    """
    del num_ps_tasks, worker_job_name, ps_job_name
    _require_in_step(num_replicas, sync_replicas, replicas_to_aggregate, master)
    if replica_id >= num_replicas:
        raise ValueError(f"replica_id={replica_id}, but there are {num_replicas} replicas.")
    if num_replicas > 1:
        _require_cluster(replica_id, num_replicas)
        return _worker_strategy(num_clones, clone_on_cpu)
    if num_clones > 1:
        devices = _cpus(num_clones) if clone_on_cpu else _gpus(num_clones)
        return _mirrored(*devices)
    if clone_on_cpu and tf.config.list_physical_devices("GPU"):
        return tf.distribute.OneDeviceStrategy("/device:CPU:0")
    return tf.distribute.get_strategy()


@functools.cache
def _mirrored(*devices: str) -> tf.distribute.Strategy:
    """One strategy for all that is trained: TensorFlow mixes up the collectives of two."""
    return tf.distribute.MirroredStrategy(devices)


def _require_in_step(
    num_replicas: int, sync_replicas: bool, replicas_to_aggregate: int | None, master: str | None
) -> None:
    if master:
        raise ValueError(
            f"master={master!r}: there is no server to train on. Start the program on each worker, "
            "with TF_CONFIG, and leave master out."
        )
    if num_replicas > 1 and not sync_replicas:
        raise ValueError(
            f"{num_replicas} workers were to train without waiting for each other, on parameter "
            "servers, which Keras' fit does not know. Train in step (sync_replicas=True), where a "
            "step has the batches of all workers: other steps, and another learning rate. Or "
            "train with one worker."
        )
    if sync_replicas and replicas_to_aggregate not in (None, num_replicas):
        raise ValueError(
            f"replicas_to_aggregate={replicas_to_aggregate}, and there are {num_replicas} workers. "
            "A step takes the gradients of each worker once: set it to their number."
        )


def _gpus(count: int) -> list[str]:
    there = len(tf.config.list_logical_devices("GPU"))
    if there < count:
        raise ValueError(
            f"num_clones={count}, but TensorFlow sees {there} GPUs. Take fewer clones, or "
            "clone_on_cpu=True."
        )
    return [f"/device:GPU:{number}" for number in range(count)]


def _cpus(count: int) -> list[str]:
    """Makes logical CPUs where there are too few."""
    cpu, *_ = tf.config.list_physical_devices("CPU")
    if len(tf.config.get_logical_device_configuration(cpu) or [cpu]) < count:
        parts = [tf.config.LogicalDeviceConfiguration()] * count
        try:
            tf.config.set_logical_device_configuration(cpu, parts)
        except RuntimeError as error:
            raise ValueError(
                f"num_clones={count} on the CPU, which cannot be divided any more: TensorFlow has "
                "started. Call clone_strategy first thing in the program, or write there\n"
                "    cpu = tf.config.list_physical_devices('CPU')[0]\n"
                f"    parts = [tf.config.LogicalDeviceConfiguration()] * {count}\n"
                "    tf.config.set_logical_device_configuration(cpu, parts)"
            ) from error
    return [f"/device:CPU:{number}" for number in range(count)]


def _require_cluster(replica_id: int, num_replicas: int) -> None:
    """Compares `TF_CONFIG` with the flags."""
    workers = [f"host{number}:2222" for number in range(num_replicas)]
    task = {"type": "worker", "index": replica_id}
    example = json.dumps({"cluster": {"worker": workers}, "task": task})
    wanted = f"Worker {replica_id} of {num_replicas} needs TF_CONFIG, such as\n    {example}\n"
    text = os.environ.get("TF_CONFIG")
    if not text:
        raise ValueError(f"{wanted}It is not set. Jobs of parameter servers are not started.")
    config = json.loads(text)
    cluster, task = config.get("cluster", {}), config.get("task", {})
    if "ps" in cluster:
        raise ValueError(f"{wanted}It names parameter servers: there are none any more.")
    chiefs = len(cluster.get("chief", []))
    there = chiefs + len(cluster.get("worker", []))
    number = {"chief": 0, "worker": chiefs}.get(task.get("type"), -num_replicas)
    number += int(task.get("index", 0))
    if (there, number) != (num_replicas, replica_id):
        raise ValueError(f"{wanted}It says {text}")


def _worker_strategy(num_clones: int, clone_on_cpu: bool) -> Any:
    """A strategy of several workers, which takes all GPUs that are visible."""
    gpus = tf.config.list_physical_devices("GPU")
    if clone_on_cpu and num_clones > 1:
        raise ValueError(f"num_clones={num_clones} on the CPU: of several workers each has one.")
    if not clone_on_cpu and num_clones > max(1, len(gpus)):
        raise ValueError(f"num_clones={num_clones}, but TensorFlow sees {len(gpus)} GPUs.")
    tf.config.set_visible_devices([] if clone_on_cpu else gpus[:num_clones], "GPU")
    return tf.distribute.MultiWorkerMirroredStrategy()
