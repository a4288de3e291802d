"""Steps of clones: a TF 1 graph like that of `model_deploy`, beside replicas of a LossModel.

`python clone_steps.py OUT` writes losses and variables of both sides to a `.npz` file; run by
`test_strategies.py`, in a process of its own: a CPU is divided before TensorFlow starts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import itertools
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from conftest import imported
from old_side import ops, random_value, slim, v1

from slimport.written.assemble import assemble, public_names

import keras  # isort: skip
import tensorflow as tf  # isort: skip

ops.IndexedSlices = tf.IndexedSlices  # TF-Slim looks for it where it was in TF 1
new: Any = imported(assemble(public_names()), Path(tempfile.mkdtemp()))
new.arg_scope = new.layer_defaults

BATCH = 4
STEPS = (1, 3, 10)
RNG = np.random.default_rng(5)
IMAGES = (RNG.normal(size=(88, 5, 5, 3)) * RNG.uniform(0.5, 2, (88, 1, 1, 1))).astype("float32")
LABELS = RNG.integers(0, 3, 88).astype("int64")


@dataclasses.dataclass(frozen=True)
class Case:
    """A training, told to both sides."""

    clones: int = 2
    old: Callable[[Any], Any] = lambda step: v1.train.MomentumOptimizer(0.05, 0.9)
    new: Callable[[], Any] = lambda: new.Momentum(0.05, 0.9)
    clip: float = 0.0
    multipliers: dict[str, float] | None = None
    trained: str = ""
    decay: float = 0.9
    words: bool = False
    workers: bool = False  # clones are workers: gradients are clipped in each, all statistics count
    fault: str = ""


def decayed(step: Any) -> Any:
    return v1.train.AdamOptimizer(v1.train.exponential_decay(0.01, step, 3, 0.7))


def new_decayed() -> Any:
    rate = keras.optimizers.schedules.ExponentialDecay(0.01, 3, 0.7)
    return keras.optimizers.Adam(rate, epsilon=1e-8)


CLIPPED = Case(clip=0.2, multipliers={"net/logits/biases": 3.0})
CASES = {
    "one clone": Case(clones=1, clip=0.2, multipliers={"net/logits/biases": 3.0}),
    "two clones": Case(),
    "three clones": Case(clones=3),
    "clipped and multiplied": CLIPPED,
    "one layer": Case(trained="net/logits"),
    "a schedule": Case(old=decayed, new=new_decayed),
    "words": Case(words=True),
}
WORKERS = Case(clip=0.2, multipliers={"net/logits/biases": 3.0}, workers=True)
FAULTS = {
    "gradients not divided": dataclasses.replace(CLIPPED, clip=0.0, fault="not divided"),
    "regularization of each clone": Case(fault="regularization"),
    "clipped before the sum": dataclasses.replace(CLIPPED, fault="clipped before"),
    "statistics of the second clone": Case(fault="second"),
    "statistics of each replica": Case(fault="own"),
    "the same batch for all": Case(fault="batch"),
}


def network(s: Any, images: Any, words: bool) -> Any:
    """A classifier with batch norm and a regularizer; an embedding, if there are words."""
    with (
        s.variable_scope("net"),
        s.arg_scope([s.conv2d, s.fully_connected], weights_regularizer=s.l2_regularizer(0.05)),
    ):
        net = s.conv2d(
            images, 4, 3, normalizer_fn=s.batch_norm, normalizer_params={"decay": 0.8}, scope="c"
        )
        net = s.fully_connected(s.flatten(net), 3, activation_fn=None, scope="logits")
        if words:
            table = s.get_variable("table", [5, 3])
            ids = tf.cast(images[:, 0, 0, 0] > 0, tf.int32) * 2
            net += tf.nn.embedding_lookup(table, ids)
    return net


def batches() -> Any:
    return tf.data.Dataset.from_tensor_slices((IMAGES, LABELS)).repeat().batch(BATCH, True)


def arrays() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for start in itertools.cycle(range(0, len(LABELS), BATCH)):
        yield IMAGES[start : start + BATCH], LABELS[start : start + BATCH]


class Old:
    """TF-Slim, with the functions of TF 1 that the written module stands in for."""

    arg_scope = staticmethod(slim.arg_scope)
    variable_scope = staticmethod(v1.variable_scope)
    get_variable = staticmethod(v1.get_variable)


for _name in ("conv2d", "fully_connected", "l2_regularizer", "batch_norm", "flatten"):
    setattr(Old, _name, staticmethod(getattr(slim, _name)))


def old_steps(case: Case) -> Iterator[dict[str, Any]]:
    """Losses and variables of a graph in which clones share variables."""
    with tf.Graph().as_default(), v1.Session() as session:
        step = v1.train.get_or_create_global_step()
        fed = [
            (v1.placeholder(tf.float32, [BATCH, 5, 5, 3]), v1.placeholder(tf.int64, [BATCH]))
            for _ in range(case.clones)
        ]
        scopes = []
        for number, (images, labels) in enumerate(fed):
            root = v1.variable_scope(v1.get_variable_scope(), reuse=number > 0 or None)
            with v1.name_scope(f"clone_{number}") as scope, root:
                v1.losses.sparse_softmax_cross_entropy(labels, network(Old, images, case.words))
            scopes.append(scope)
        optimizer = case.old(step)
        chosen = v1.trainable_variables(case.trained or None)
        loss, pairs = summed(case, optimizer, scopes, chosen)
        updates = [v1.get_collection("update_ops", scope) for scope in scopes]
        averages = v1.train.ExponentialMovingAverage(case.decay, step)
        with tf.control_dependencies([] if case.workers else updates[0]):
            applied = optimizer.apply_gradients(pairs, step)
        with tf.control_dependencies([applied]), v1.name_scope(""):
            averaged = averages.apply(slim.get_model_variables())
        with tf.control_dependencies([averaged]):
            train_op = tf.identity(loss)
        session.run(v1.global_variables_initializer())
        named = {v.op.name: v for v in slim.get_model_variables() + v1.trainable_variables()}
        for name, variable in list(named.items()):
            session.run(variable.assign(random_value(name, tuple(variable.shape))))
            if (average := averages.average(variable)) is not None:
                session.run(average.assign(variable))
                named[average.op.name] = average
        moving = [v for name, v in named.items() if name.endswith(("mean", "variance"))]
        source, losses = arrays(), []
        for number in range(1, STEPS[-1] + 1):
            feed = {p: x for pair in fed for p, x in zip(pair, next(source), strict=True)}
            if case.workers:
                all_updates(session, updates, moving, feed)
            losses.append(float(session.run(train_op, feed)))
            if number in STEPS:
                yield {"losses": [*losses], **{name: session.run(v) for name, v in named.items()}}


def summed(case: Case, optimizer: Any, scopes: list[str], chosen: Any) -> tuple[Any, list[Any]]:
    """The total loss and the gradients, as clones have them; as workers, if they are these."""
    regularization = tf.add_n(v1.losses.get_regularization_losses())
    losses, by_clone = [], []
    for scope in scopes:
        loss = tf.add_n(v1.losses.get_losses(scope)) / len(scopes)
        if case.workers:
            loss = loss * len(scopes) + regularization
        elif not losses:
            loss += regularization
        pairs = optimizer.compute_gradients(loss, chosen)
        losses.append(loss)
        by_clone.append(altered(case, pairs) if case.workers else pairs)
    factor = 1 / len(scopes) if case.workers else 1.0
    total = [
        (tf.add_n([g for g, _ in of_clones]) * factor, of_clones[0][1])
        for of_clones in zip(*by_clone, strict=True)
    ]
    return tf.add_n(losses) * factor, total if case.workers else altered(case, total)


def altered(case: Case, pairs: list[Any]) -> list[Any]:
    training = importlib.import_module("tf_slim.training.training")
    if case.multipliers:
        pairs = training.multiply_gradients(pairs, case.multipliers)
    return training.clip_gradient_norms(pairs, case.clip) if case.clip else pairs


def all_updates(session: Any, updates: list[Any], moving: list[Any], feed: Any) -> None:
    """Runs the updates of all workers from the same values, and adds up what they change."""
    before = session.run(moving)
    changed = [value.copy() for value in before]
    for of_worker in updates:
        session.run(of_worker, feed)
        for total, value, start in zip(changed, session.run(moving), before, strict=True):
            total += value - start
        for variable, start in zip(moving, before, strict=True):
            variable.load(start, session)
    for variable, total in zip(moving, changed, strict=True):
        variable.load(total, session)


def repeated() -> Any:
    """Two batches again and again: a run that goes on meets what a whole one does."""
    return batches().take(2).repeat()


class Kept(keras.callbacks.Callback):
    """The losses, and the variables after the steps that are compared."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []
        self.found: list[dict[str, Any]] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.losses.append(float(logs["loss"]))
        if len(self.losses) in STEPS:
            self.found.append({"losses": list(self.losses), **values_of(self.model)})


def values_of(model: Any) -> dict[str, Any]:
    """Values by their names in a checkpoint: those of the last replica, if these are copies."""
    named = {**new.legacy_variables(model), **model.optimizer.legacy_averages(model)}
    copies = model.distribute_strategy.experimental_local_results
    return {name: copies(variable.value)[-1].numpy() for name, variable in named.items()}


def new_model(case: Case, strategy: Any, data: Callable[[], Any] = batches) -> Any:
    def build_loss() -> Any:
        images, labels = new.next_batch(data())
        logits = network(new, images, case.words)
        v1.losses.sparse_softmax_cross_entropy(labels, logits)
        return new.get_total_loss()

    with strategy.scope():
        model = new.LossModel(build_loss)
        for name, variable in new.legacy_variables(model).items():
            variable.assign(random_value(name, tuple(variable.shape)))
        with model.layer_graph():
            model.compile(
                optimizer=case.new(),
                variables_to_train=new.get_trainable_variables(case.trained or None),
                clip_gradient_norm=case.clip,
                gradient_multipliers=case.multipliers,
                variable_averages=new.MovingAverages(case.decay),
                variables_to_average=new.get_model_variables(),
            )
    return model


def steps_to(last: int, folder: Any, strategy: Any, data: Any = repeated) -> dict[str, Any]:
    """Trains up to a step, from the last checkpoint of the folder."""
    model = new_model(Case(), strategy, data)
    callbacks = [new.Checkpoints(folder and str(folder), save_interval_secs=0)]
    callbacks += [new.Summaries(folder and str(folder), 0), new.StopAtStep(last), new.LogLoss(0)]
    model.fit(model.batches, steps_per_epoch=last, verbose=0, callbacks=callbacks)
    assert model.optimizer.iterations.numpy() == last
    return {"loss": callbacks[-1].loss, **values_of(model)}


def new_steps(case: Case) -> list[dict[str, Any]]:
    """Losses and variables of replicas."""
    strategy = new.clone_strategy(num_clones=case.clones, clone_on_cpu=True)
    kept = Kept()
    with planted(case.fault):
        model = new_model(case, strategy)
        model.fit(model.batches, steps_per_epoch=STEPS[-1], verbose=0, callbacks=[kept])
    return kept.found


@contextlib.contextmanager
def planted(fault: str) -> Iterator[None]:
    """A fault in the written module, in a `with` block."""
    changes: dict[str, Any] = {
        "": {},
        "not divided": {"replica_shares": list},
        "regularization": {"replica_shares": regularized},
        "clipped before": {"worker_means": list},
        "second": {"clone_statistics": statistics_of_second},
        "own": {"clone_statistics": lambda model: contextlib.nullcontext()},
        "batch": {"replica_batches": same_batches},
    }[fault]
    kept = {name: vars(new)[name] for name in changes}
    vars(new).update(changes)
    try:
        yield
    finally:
        vars(new).update(kept)


def regularized(pairs: Any) -> Any:
    """Each clone has the whole regularization, but its share of the other losses."""
    shares = [gradient / 2 for gradient, _ in pairs]
    weights = [0.025 * v if "kernel" in v.path else 0.0 for _, v in pairs]
    return [(g + w, v) for g, w, (_, v) in zip(shares, weights, pairs, strict=True)]


@contextlib.contextmanager
def statistics_of_second(model: Any) -> Iterator[None]:
    yield
    context = tf.distribute.get_replica_context()
    is_second = tf.equal(context.replica_id_in_sync_group, 1)
    for variable in (v.value for v in model.non_trainable_variables if "moving" in v.name):
        value = tf.where(is_second, variable, tf.zeros_like(variable))
        variable.assign(context.all_reduce("SUM", value))


def same_batches(data: Any) -> Any:
    strategy = tf.distribute.get_strategy()
    twice = data.flat_map(lambda *x: tf.data.Dataset.from_tensors(x).repeat(2))
    return strategy.distribute_datasets_from_function(lambda context: twice)


def main(out: str, most: int) -> None:
    """Runs the cases of at most two clones, or those of three: TensorFlow keeps groups apart."""
    new.clone_strategy(num_clones=most, clone_on_cpu=True)  # before TensorFlow starts
    found: dict[str, Any] = {}
    for name, case in (CASES | FAULTS).items():
        if (case.clones > 2) != (most > 2):
            continue
        found |= flat(f"{name}|old", old_steps(case)) | flat(f"{name}|new", new_steps(case))
    found |= flat("workers|old", old_steps(WORKERS))
    np.savez(out, **found)


def flat(name: str, steps: Iterable[dict[str, Any]]) -> dict[str, Any]:
    pairs = zip(STEPS, steps, strict=True)
    return {f"{name}|{n}|{key}": value for n, values in pairs for key, value in values.items()}


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
