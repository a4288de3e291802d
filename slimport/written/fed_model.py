# mypy: allow-subclassing-any
"""Models of a function of what placeholders of TF 1 were fed."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from slimport.written.held_averages import held_averages
from slimport.written.logs import _RUN
from slimport.written.loss_model import LossModel, _as_fetched, next_batch

__all__ = ["FedModel"]


class FedModel(LossModel):
    """A model whose loss a function computes from named arrays, as placeholders were fed.

    ```python
    def build_loss(images, labels):
        logits = network(images)
        return {"loss": cross_entropy(labels, logits), "logits": logits}

    model = FedModel(
        build_loss,
        images=tf.TensorSpec([None, 28, 28, 1], tf.float32),
        labels=tf.TensorSpec([None], tf.int64),
    )
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    logs = model.train_on_batch({"images": images, "labels": labels}, return_dict=True)
    ```

    Args:
        function: Takes a tensor for each input, by name; returns the loss, or a dictionary with it
            as `"loss"` beside other tensors.
        **inputs: The shape and type of each input.
    """

    def __init__(self, function: Callable[..., Any], **inputs: tf.TensorSpec) -> None:
        self._specs_of_inputs = dict(inputs)
        self._asked = _Asked()
        of_feed = tf.data.Dataset.from_generator(_nothing, output_signature=dict(inputs))
        super().__init__(_of_feed, self._asked, function, of_feed)

    def compile(self, optimizer: Any = "sgd", *args: Any, **kwargs: Any) -> None:
        """Configures the model for training; see `LossModel.compile`.

        A loss may be infinite or not a number, unless `check_numerics` is given.
        """
        kwargs.setdefault("check_numerics", False)
        super().compile(optimizer, *args, **kwargs)
        self._asked.train_function = None

    def train_on_batch(self, x: Any, return_dict: bool = False, summaries: bool = False) -> Any:
        """Trains a step on what is fed.

        Args:
            x: Anything that makes an array of the input's type, by the inputs' names.
            return_dict: Whether to return all that the function returned, by name.
            summaries: Whether to return what it logs as well: `"summaries"`, the text of a protocol
                buffer, for an `EventWriter`.

        Returns:
            What `LossModel.train_on_batch` does.

        Raises:
            ValueError: If an array has another shape than its input, or an input is missing.
        """
        if not summaries:
            return super().train_on_batch(self.fed(x), return_dict)
        usual, self.train_function = self.train_function, self._asked.train_function
        try:
            with self._asked.summarizing():
                return super().train_on_batch(self.fed(x), return_dict)
        finally:
            self._asked.train_function, self.train_function = self.train_function, usual

    def run_on_batch(self, x: Mapping[str, Any], names: str | Sequence[str]) -> Any:
        """Computes tensors of the function without training, as a run of a session did.

        The layers do what they do in training, unless they are told by what is fed. No variable
        changes: moving statistics stay where they are.

        Args:
            x: What is fed, by the inputs' names; inputs that nothing of this needs may lack.
            names: The name of a tensor, or several: `"loss"`, a key of what the function returns,
                or `"summaries"`.

        Returns:
            The tensor's value, or a list of them: NumPy arrays and numbers.
        """
        feed = {**{name: _any(spec) for name, spec in self._specs_of_inputs.items()}, **x}
        asked = (names,) if isinstance(names, str) else tuple(names)
        function = self._function_for(asked)
        with self._asked.summarizing("summaries" in asked):
            values = tf.nest.map_structure(_as_fetched, function(self.fed(feed)))
        return values[0] if isinstance(names, str) else values

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Runs the function; with its summaries, if these are asked for."""
        if not (self._asked.summarizes or self._asked.looks):
            return super().call(inputs, training)
        replay = tf.function(self._run, autograph=False)  # name scopes begin anew in it
        return replay(inputs, training)[0]

    def _function_for(self, names: tuple[str, ...]) -> Any:
        """Traces what computes these tensors, and nothing else, once."""
        if names not in self._asked.functions:
            signature = [dict(self._specs_of_inputs)]
            run = functools.partial(self._values_of, names)
            self._asked.functions[names] = tf.function(
                run, input_signature=signature, autograph=False
            )
        return self._asked.functions[names]

    def _values_of(self, names: tuple[str, ...], feed: Any) -> list[Any]:
        """The tensors, while all variables but the states of random numbers stay as they are."""
        weights = self.non_trainable_weights
        before = [tf.identity(weight.value) for weight in weights]
        with self._asked.looking(), held_averages(self):
            logs = self(feed, training=True)
        values = [tf.nest.map_structure(tf.identity, logs[name]) for name in names]
        for weight, value in zip(weights, before, strict=True):
            weight.assign(value)
        return values

    def fed(self, feed: Mapping[str, Any]) -> dict[str, Any]:
        """Returns arrays of the inputs' types, as a session made them.

        Args:
            feed: What is fed, by the inputs' names.
        """
        specs = self._specs_of_inputs
        if feed.keys() != specs.keys():
            raise ValueError(f"The model takes {', '.join(specs)}, not {', '.join(feed)}.")
        return {name: _array(name, value, specs[name]) for name, value in feed.items()}


@dataclasses.dataclass
class _Asked:
    """What runs were asked for; Keras tracks dictionaries and functions of a model.

    Attributes:
        functions: What computes tensors, by their names.
        train_function: A step that gives summaries.
        summarizes: Whether what is traced gives summaries.
        looks: Whether what is traced does not train.
    """

    functions: dict[tuple[str, ...], Any] = dataclasses.field(default_factory=dict)
    train_function: Any = None
    summarizes: bool = False
    looks: bool = False

    @contextlib.contextmanager
    def summarizing(self, summarizes: bool = True) -> Iterator[None]:
        """Says whether what is traced meanwhile gives summaries."""
        self.summarizes = summarizes
        try:
            yield
        finally:
            self.summarizes = False

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        """Says that what is traced meanwhile does not train."""
        self.looks = True
        try:
            yield
        finally:
            self.looks = False


def _any(spec: tf.TensorSpec) -> Any:
    """An array of a kind, for an input that is not needed."""
    shape = [size or 1 for size in spec.shape] if spec.shape.rank is not None else []
    return np.zeros(shape, spec.dtype.as_numpy_dtype)


def _nothing() -> Any:
    """Yields no batch: all are fed."""
    yield from ()


def _of_feed(asked: _Asked, function: Callable[..., Any], of_feed: tf.data.Dataset) -> Any:
    """Runs the function on what is fed."""
    batch, run = next_batch(of_feed), _RUN.get()
    if not asked.summarizes or run is None:
        return function(**batch)
    run.summarizes = True
    found = function(**batch)
    merged = tf.compat.v1.summary.merge_all()
    summaries = tf.constant(b"") if merged is None else merged
    return {**(found if isinstance(found, dict) else {"loss": found}), "summaries": summaries}


def _array(name: str, value: Any, spec: tf.TensorSpec) -> Any:
    """The value as `Session.run` converts what it is fed (tensorflow/python/client/session.py)."""
    array = np.asarray(value, dtype=spec.dtype.as_numpy_dtype)
    if not spec.shape.is_compatible_with(array.shape):
        raise ValueError(f"{name} has the shape {array.shape}, which is not one of {spec.shape}.")
    return array
