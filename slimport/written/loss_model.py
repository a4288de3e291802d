# mypy: allow-subclassing-any
"""Models of a function that reads a batch and returns its loss, as TF 1's scripts did."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from slimport.written.gradients import clip_gradient_norms, multiply_gradients
from slimport.written.graph_inputs import next_element
from slimport.written.graphs import LayerGraph, require_tf_graph
from slimport.written.models import TracedModel

__all__ = ["LossModel", "log_scalar", "next_batch"]


class _Found(Exception):
    """Carries the first dataset that a function asks for a batch of."""

    def __init__(self, batches: Any) -> None:
        super().__init__()
        self.batches = batches


def _raise_found(batches: Any) -> Any:
    raise _Found(batches)


@dataclasses.dataclass
class _Run:
    """A run of a `LossModel`'s function: what gives it a batch, and what it wants logged."""

    batch_of: Callable[[Any], Any]
    scalars: dict[str, Any] = dataclasses.field(default_factory=dict)

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Makes this the run that `next_batch` and `log_scalar` are part of."""
        token = _RUN.set(self)
        try:
            yield
        finally:
            _RUN.reset(token)


_RUN: contextvars.ContextVar[_Run | None] = contextvars.ContextVar("_RUN", default=None)


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


def log_scalar(name: str, tensor: Any) -> None:
    """Logs a number of each step, as `tf.summary.scalar` did: `fit` shows it beside the loss.

    Args:
        name: What to call it; `"loss"` is taken by the loss, so it becomes `"loss_1"`.
        tensor: A scalar, of the function of a `LossModel`.

    Raises:
        RuntimeError: Outside of such a function.
    """
    run = _RUN.get()
    if run is None:
        raise RuntimeError("log_scalar is for a LossModel's function.")
    name = "loss_1" if name == "loss" else name
    run.scalars[name] = tf.convert_to_tensor(tensor)


@dataclasses.dataclass
class _OfGradients:
    """What `compile` was told of gradients; Keras tracks lists and dictionaries of a model."""

    variables: Any = None
    clip_norm: float = 0
    multipliers: dict[Any, Any] | None = None
    check_numerics: bool = True


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

    Raises:
        ValueError: If the function reads more than one dataset.
    """

    def __init__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        eager = _Eager()
        super().__init__(_fed, eager, function, *args, **kwargs)
        self.batches = _batches_of(function, args, kwargs, eager)
        self._of_gradients = _OfGradients()
        self._input_specs = self.batches.element_spec
        self.build(None)

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
        values = {name: np.asarray(value)[()] for name, value in logs.items()}
        return values if return_dict else values["loss"]

    def compile(
        self,
        optimizer: Any = "sgd",
        variables_to_train: Any = None,
        clip_gradient_norm: float = 0,
        gradient_multipliers: dict[Any, Any] | None = None,
        check_numerics: bool = True,
        **kwargs: Any,
    ) -> None:
        """Configures the model for training.

        Args:
            optimizer: A Keras optimizer.
            variables_to_train: The variables to train; `None` for all that are trainable.
            clip_gradient_norm: The greatest norm of each gradient; 0 for any.
            gradient_multipliers: Factors of gradients, by variable or name.
            check_numerics: Whether a loss that is infinite or not a number is an error.
            **kwargs: Other arguments of `keras.Model.compile`; there is no `loss`.
        """
        super().compile(optimizer=optimizer, **kwargs)
        self._of_gradients = _OfGradients(
            variables_to_train, clip_gradient_norm, gradient_multipliers, check_numerics
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
        with tf.GradientTape() as tape:
            logs = self(data, training=True)
            loss = logs["loss"]
            if self._of_gradients.check_numerics:
                loss = tf.debugging.check_numerics(loss, "loss is inf or nan")
            scaled = self.optimizer.scale_loss(loss)
        options = self._of_gradients
        variables = options.variables or self.trainable_variables
        pairs = list(zip(tape.gradient(scaled, variables), variables, strict=True))
        if options.multipliers:
            with self.layer_graph():
                pairs = multiply_gradients(pairs, options.multipliers)
        if options.clip_norm > 0:
            pairs = clip_gradient_norms(pairs, options.clip_norm)
        self.optimizer.apply_gradients(pairs)
        self.count_step()
        return {**logs, "loss": loss}

    def test_step(self, data: Any) -> dict[str, Any]:
        """Computes the loss of a batch."""
        logs: dict[str, Any] = self(data, training=False)
        return logs


@dataclasses.dataclass
class _Eager:
    """What the eager run of a function, which looks for its dataset, failed with."""

    error: Exception | None = None


def _fed(batch: Any, eager: _Eager, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Runs the function; the batch is what it reads. Returns the loss and what it logs."""
    read: list[Any] = []

    def batch_of(batches: Any) -> Any:
        if read:
            raise ValueError("A LossModel's function may read one dataset; zip several into one.")
        if eager.error is not None:
            raise RuntimeError("The function fails before it reads a batch.") from eager.error
        read.append(batches)
        return batch

    run = _Run(batch_of)
    with run.active():
        found = function(*args, **kwargs)
    return {**run.scalars, **(found if isinstance(found, dict) else {"loss": found})}


def _batches_of(
    function: Callable[..., Any], args: Any, kwargs: Any, eager: _Eager | None = None
) -> tf.data.Dataset:
    """Runs the function up to where it reads its first batch, and returns the dataset.

    Args:
        function: The function. One that reads none runs to its end, or to where it sums losses:
            eager code keeps none.
        args: Its arguments.
        kwargs: Its arguments by name.
        eager: Is told what the function failed with, where a trace follows in which whatever is
            wrong is wrong as well; `None` raises it.
    """
    try:
        with LayerGraph().active(), _Run(_raise_found).active():
            function(*args, **kwargs)
    except _Found as found:
        return found.batches
    except Exception as error:
        if eager is None:
            raise
        eager.error = error
    return tf.data.Dataset.from_tensors(0).repeat()
