# mypy: allow-subclassing-any
"""Models of a function that reads a batch and measures it, as TF 1's evaluations did."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from slimport.written.collections import (
    _name_as_in_tf_1,
    get_collection,
    global_variables,
    trainable_variables,
)
from slimport.written.graphs import LayerGraph
from slimport.written.logs import _Run
from slimport.written.loss_model import _batches_of
from slimport.written.models import TracedModel
from slimport.written.names import legacy_variables
from slimport.written.new_checkpoints import checkpoints_iterator
from slimport.written.variables import variable_op_name

__all__ = [
    "AveragedVariables",
    "MetricsModel",
    "checkpoints_to_evaluate",
    "log_metric",
]


@dataclasses.dataclass
class _Measured:
    """What a `MetricsModel` measures: its metrics by name, those that the present run has met."""

    metrics: dict[str, Any] = dataclasses.field(default_factory=dict)
    met: set[str] = dataclasses.field(default_factory=set)
    returned: Any = None

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Makes `log_metric` add to these."""
        self.met = set()
        token = _MEASURED.set(self)
        try:
            yield
        finally:
            _MEASURED.reset(token)

    def metric(self, name: str, kind: Callable[..., Any], config: dict[str, Any]) -> Any:
        """Finds a metric, or makes it at first."""
        if name in self.met:
            raise ValueError(f"There are two metrics {name}.")
        self.met.add(name)
        if name not in self.metrics:
            with tf.init_scope():  # out of the traced function
                self.metrics[name] = kind(name=name, **config)
        return self.metrics[name]


_MEASURED: contextvars.ContextVar[_Measured | None] = contextvars.ContextVar(
    "_MEASURED", default=None
)


def log_metric(
    name: str,
    metric: Callable[..., Any],
    *values: Any,
    sample_weight: Any = None,
    **config: Any,
) -> None:
    """Updates a metric of a `MetricsModel` with this batch; the first run makes it.

    ```python
    log_metric("accuracy", keras.metrics.Accuracy, labels, predictions)
    log_metric("loss", keras.metrics.Mean, losses, sample_weight=weights)
    ```

    Each element counts, in batches of any shape and size. Weights are broadcast to the elements, as
    `tf.metrics` did.

    Args:
        name: What to call it.
        metric: A class of `keras.metrics`.
        *values: What its `update_state` takes: labels and predictions, or values.
        sample_weight: The weights of the elements.
        **config: Arguments of the class.

    Raises:
        RuntimeError: Outside of the function of a `MetricsModel`.
        ValueError: If there is another metric of this name.
    """
    measured = _MEASURED.get()
    if measured is None:
        raise RuntimeError("log_metric is for a MetricsModel's function.")
    found = measured.metric(name, metric, config)
    tensors = [tf.convert_to_tensor(value) for value in values]
    if getattr(metric, "takes_rows", False):
        columns, shape = tensors, tf.shape(tensors[-1])[:-1]
    else:
        columns, shape = _columns(tensors)
    if sample_weight is None:
        found.update_state(*columns)
    else:
        found.update_state(*columns, sample_weight=_broadcast(sample_weight, shape))


def _columns(values: list[Any]) -> tuple[list[Any], Any]:
    """An element a row, however the tensors are shaped, and the shape that they had.

    Keras takes the last axis of some for parts of an example, whose mean is what counts.
    """
    if len(values) == 1:
        return [tf.reshape(values[0], [-1])], tf.shape(values[0])
    labels, predictions = values
    extra = predictions.shape.rank - labels.shape.rank
    if extra == 1 and predictions.shape[-1] != 1:  # scores of classes
        scores = tf.reshape(predictions, [-1, predictions.shape[-1]])
        return [tf.reshape(labels, [-1]), scores], tf.shape(labels)
    shaped = labels if extra == 1 else predictions
    if predictions.dtype.is_integer and labels.dtype.is_floating:
        predictions = tf.cast(predictions, labels.dtype)
    return [tf.reshape(labels, [-1, 1]), tf.reshape(predictions, [-1, 1])], tf.shape(shaped)


def _broadcast(weights: Any, shape: Any) -> Any:
    """A weight for each element.

    Raises:
        ValueError: If the weights have another rank.
    """
    weights = tf.cast(weights, tf.float32)
    rank = shape.shape[0]
    if weights.shape.rank == rank + 1:
        weights = tf.squeeze(weights, [-1])
    elif weights.shape.rank and weights.shape.rank == rank - 1:
        weights = tf.expand_dims(weights, -1)
    if weights.shape.rank not in (0, rank):
        raise ValueError(f"weights of rank {weights.shape.rank} for values of rank {rank}")
    return tf.reshape(tf.broadcast_to(weights, shape), [-1])


class MetricsModel(TracedModel):
    """A model that measures batches by a function which reads them itself.

    ```python
    model = MetricsModel(build_metrics)  # calls next_batch and log_metric
    model.load_checkpoint(tf.train.latest_checkpoint(folder))
    values = model.evaluate(model.batches, steps=100, return_dict=True)
    ```

    The function runs as it did in a TF 1 graph. Its layers are built on the first run, and found
    again by their scopes; its own `is_training` says how they run.

    Args:
        function: Takes no batch, but may read one by `next_batch`.
        *args: Arguments of `function`.
        **kwargs: Arguments of `function`.

    Attributes:
        batches: The dataset to evaluate on; it yields one number forever where no batch is read.
        global_step: The step of the checkpoint that was loaded, `None` if it has none.

    Raises:
        ValueError: If the function reads more than one dataset.
    """

    def __init__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self._measured = _Measured()
        super().__init__(_measuring, function, self._measured, *args, **kwargs)
        with _Measured().active():
            self.batches = _batches_of(function, args, kwargs)
        self.global_step: int | None = None
        self._input_specs = self.batches.element_spec
        self.build(None)
        self.compile(optimizer=None)

    @property
    def metrics(self) -> list[Any]:
        """What `log_metric` was given, in its order."""
        return list(self._measured.metrics.values())

    @property
    def returned(self) -> Any:
        """What the function returned when the model was built: numbers, names, objects."""
        return self._measured.returned

    def layer_graph(self) -> contextlib.AbstractContextManager[LayerGraph]:
        """Makes the model's variables those that are looked up by name in a `with` block."""
        return self._scoped_graph.active()

    @functools.cached_property
    def step_variable(self) -> Any:
        """A variable for the step of a checkpoint, to be restored by its name."""
        variable = keras.Variable(0, dtype="int64", trainable=False, name="global_step")
        _name_as_in_tf_1(variable, "global_step")
        return variable

    def load_checkpoint(self, path: str, variables: Any = None) -> None:
        """Assigns what a checkpoint of TF 1, or of `Checkpoints`, holds.

        Args:
            path: The checkpoint.
            variables: The variables by their names in the checkpoint; `None`, or a list, for the
                names that they have here.

        Raises:
            ValueError: If a variable is left out, is not in the checkpoint, or has another shape.
        """
        named = self._named(variables)
        reader = tf.train.load_checkpoint(path)
        shapes = reader.get_variable_to_shape_map()
        for name, variable in named.items():
            if name not in shapes:
                raise ValueError(f"{path} has no {name}.")
            if tuple(shapes[name]) != tuple(variable.shape):
                raise ValueError(
                    f"{name} has the shape {shapes[name]} in {path}, and {variable.shape} here."
                )
            value = reader.get_tensor(name)
            variable.assign(value.astype(np.dtype(keras.backend.standardize_dtype(variable.dtype))))
        known = "global_step" in shapes
        self.global_step = int(reader.get_tensor("global_step")) if known else None

    def _named(self, variables: Any) -> dict[str, Any]:
        every = legacy_variables(self)
        if not every:
            raise ValueError("The function makes no variables; build the network in it.")
        if variables is None:
            return every
        if not isinstance(variables, dict):
            with self.layer_graph():
                variables = {variable_op_name(variable): variable for variable in variables}
        given = {id(variable) for variable in variables.values()}
        missing = [name for name, variable in every.items() if id(variable) not in given]
        if missing:
            raise ValueError(f"No value is restored for {', '.join(missing)}.")
        return dict(variables)

    def evaluate(self, *args: Any, steps: Any = None, return_dict: bool = False, **kw: Any) -> Any:
        """Measures batches; see `keras.Model.evaluate`.

        Args:
            *args: The dataset, `batches` as a rule.
            steps: How many batches, at least 1; `None` for all.
            return_dict: Whether to return the values by name, else as a list.
            **kw: Other arguments of `keras.Model.evaluate`.

        Returns:
            The values of the metrics, as NumPy numbers, in the order of `metrics`.
        """
        steps = None if steps is None else max(1, math.ceil(steps))
        super().evaluate(*args, steps=steps, return_dict=True, **kw)
        values = {metric.name: np.asarray(metric.result())[()] for metric in self.metrics}
        return values if return_dict else list(values.values())

    def test_step(self, data: Any) -> dict[str, Any]:
        """Measures a batch."""
        # As TF 1: a layer infers if the code says is_training=False, not because it is evaluated.
        values: dict[str, Any] = self(data, training=True)
        return values


def _measuring(
    batch: Any, function: Callable[..., Any], measured: _Measured, *args: Any, **kwargs: Any
) -> Any:
    """Runs the function; the batch is what it reads. Returns the metrics so far."""
    read: list[Any] = []

    def batch_of(batches: Any) -> Any:
        if read:
            raise ValueError("A MetricsModel's function may read one dataset; zip several.")
        read.append(batches)
        return batch

    with _Run(batch_of).active(), measured.active():
        measured.returned = function(*args, **kwargs)
    return {name: metric.result() for name, metric in measured.metrics.items()}


def checkpoints_to_evaluate(
    checkpoint_dir: str,
    eval_interval_secs: float = 60,
    max_number_of_evaluations: int | None = None,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
) -> Iterator[str]:
    """Yields each new checkpoint of a folder; see `checkpoints_iterator`.

    Args:
        checkpoint_dir: The folder.
        eval_interval_secs: The fewest seconds between two checkpoints.
        max_number_of_evaluations: How many, at least 1; `None` for no end.
        timeout: The most seconds to wait for one; `None` for no limit.
        timeout_fn: Whether to end when the time is over, else to wait on; `None` for to end.

    Yields:
        The path of each checkpoint.
    """
    paths = checkpoints_iterator(checkpoint_dir, eval_interval_secs, timeout, timeout_fn)
    for number, path in enumerate(paths, 1):
        yield path
        if max_number_of_evaluations is not None and number >= max_number_of_evaluations:
            return


class AveragedVariables:
    """Where a checkpoint of TF 1 has the moving averages of variables.

    They are beside the variables, as `tf.train.ExponentialMovingAverage` saved them.

    Args:
        decay: Kept for callers, as `num_updates` and `zero_debias` are: nothing is averaged here.
        num_updates: Likewise.
        zero_debias: Likewise.
        name: The last part of the averages' names.
    """

    def __init__(
        self,
        decay: Any = None,
        num_updates: Any = None,
        zero_debias: bool = False,
        name: str = "ExponentialMovingAverage",
    ) -> None:
        del decay, num_updates, zero_debias
        self._name = name

    def average_name(self, var: Any) -> str:
        """Returns the name of a variable's average."""
        return f"{variable_op_name(var)}/{self._name}"

    def variables_to_restore(self, moving_avg_variables: Any = None) -> dict[str, Any]:
        """Returns all variables by what they are restored from, in `model.layer_graph()`.

        Args:
            moving_avg_variables: Those with averages; `None` for those that are trained, and those
                in the collection `moving_average_variables`.
        """
        if moving_avg_variables is None:
            moving_avg_variables = trainable_variables()
            moving_avg_variables += get_collection("moving_average_variables")
        named = {self.average_name(variable): variable for variable in moving_avg_variables}
        averaged = {id(variable) for variable in named.values()}
        others = [v for v in global_variables() if id(v) not in averaged]
        return named | {variable_op_name(variable): variable for variable in others}
