# mypy: allow-subclassing-any
"""Models of a function that reads a batch and returns its loss, as TF 1's scripts did."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from slimport.written.gradients import clip_gradient_norms, multiply_gradients
from slimport.written.graph_inputs import next_element
from slimport.written.graphs import LayerGraph, require_tf_graph
from slimport.written.held_averages import held_averages
from slimport.written.logs import _RUN, _no_writer, _Run
from slimport.written.models import TracedModel
from slimport.written.replicas import (
    clone_statistics,
    replica_batches,
    replica_logs,
    replica_shares,
    require_replica_optimizer,
    seed_replicas,
    worker_means,
)
from slimport.written.train_op import add_gradients_summaries

__all__ = ["LossModel", "next_batch"]

_BATCH = "batch of the step"  # among what a step returns


class _Found(Exception):
    """Carries the first dataset that a function asks for a batch of."""

    def __init__(self, batches: Any) -> None:
        super().__init__()
        self.batches = batches


def _as_fetched(value: Any) -> Any:
    """An array or a number, as a session gave it."""
    return np.asarray(value)[()]


def _raise_found(batches: Any) -> Any:
    raise _Found(batches)


def next_batch(batches: tf.data.Dataset) -> Any:
    """Returns the tensors of the next batch, as a queue of TF 1 did.

    Args:
        batches: A dataset. Its shapes are those of the tensors.

    Returns:
        An element of the dataset: in a TF 1 graph a new one with each `session.run`, while a
        `LossModel` runs its function the batch of the current step.

    Raises:
        RuntimeError: Elsewhere; a dataset can simply be iterated over there.
    """
    run = _RUN.get()
    if run is not None:
        return run.batch_of(batches)
    require_tf_graph(
        "next_batch", "Call it in a LossModel's function, or iterate over the dataset."
    )
    return next_element(batches)


@dataclasses.dataclass
class _OfGradients:
    """What `compile` was told of gradients; Keras tracks lists and dictionaries of a model."""

    variables: Any = None
    clip_norm: float = 0
    multipliers: dict[Any, Any] | None = None
    check_numerics: bool = True
    transform: Callable[[Any], Any] | None = None
    summarized: bool = False


class LossModel(TracedModel):
    """A model whose loss a function computes from a batch that it reads itself.

    ```python
    model = LossModel(build_losses, config, dataset_dir)  # calls next_batch, returns the total loss
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    model.fit(model.batches, steps_per_epoch=1000)
    ```

    A call of the model gives the loss and what the function logs, as a dictionary by name. The
    function runs as it did in a TF 1 graph: its regularization losses count where it adds
    them, its layers are built on the first run and found again by their scopes.

    Args:
        function: Takes no batch, but may read one by `next_batch`; returns the loss, a scalar, or a
            dictionary with it as `"loss"` beside other tensors.
        *args: Arguments of `function`.
        **kwargs: Arguments of `function`.

    Attributes:
        batches: The dataset to fit on; it yields one number forever where no batch is read.
        keeps_batch: Whether to keep the batch of the last step, for `summaries`.

    Raises:
        ValueError: If the function reads more than one dataset.
    """

    train_function: Any

    def __init__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self._traces = _Traces()
        super().__init__(_fed, self._traces, function, *args, **kwargs)
        batches = _batches_of(function, args, kwargs, self._traces)
        self._context = contextvars.copy_context()
        self._of_gradients = _OfGradients()
        self.keeps_batch = False
        self._input_specs = batches.element_spec
        self.batches = replica_batches(batches)
        self.build(None)
        seed_replicas(self)

    def train_on_batch(self, x: Any, return_dict: bool = False) -> Any:
        """Trains a step on a batch.

        Args:
            x: An element of a dataset such as `batches`.
            return_dict: Whether to return all that the step logs, by name.

        Returns:
            The loss, or the dictionary: NumPy arrays and numbers, as a session gave them. (Keras
            makes Python's floats of numbers.)
        """
        self.make_train_function()
        logs = self.train_function(iter([x]))
        values: dict[str, Any] = tf.nest.map_structure(_as_fetched, dict(logs))
        return values if return_dict else values["loss"]

    def compile(
        self,
        optimizer: Any = "sgd",
        variables_to_train: Any = None,
        clip_gradient_norm: float = 0,
        gradient_multipliers: dict[Any, Any] | None = None,
        check_numerics: bool = True,
        variable_averages: Any = None,
        variables_to_average: Any = None,
        transform_gradients: Callable[[Any], Any] | None = None,
        summarize_gradients: bool = False,
        **kwargs: Any,
    ) -> None:
        """Configures the model for training.

        Args:
            optimizer: A Keras optimizer.
            variables_to_train: The variables to train; `None` for all that are trainable.
            clip_gradient_norm: The greatest norm of each gradient; 0 for any.
            gradient_multipliers: Factors of gradients, by variable or name.
            check_numerics: Whether a loss that is infinite or not a number is an error.
            variable_averages: `MovingAverages` to keep; `None` for none.
            variables_to_average: The variables to average; `None` for all that are trainable.
            transform_gradients: Takes a list of pairs of a gradient and its variable, and returns
                those that are applied.
            summarize_gradients: Whether gradients and their norms are among the summaries.
            **kwargs: Other arguments of `keras.Model.compile`; there is no `loss`.

        Raises:
            ValueError: If `variables_to_train` is empty.
        """
        if variables_to_train is not None and not variables_to_train:
            raise ValueError("There are no variables to train: variables_to_train is empty.")
        if variable_averages is not None:
            if variables_to_average is None:
                variables_to_average = self.trainable_variables
            optimizer = variable_averages.around(optimizer, variables_to_average)
        super().compile(optimizer=optimizer, **kwargs)
        require_replica_optimizer(self.optimizer, self.distribute_strategy)
        self._traces.summarized = None
        self._of_gradients = _OfGradients(
            variables_to_train,
            clip_gradient_norm,
            gradient_multipliers,
            check_numerics,
            transform_gradients,
            summarize_gradients,
        )

    @property
    def metrics(self) -> list[Any]:
        """None: what a step returns is shown and logged as it is, not its mean."""
        return []

    def layer_graph(self) -> contextlib.AbstractContextManager[LayerGraph]:
        """Makes the model's variables those that are looked up by name in a `with` block."""
        return self._scoped_graph.active()

    def train_step(self, data: Any) -> dict[str, Any]:
        """Computes the loss of a batch and its gradients, and applies them."""
        with clone_statistics(self), tf.GradientTape() as tape:
            logs = self(data, training=True)
            loss = logs["loss"]
            if self._of_gradients.check_numerics:
                loss = tf.debugging.check_numerics(loss, "loss is inf or nan")
            scaled = self.optimizer.scale_loss(loss)
        pairs = self._gradients(tape, scaled)
        with tf.control_dependencies([loss]):
            self.optimizer.apply_gradients(replica_shares(pairs))
            self.count_step()
        return self._with_batch(replica_logs({**logs, "loss": loss}), data)

    def _gradients(self, tape: tf.GradientTape, loss: Any) -> list[Any]:
        """The gradients that are applied, with their variables: multiplied, clipped."""
        options = self._of_gradients
        variables = self.trainable_variables if options.variables is None else options.variables
        pairs = list(zip(tape.gradient(loss, variables), variables, strict=True))
        if options.transform is not None:
            with self.layer_graph():
                pairs = list(options.transform(worker_means(pairs)))
        if options.multipliers:
            with self.layer_graph():
                pairs = multiply_gradients(pairs, options.multipliers)
        if options.clip_norm > 0:
            pairs = clip_gradient_norms(worker_means(pairs), options.clip_norm)
        return pairs

    def trained_variables(self) -> list[Any]:
        """Returns the variables that a step changes: the loss does not depend on all others."""
        found: list[Any] = []

        def trace(batch: Any) -> None:
            with tf.GradientTape() as tape:
                loss = self(batch, training=True)["loss"]
            found.extend(v for g, v in self._gradients(tape, loss) if g is not None)

        def of_replicas(batch: Any) -> None:
            self.distribute_strategy.run(trace, args=(batch,))

        tf.function(of_replicas, autograph=False).get_concrete_function(self._input_specs)
        return found

    def test_step(self, data: Any) -> dict[str, Any]:
        """Computes the loss of a batch."""
        return replica_logs(self(data, training=False))

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Builds the optimizer; Keras would average a batch over replicas, texts as well."""
        if self._distribute_strategy is not None:
            with self.distribute_strategy.scope():
                self.optimizer.build(self.trainable_variables)

    def make_train_function(self, force: bool = False) -> None:
        """Creates the function of a step, which keeps its batch if `keeps_batch` says so."""
        if self.train_function is None or force:
            super().make_train_function(force)
            self.train_function = functools.partial(self._trained, self.train_function)

    def summaries(self) -> bytes:
        """Runs the function on the batch of the last step, for its summaries alone.

        It runs as it does while training: layers drop out, and normalize by the batch. What a run
        changes (moving averages, the states of random numbers) is put back.

        Returns:
            All summaries that it makes, the text of a protocol buffer `Summary`; empty where it
            makes none.
        """
        if self._traces.summarized is None:
            self._traces.summarized = tf.function(self._summarize, autograph=False)
        batch, strategy = self._traces.batch, self.distribute_strategy
        function = self._traces.summarized.get_concrete_function(batch)
        weights = {id(variable) for variable in function.trainable_variables}
        changed = [v for v in function.variables if id(v) not in weights]
        parts = [part for v in changed for part in strategy.experimental_local_results(v)]
        before = [tf.identity(part) for part in parts]
        texts = self._traces.summarized(batch)
        for part, value in zip(parts, before, strict=True):
            part.assign(value)
        text: bytes = strategy.experimental_local_results(texts)[0].numpy()
        return text

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Runs the function on a batch; for its summaries, if these are asked for."""
        if not self._traces.of_summaries:
            return super().call(inputs, training)
        replay = tf.function(self._run_for_summaries, autograph=False)
        return replay(inputs, training)[0]

    def _run_for_summaries(self, inputs: Any, training: Any) -> Any:
        """One pass in a graph of its own; tags are names there, beside those of variables."""
        graph = tf.compat.v1.get_default_graph()
        for name in self._scoped_graph.variables:
            graph.unique_name(name)
        return self._run(inputs, training)

    def _run(self, inputs: Any, training: Any) -> Any:
        if tf.distribute.in_cross_replica_context() or not tf.distribute.has_strategy():
            return super()._run(inputs, training)
        # A replica is traced in a thread of its own, which knows no defaults that are in force.
        return self._context.copy().run(super()._run, inputs, training)

    def _summarize(self, batch: Any) -> Any:
        self._traces.of_summaries = True
        try:
            return self.distribute_strategy.run(self._summaries_of, args=(batch,))
        finally:
            self._traces.of_summaries = False

    def _summaries_of(self, batch: Any) -> Any:
        """The summaries of one replica."""
        with held_averages(self), tf.GradientTape() as tape:
            found = self(batch, training=True)
        if not self._of_gradients.summarized:
            return found["summaries"]
        pairs = self._gradients(tape, found["loss"])
        scope = tf.compat.v1.name_scope("summarize_grads")
        with _no_writer(), self.layer_graph(), scope:
            of_gradients = add_gradients_summaries(pairs)
        return tf.compat.v1.summary.merge([found["summaries"], *of_gradients])

    def _with_batch(self, logs: dict[str, Any], batch: Any) -> dict[str, Any]:
        """What a step returns, and with it the batch that it was made on."""
        keeps = self.keeps_batch and self.distribute_strategy.num_replicas_in_sync == 1
        return {**logs, _BATCH: batch} if keeps else logs

    def _trained(self, train: Callable[..., Any], iterator: Any) -> dict[str, Any]:
        """Makes a step by `train`, and keeps its batch."""
        if self.keeps_batch and self.distribute_strategy.num_replicas_in_sync > 1:
            self._traces.batch = next(iterator)  # Keras would average what replicas return
            iterator = iter([self._traces.batch])
        logs: dict[str, Any] = train(iterator)
        self._traces.batch = logs.pop(_BATCH, self._traces.batch)
        return logs


@dataclasses.dataclass
class _Traces:
    """What a model and the traces of its function tell each other; Keras does not track it.

    Attributes:
        error: What the eager run of the function, which looks for its dataset, failed with.
        of_summaries: Whether it is traced for its summaries.
        summarized: The function that gives them.
        batch: The batch of the last step, if it is kept.
    """

    error: Exception | None = None
    of_summaries: bool = False
    summarized: Any = None
    batch: Any = None


def _fed(
    batch: Any, traces: _Traces, function: Callable[..., Any], *args: Any, **kwargs: Any
) -> Any:
    """Runs the function; the batch is what it reads. Returns the loss and what it logs."""
    read: list[Any] = []

    def batch_of(batches: Any) -> Any:
        if read:
            raise ValueError("A LossModel's function may read one dataset; zip several into one.")
        if traces.error is not None:
            raise RuntimeError("The function fails before it reads a batch.") from traces.error
        read.append(batches)
        return batch

    run = _Run(batch_of, traces.of_summaries)
    with run.active():
        found = function(*args, **kwargs)
    if traces.of_summaries:
        summaries = tf.compat.v1.summary.merge_all()
        run.scalars["summaries"] = tf.constant(b"") if summaries is None else summaries
    return {**run.scalars, **(found if isinstance(found, dict) else {"loss": found})}


def _batches_of(
    function: Callable[..., Any], args: Any, kwargs: Any, traces: _Traces | None = None
) -> tf.data.Dataset:
    """Runs the function up to where it reads its first batch, and returns the dataset.

    Args:
        function: The function. One that reads none runs to its end, or to where it sums losses:
            eager code keeps none.
        args: Its arguments.
        kwargs: Its arguments by name.
        traces: Is told what the function failed with, where a trace follows in which whatever is
            wrong is wrong as well; `None` raises it.
    """
    try:
        with LayerGraph().active(), _Run(_raise_found).active():
            function(*args, **kwargs)
    except _Found as found:
        return found.batches
    except Exception as error:
        if traces is None:
            raise
        traces.error = error
    return tf.data.Dataset.from_tensors(0).repeat()
