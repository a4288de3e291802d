# mypy: allow-subclassing-any
"""Optimizers: TensorFlow 1's, where those of Keras take other steps."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

__all__ = [
    "Momentum",
    "RMSProp",
    "SparseAdadelta",
    "SparseAdagrad",
    "SparseAdam",
    "SparseFtrl",
]


class _SeenRows(keras.optimizers.Optimizer):
    """Sparse gradients change the rows that they have, as TensorFlow 1's kernels did.

    Keras decays the slots of all other rows too, and squares the parts of a row that is looked up
    twice before it adds them.
    """

    _rows: Any = None

    def dense_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates a variable and its slots by a gradient that is a tensor."""
        raise NotImplementedError

    def rows_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Likewise, of the rows that a sparse gradient has: by `assign` and its like alone."""
        raise NotImplementedError

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates a variable and its slots."""
        if not isinstance(gradient, tf.IndexedSlices):
            self.dense_step(gradient, variable, learning_rate)
            return
        indices, count = gradient.indices, variable.shape[0]
        times = tf.math.unsorted_segment_sum(tf.ones_like(indices), indices, count)
        self._rows = tf.reshape(times > 0, [count] + [1] * (len(variable.shape) - 1))
        try:
            self.rows_step(_summed(gradient, variable), variable, learning_rate)
        finally:
            self._rows = None

    def assign(self, variable: Any, value: Any) -> None:
        """Assigns to the rows that the gradient has."""
        kept = value if self._rows is None else tf.where(self._rows, value, variable)
        super().assign(variable, kept)

    def assign_add(self, variable: Any, value: Any) -> None:
        """Adds to the rows that the gradient has."""
        kept = value if self._rows is None else tf.where(self._rows, value, tf.zeros_like(value))
        super().assign_add(variable, kept)

    def assign_sub(self, variable: Any, value: Any) -> None:
        """Subtracts from the rows that the gradient has."""
        kept = value if self._rows is None else tf.where(self._rows, value, tf.zeros_like(value))
        super().assign_sub(variable, kept)


def _one_kernel(
    kernel: Any, gradient: Any, variables: dict[str, Any], numbers: dict[str, Any], **flags: Any
) -> None:
    """Runs TensorFlow 1's kernel for a dense step: one pass over a variable and its slots."""
    values = {
        name: variable.value if isinstance(variable, keras.Variable) else variable
        for name, variable in variables.items()
    }
    dtype = values["var"].dtype
    kernel(
        grad=tf.cast(gradient, dtype),
        use_locking=True,
        **{name: value.handle for name, value in values.items()},
        **{name: tf.cast(number, dtype) for name, number in numbers.items()},
        **flags,
    )


def _summed(gradient: Any, variable: Any) -> Any:
    """A sparse gradient as a tensor; the parts of a row that it has twice are added up."""
    return tf.math.unsorted_segment_sum(gradient.values, gradient.indices, variable.shape[0])


@keras.saving.register_keras_serializable("scoped_layers")
class Momentum(_SeenRows):
    """Gradient descent with a momentum that knows no learning rate, as TensorFlow 1's.

    ```
    velocity = momentum * velocity + gradient
    variable -= learning_rate * velocity
    variable -= learning_rate * (gradient + momentum * velocity)  # instead, with `nesterov`
    ```

    `keras.optimizers.SGD` has the learning rate in its velocity. That is the same while the rate is
    constant; when a schedule lowers it, SGD still moves on by what it gathered at the higher rate.

    A sparse gradient changes only the rows that it has, velocities included.

    Args:
        learning_rate: A float or a schedule.
        momentum: The share of the velocity that stays.
        nesterov: Whether to apply Nesterov momentum.
        name: Name of the optimizer.
        **kwargs: Arguments of every Keras optimizer.
    """

    def __init__(
        self,
        learning_rate: Any,
        momentum: float,
        nesterov: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, name=name, **kwargs)
        self.momentum = momentum
        self.nesterov = nesterov

    def build(self, variables: Any) -> None:
        """Creates the velocities, zeros at first."""
        if not self.built:
            super().build(variables)
            self._velocities = self.add_optimizer_variables(variables, "momentum")

    def dense_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates a variable and its velocity."""
        _one_kernel(
            tf.raw_ops.ResourceApplyMomentum,
            gradient,
            {"var": variable, "accum": self._velocities[self._get_variable_index(variable)]},
            {"lr": learning_rate, "momentum": self.momentum},
            use_nesterov=self.nesterov,
        )

    def rows_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates the rows of a variable and of its velocity."""
        rate = tf.cast(learning_rate, variable.dtype)
        gradient = tf.cast(gradient, variable.dtype)
        momentum = tf.cast(self.momentum, variable.dtype)
        velocity = self._velocities[self._get_variable_index(variable)]
        self.assign(velocity, velocity * momentum + gradient)
        if self.nesterov:
            self.assign_sub(variable, gradient * rate + velocity * momentum * rate)
        else:
            self.assign_sub(variable, velocity * rate)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


@keras.saving.register_keras_serializable("scoped_layers")
class RMSProp(_SeenRows):
    """RMSProp as TensorFlow 1's, whose mean squares begin at one.

    ```
    square = rho * square + (1 - rho) * gradient ** 2                 # 1 at first
    mean = rho * mean + (1 - rho) * gradient                          # if `centered`
    velocity = momentum * velocity
             + learning_rate * gradient / sqrt(square [- mean ** 2] + epsilon)
    variable -= velocity
    ```

    In `keras.optimizers.RMSprop` the squares begin at zero, which makes the first steps larger, and
    epsilon is 1e-7 unless told otherwise.

    A sparse gradient changes only the rows that it has, slots included.

    Args:
        learning_rate: A float or a schedule.
        rho: The share of the means that stays; TensorFlow 1's `decay`.
        momentum: The share of the velocity that stays.
        epsilon: What is added under the root.
        centered: Whether to divide by the deviation of the gradient, not by its size.
        name: Name of the optimizer.
        **kwargs: Arguments of every Keras optimizer.
    """

    def __init__(
        self,
        learning_rate: Any,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-10,
        centered: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, name=name, **kwargs)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def build(self, variables: Any) -> None:
        """Creates the slots: mean squares of ones, everything else zeros."""
        if not self.built:
            super().build(variables)
            self._squares = self.add_optimizer_variables(variables, "rms", "ones")
            if self.centered:
                self._means = self.add_optimizer_variables(variables, "mean_gradient")
            self._momentums = self.add_optimizer_variables(variables, "momentum")

    def dense_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates a variable and its slots."""
        index = self._get_variable_index(variable)
        slots = {"var": variable, "ms": self._squares[index], "mom": self._momentums[index]}
        kernel = tf.raw_ops.ResourceApplyRMSProp
        if self.centered:
            slots["mg"], kernel = self._means[index], tf.raw_ops.ResourceApplyCenteredRMSProp
        numbers = {name: getattr(self, name) for name in ("rho", "momentum", "epsilon")}
        _one_kernel(kernel, gradient, slots, {"lr": learning_rate, **numbers})

    def rows_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates the rows of a variable and of its slots."""
        dtype, index = variable.dtype, self._get_variable_index(variable)
        gradient = tf.cast(gradient, dtype)
        share = 1.0 - tf.cast(self.rho, dtype)  # in this dtype: as TF 1's kernels round it
        square, velocity = self._squares[index], self._momentums[index]
        self.assign(square, square + (tf.square(gradient) - square) * share)
        spread = square
        if self.centered:
            mean = self._means[index]
            self.assign(mean, mean + (gradient - mean) * share)
            spread = square - tf.square(mean)
        step = gradient * tf.cast(learning_rate, dtype) / tf.sqrt(spread + self.epsilon)
        self.assign(velocity, velocity * tf.cast(self.momentum, dtype) + step)
        self.assign_sub(variable, velocity)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        names = ("rho", "momentum", "epsilon", "centered")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable("scoped_layers")
class SparseAdam(keras.optimizers.Adam):
    """Adam that adds up what a sparse gradient has of a row before it is squared.

    `keras.optimizers.Adam` squares first, so that a row that is looked up twice moves otherwise
    than in TensorFlow 1. For all other gradients this is `keras.optimizers.Adam`. Both move the
    rows that the gradient lacks as well, by their momentum.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates a variable and its moments."""
        if isinstance(gradient, tf.IndexedSlices):
            gradient = _summed(gradient, variable)
        super().update_step(gradient, variable, learning_rate)


@keras.saving.register_keras_serializable("scoped_layers")
class SparseAdagrad(_SeenRows, keras.optimizers.Adagrad):
    """`keras.optimizers.Adagrad`; a sparse gradient changes only the rows that it has."""

    dense_step = rows_step = keras.optimizers.Adagrad.update_step


@keras.saving.register_keras_serializable("scoped_layers")
class SparseAdadelta(_SeenRows, keras.optimizers.Adadelta):
    """`keras.optimizers.Adadelta`; a sparse gradient changes only the rows that it has."""

    dense_step = rows_step = keras.optimizers.Adadelta.update_step


@keras.saving.register_keras_serializable("scoped_layers")
class SparseFtrl(_SeenRows, keras.optimizers.Ftrl):
    """`keras.optimizers.Ftrl`; a sparse gradient changes only the rows that it has.

    In `keras.optimizers.Ftrl` the first sparse gradient sets all other rows to zero.
    """

    dense_step = rows_step = keras.optimizers.Ftrl.update_step
