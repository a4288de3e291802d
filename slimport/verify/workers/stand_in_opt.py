# mypy: allow-subclassing-any
"""`tf.contrib.opt` on TensorFlow 2: the optimizer with moving averages, of TensorFlow's own parts.

This module runs under CPython 3.7.
"""

from __future__ import annotations

from typing import Any


def moving_average_optimizer(v1: Any) -> Any:
    """Makes the class for `tf.contrib.opt.MovingAverageOptimizer`; it has no `swapping_saver`."""

    base: Any = v1.train.Optimizer

    class MovingAverageOptimizer(base):
        """Takes the steps of another optimizer, then averages what these have changed."""

        def __init__(
            self,
            opt: Any,
            average_decay: float = 0.9999,
            num_updates: Any = None,
            sequential_update: bool = True,
        ) -> None:
            super().__init__(use_locking=False, name="MovingAverageOptimizer")
            self._inside = opt
            self._averages = v1.train.ExponentialMovingAverage(average_decay, num_updates)
            self._sequential = sequential_update

        def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
            return self._inside.compute_gradients(*args, **kwargs)

        def apply_gradients(
            self, grads_and_vars: Any, global_step: Any = None, name: Any = None
        ) -> Any:
            pairs = list(grads_and_vars)
            step = self._inside.apply_gradients(pairs, global_step, name)
            variables = [variable for gradient, variable in pairs if gradient is not None]
            with v1.control_dependencies([step] if self._sequential else []):
                averaged = self._averages.apply(variables)
            return v1.group(step, averaged, name="train_with_avg")

    return MovingAverageOptimizer
