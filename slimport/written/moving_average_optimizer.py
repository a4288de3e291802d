# mypy: allow-subclassing-any
"""Averages of what an optimizer trains: kept as training goes on, to be used instead of it."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from slimport.written.names import legacy_variables

__all__ = ["MovingAverageOptimizer"]


@keras.saving.register_keras_serializable("scoped_layers")
class MovingAverageOptimizer(keras.optimizers.Optimizer):
    """Another optimizer, and moving averages of its variables.

    After each step `average -= (1 - decay) * (average - variable)`, as TensorFlow 1's
    `ExponentialMovingAverage` did. An average begins at the value that the variable has when the
    optimizer is built. The `use_ema` of Keras begins at the value after the first step, has one
    decay for all steps, and overwrites the model when `fit` ends; here `swap` is for that.

    ```python
    optimizer = MovingAverageOptimizer(keras.optimizers.Adam(1e-4), 0.9999)
    model.compile(optimizer=optimizer, loss=...)
    model.fit(...)
    optimizer.swap()  # the averages are the model's weights now
    model.evaluate(...)
    optimizer.swap()  # and back, to go on training
    ```

    Averages are saved with the optimizer. `legacy_averages` maps the names in a TF 1 checkpoint.

    Args:
        optimizer: The optimizer that takes the steps.
        average_decay: The share of an average that stays.
        num_updates: Whether the decay begins low and is at most `(1 + n) / (10 + n)` after `n`
            steps, which is what `num_updates=global_step` meant.
        variables: What is averaged: a list of variables, or a function that returns it when the
            optimizer is built; `None` for all that it trains. It is not saved with the model.
        before_step: Whether averages take in the values before a step, as they did where `apply`
            was one of the update ops.
        name: Name of the optimizer.
    """

    def __init__(
        self,
        optimizer: Any,
        average_decay: float = 0.9999,
        num_updates: bool = False,
        variables: Any = None,
        before_step: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(learning_rate=0.0, name=name)
        self.inner_optimizer = keras.optimizers.get(optimizer)
        self.average_decay = average_decay
        self.num_updates = num_updates
        self.before_step = before_step
        self._what = (variables,)  # a tuple: Keras would track the variables as the optimizer's

    def build(self, variables: Any) -> None:
        """Builds the other optimizer, and the averages at the values of their variables."""
        if self.built:
            return
        self.inner_optimizer.build(variables)
        super().build(variables)
        chosen = self._what[0]() if callable(self._what[0]) else self._what[0]
        chosen = list(variables if chosen is None else chosen)
        self._averages = [
            self.add_variable_from_reference(variable, "average", _value_of(variable))
            for variable in chosen
        ]
        self._averaged = tuple(chosen)

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """Takes a step and updates the averages."""
        if not self.built:
            self.build(list(trainable_variables))
        if self.before_step:
            self._update()
        self.inner_optimizer.apply(grads, trainable_variables)
        if not self.before_step:
            self._update()

    def _update(self) -> None:
        decay = tf.constant(self.average_decay, "float32")
        if self.num_updates:
            steps = tf.cast(self.iterations, "float32")
            decay = tf.minimum(decay, (1.0 + steps) / (10.0 + steps))
        for variable, average in zip(self._averaged, self._averages, strict=True):
            rate = tf.cast(1.0 - decay, average.dtype)
            self.assign_sub(average, (average - variable) * rate)

    def average(self, variable: Any) -> Any:
        """Returns the average of a variable, `None` if it has none."""
        pairs = zip(self._averaged, self._averages, strict=True)
        return next((average for v, average in pairs if v is variable), None)

    def swap(self) -> None:
        """Exchanges the values of the variables and of their averages."""
        for variable, average in zip(self._averaged, self._averages, strict=True):
            value = tf.identity(variable)
            variable.assign(average)
            average.assign(value)

    def legacy_averages(self, model: Any) -> dict[str, Any]:
        """Maps the names in a TF 1 checkpoint to the averages; see `legacy_variables`."""
        averages = {n: self.average(variable) for n, variable in legacy_variables(model).items()}
        return {f"{n}/ExponentialMovingAverage": a for n, a in averages.items() if a is not None}

    @property
    def variables(self) -> list[Any]:
        """The variables of both."""
        return [*self._variables, *self.inner_optimizer.variables]

    @property
    def iterations(self) -> Any:
        """The steps that were taken."""
        return self.inner_optimizer.iterations

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the other optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.inner_optimizer.learning_rate = learning_rate

    def scale_loss(self, loss: Any) -> Any:
        """Scales the loss as the other optimizer does."""
        return self.inner_optimizer.scale_loss(loss)

    def finalize_variable_values(self, var_list: Any) -> None:
        """Ends training as the other optimizer does."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, but for `variables`."""
        return {
            "optimizer": keras.saving.serialize_keras_object(self.inner_optimizer),
            "average_decay": self.average_decay,
            "num_updates": self.num_updates,
            "before_step": self.before_step,
            "name": self.name,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> MovingAverageOptimizer:
        """Makes the optimizer again."""
        inner = keras.saving.deserialize_keras_object(config["optimizer"], custom_objects)
        return cls(**config | {"optimizer": inner})


def _value_of(variable: Any) -> Any:
    """An initializer that gives the value of the variable: before the step that builds this."""
    with tf.init_scope():
        value = tf.identity(variable)
    return lambda shape, dtype=None: tf.cast(value, dtype or value.dtype)
