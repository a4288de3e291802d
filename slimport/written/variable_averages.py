"""Moving averages that a training script keeps beside its optimizer."""

from __future__ import annotations

from typing import Any

from slimport.written.moving_average_optimizer import MovingAverageOptimizer

__all__ = ["MovingAverages"]


class MovingAverages:
    """Moving averages of variables, for `LossModel.compile`.

    ```python
    averages = MovingAverages(0.9999)
    model.compile(optimizer=..., variable_averages=averages, variables_to_average=variables)
    model.fit(...)  # checkpoints hold `<variable>/ExponentialMovingAverage`
    model.optimizer.swap()  # the averages are the model's weights now
    ```

    Each step moves them after it has updated the variables. TensorFlow 1 left the order open where
    `apply` stood beside the update in one `tf.group`: an average could lag one step behind.

    Args:
        decay: The share of an average that stays.
        num_updates: Whether the decay begins low and is at most `(1 + n) / (10 + n)` after `n`
            steps, which is what `num_updates=global_step` meant.
    """

    def __init__(self, decay: float, num_updates: bool = True) -> None:
        self._decay = decay
        self._num_updates = num_updates

    def around(self, optimizer: Any, variables: Any) -> MovingAverageOptimizer:
        """Returns an optimizer that takes the steps of another, and then moves the averages."""
        return MovingAverageOptimizer(optimizer, self._decay, self._num_updates, list(variables))
