# mypy: allow-subclassing-any
"""Learning rates: schedules that Keras lacks, arithmetic with them, functions of the step."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from slimport.written.saved_functions import loaded_function, saved_function

__all__ = [
    "ComputedSchedule",
    "LinearCosineDecay",
    "NaturalExpDecay",
    "NoisyLinearCosineDecay",
    "StepSchedule",
]


class _Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule that keeps its arguments under their names."""

    def __init__(self, **arguments: Any) -> None:
        self._arguments = arguments

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return dict(self._arguments)

    def _as(self, dtype: Any, *names: str) -> list[Any]:
        return [tf.cast(self._arguments[name], dtype) for name in names]


@keras.saving.register_keras_serializable("scoped_layers")
class NaturalExpDecay(_Schedule):
    """`initial_learning_rate * exp(-decay_rate) ** (step / decay_steps)`.

    Args:
        initial_learning_rate: The learning rate at step 0.
        decay_steps: The steps in which it falls by `exp(-decay_rate)`.
        decay_rate: How fast it falls.
        staircase: Whether `step / decay_steps` is rounded down.
        name: Name of the operations.
    """

    def __init__(
        self,
        initial_learning_rate: Any,
        decay_steps: Any,
        decay_rate: Any,
        staircase: bool = False,
        name: str = "NaturalExpDecay",
    ) -> None:
        super().__init__(
            initial_learning_rate=initial_learning_rate,
            decay_steps=decay_steps,
            decay_rate=decay_rate,
            staircase=staircase,
            name=name,
        )

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate at a step."""
        with tf.name_scope(self._arguments["name"]):
            initial = tf.convert_to_tensor(self._arguments["initial_learning_rate"])
            decay_steps, rate = self._as(initial.dtype, "decay_steps", "decay_rate")
            share = tf.cast(step, initial.dtype) / decay_steps
            if self._arguments["staircase"]:
                share = tf.floor(share)
            return initial * tf.pow(tf.exp(-rate), share)


@keras.saving.register_keras_serializable("scoped_layers")
class LinearCosineDecay(_Schedule):
    """A cosine under a falling line.

    With `done = min(step, decay_steps) / decay_steps` it is `initial_learning_rate *
    ((alpha + 1 - done) * (1 + cos(2 * pi * num_periods * done)) / 2 + beta)`.

    Args:
        initial_learning_rate: The learning rate at step 0, but for `alpha` and `beta`.
        decay_steps: The steps after which it stays as it is.
        num_periods: The periods of the cosine in these steps.
        alpha: What is added to the line.
        beta: What is added to the whole.
        name: Name of the operations.
    """

    def __init__(
        self,
        initial_learning_rate: Any,
        decay_steps: Any,
        num_periods: float = 0.5,
        alpha: float = 0.0,
        beta: float = 0.001,
        name: str = "LinearCosineDecay",
        **more: Any,
    ) -> None:
        super().__init__(
            initial_learning_rate=initial_learning_rate,
            decay_steps=decay_steps,
            num_periods=num_periods,
            alpha=alpha,
            beta=beta,
            name=name,
            **more,
        )

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate at a step."""
        with tf.name_scope(self._arguments["name"]):
            initial = tf.convert_to_tensor(self._arguments["initial_learning_rate"])
            decay_steps, periods, alpha, beta = self._as(
                initial.dtype, "decay_steps", "num_periods", "alpha", "beta"
            )
            step = tf.minimum(tf.cast(step, initial.dtype), decay_steps)
            line = (decay_steps - step) / decay_steps + self._noise(step)
            angle = math.pi * (2.0 * periods * (step / decay_steps))
            return initial * ((alpha + line) * (0.5 * (1.0 + tf.cos(angle))) + beta)

    def _noise(self, step: Any) -> Any:
        return tf.zeros_like(step)


@keras.saving.register_keras_serializable("scoped_layers")
class NoisyLinearCosineDecay(LinearCosineDecay):
    """`LinearCosineDecay` with noise on its line, of variance `initial_variance / (1 + step) ** x`.

    The noise is drawn anew whenever the learning rate is asked for, by a callback as well.

    Args:
        initial_learning_rate: The learning rate at step 0, but for `alpha`, `beta` and noise.
        decay_steps: The steps after which it stays as it is, but for noise.
        initial_variance: The variance of the noise at step 0.
        variance_decay: The exponent `x`.
        num_periods: The periods of the cosine in these steps.
        alpha: What is added to the line.
        beta: What is added to the whole.
        name: Name of the operations.
    """

    def __init__(
        self,
        initial_learning_rate: Any,
        decay_steps: Any,
        initial_variance: float = 1.0,
        variance_decay: float = 0.55,
        num_periods: float = 0.5,
        alpha: float = 0.0,
        beta: float = 0.001,
        name: str = "NoisyLinearCosineDecay",
    ) -> None:
        super().__init__(
            initial_learning_rate,
            decay_steps,
            num_periods,
            alpha,
            beta,
            name,
            initial_variance=initial_variance,
            variance_decay=variance_decay,
        )

    def _noise(self, step: Any) -> Any:
        variance, decay = self._as(step.dtype, "initial_variance", "variance_decay")
        deviation = tf.sqrt(variance / tf.pow(1.0 + step, decay))
        return tf.random.normal([], stddev=deviation, dtype=step.dtype)


@keras.saving.register_keras_serializable("scoped_layers")
class ComputedSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule to compute with: `0.1 * ComputedSchedule(schedule) + 1e-4` is one again.

    A learning rate of TensorFlow 1 is a tensor, which code may multiply; a schedule is not.

    Args:
        *operands: A schedule; or the schedules and numbers that `operation` takes.
        operation: A name in Python's `operator`; empty for the schedule itself.

    Raises:
        TypeError: For an operand that would not change with the steps, such as a tensor.
    """

    __array_ufunc__ = None  # numbers of NumPy leave the arithmetic to this class

    def __init__(self, *operands: Any, operation: str = "") -> None:
        for operand in operands:
            if not callable(operand) and not isinstance(operand, numbers.Number):
                raise TypeError(f"a schedule is computed from schedules and numbers: {operand}")
        self.operands = operands
        self.operation = operation

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate at a step."""
        values = [operand(step) if callable(operand) else operand for operand in self.operands]
        return getattr(operator, self.operation)(*values) if self.operation else values[0]

    def __neg__(self) -> ComputedSchedule:
        return ComputedSchedule(self, operation="neg")

    def __add__(self, other: Any) -> ComputedSchedule:
        return ComputedSchedule(self, other, operation="add")

    def __radd__(self, other: Any) -> ComputedSchedule:
        return ComputedSchedule(other, self, operation="add")

    def __sub__(self, other: Any) -> ComputedSchedule:
        return ComputedSchedule(self, other, operation="sub")

    def __rsub__(self, other: Any) -> ComputedSchedule:
        return ComputedSchedule(other, self, operation="sub")

    def __mul__(self, other: Any) -> ComputedSchedule:
        return ComputedSchedule(self, other, operation="mul")

    def __rmul__(self, other: Any) -> ComputedSchedule:
        return ComputedSchedule(other, self, operation="mul")

    def __truediv__(self, other: Any) -> ComputedSchedule:
        return ComputedSchedule(self, other, operation="truediv")

    def __rtruediv__(self, other: Any) -> ComputedSchedule:
        return ComputedSchedule(other, self, operation="truediv")

    def get_config(self) -> dict[str, Any]:
        """Returns the operation and its operands."""
        operands = [keras.saving.serialize_keras_object(operand) for operand in self.operands]
        return {"operation": self.operation, "operands": operands}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ComputedSchedule:
        """Makes the schedule again."""
        operands = map(keras.saving.deserialize_keras_object, config["operands"])
        return cls(*operands, operation=config["operation"])


@keras.saving.register_keras_serializable("scoped_layers")
class StepSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that a function computes of the step.

    ```python
    rate = StepSchedule(lambda step: tf.minimum(1e-3 * tf.cast(step, tf.float32), 0.1))
    ```

    The function is called once, where the schedule is made, in a graph of its own: there
    `tf.compat.v1.train.exponential_decay` and its like give tensors, as in TensorFlow 1.

    Args:
        function: Takes the step, a scalar tensor of int64, and returns the learning rate: a scalar
            tensor or a number. A .keras file holds it by name: see `get_config`.
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function
        step = tf.TensorSpec([], tf.int64, "global_step")
        with tf.init_scope():
            self._rate = tf.function(function, autograph=False).get_concrete_function(step)

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate at a step."""
        return self._rate(tf.cast(step, tf.int64))

    def get_config(self) -> dict[str, Any]:
        """Returns the name of the function.

        Raises:
            NotImplementedError: If the function is a lambda or part of another function. A model
                is saved all the same before `compile`, and its weights are at any time.
        """
        return {"function": saved_function(self._function, "StepSchedule")}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> StepSchedule:
        """Makes the schedule again, of the function that the program has under that name."""
        return cls(loaded_function(config["function"], "StepSchedule"))
