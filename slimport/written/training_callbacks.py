# mypy: allow-subclassing-any
"""Callbacks of `fit` for what slim's training loop did beside training."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from slimport.written.model_saver import ModelSaver
from slimport.written.replicas import share_chief_values
from slimport.written.scalar_events import write_scalar

__all__ = ["Checkpoints", "LogLoss", "StopAtStep", "Summaries"]


class Checkpoints(keras.callbacks.Callback):
    """Saves while a model trains, and goes on from the last checkpoint when it trains again.

    Checkpoints are those of `ModelSaver`: of TF 1's format, under its names. Of several workers
    the chief saves, and all go on from its values.

    Args:
        logdir: Folder of the checkpoints; `None` saves nothing.
        init_fn: Called with `None` at the start, where there is no checkpoint yet.
        save_interval_secs: Seconds between checkpoints. One more is saved at the end.
        max_to_keep: How many of the last checkpoints are kept; 0 or `None` keeps all.
        keep_checkpoint_every_n_hours: How often one stays beside these.
    """

    def __init__(
        self,
        logdir: str | None,
        init_fn: Callable[[Any], None] | None = None,
        save_interval_secs: float = 600,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000,
    ) -> None:
        super().__init__()
        self._logdir = logdir
        self._init_fn = init_fn
        self._interval = save_interval_secs
        self._max_to_keep = max_to_keep
        self._hours = keep_checkpoint_every_n_hours
        self._saver: Any = None
        self._saved_at = 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        """Restores the last checkpoint, or calls `init_fn`."""
        self._saver = ModelSaver(self.model, self._max_to_keep, self._hours)
        state = tf.train.get_checkpoint_state(self._logdir) if self._logdir else None
        if state is not None:
            self._saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
            self._saver.restore(state.model_checkpoint_path)
        elif self._init_fn is not None:
            self._init_fn(None)
        share_chief_values(self.model)
        self._saved_at = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Saves if it is time to."""
        if time.monotonic() - self._saved_at >= self._interval:
            self._save()

    def on_train_end(self, logs: Any = None) -> None:
        """Saves the last step."""
        self._save()

    def _save(self) -> None:
        self._saved_at = time.monotonic()
        if self._logdir and self.model.distribute_strategy.extended.should_checkpoint:
            path = f"{self._logdir.rstrip('/')}/model.ckpt"
            self._saver.save(path, _steps_taken(self.model))


class StopAtStep(keras.callbacks.Callback):
    """Ends `fit` once the optimizer has made so many steps, those of earlier runs included.

    Args:
        number_of_steps: The last step; `None` for no end.
    """

    def __init__(self, number_of_steps: int | None) -> None:
        super().__init__()
        self._number_of_steps = number_of_steps

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stops at the last step."""
        last = self._number_of_steps
        if last is not None and _steps_taken(self.model) >= last:
            self.model.stop_training = True


class LogLoss(keras.callbacks.ProgbarLogger):
    """Logs the loss of a step and the seconds it took; keeps the last one.

    The loss is that of the step, also where Keras would show the mean of those so far. It is
    Keras' progress bar, too, with the loss and the model's metrics alone: a step may log more.

    Args:
        log_every_n_steps: How often; 0 for never.

    Attributes:
        loss: The loss of the last step, `None` before the first.

    Raises:
        FloatingPointError: If a loss is infinite or not a number.
    """

    def __init__(self, log_every_n_steps: int = 1) -> None:
        super().__init__()
        self._every = log_every_n_steps
        self._begun = 0.0
        self.loss: float | None = None

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Starts the clock, and the mean anew."""
        self.model.reset_metrics()
        self._begun = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Logs the step."""
        super().on_train_batch_end(batch, self._shown(logs))
        self.loss = float((logs or {})["loss"])
        step = _steps_taken(self.model)
        if not math.isfinite(self.loss):
            raise FloatingPointError(f"The loss of step {step} is {self.loss}.")
        if self._every and step % self._every == 0:
            seconds = time.monotonic() - self._begun
            tf.compat.v1.logging.info(
                "global step %d: loss = %.4f (%.3f sec/step)", step, self.loss, seconds
            )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Ends the bar."""
        super().on_epoch_end(epoch, self._shown(logs))

    def _shown(self, logs: Any) -> dict[str, Any]:
        names = {"loss", *(metric.name for metric in self.model.metrics)}
        return {name: value for name, value in (logs or {}).items() if name in names}


class Summaries(keras.callbacks.Callback):
    """Writes summaries to event files, for TensorBoard, as often as slim's loop did.

    These are the summaries that the function of a `LossModel` makes on the batch of the step: it
    runs once more for them, with the weights after the step, and leaves no trace of that in the
    model. Of other models they are what the step logs. `global_step/sec` is how fast steps are.

    Args:
        logdir: Folder of the event files; `None` writes nothing.
        save_summaries_secs: Seconds between two steps that are written; the first is, too.
        loss: The tag of the loss, where that is no summary of the function; `None` for none.
        learning_rate: The tag of the optimizer's learning rate; `None` for none.
    """

    def __init__(
        self,
        logdir: str | None,
        save_summaries_secs: float = 600,
        loss: str | None = None,
        learning_rate: str | None = None,
    ) -> None:
        super().__init__()
        self._logdir = logdir
        self._interval = save_summaries_secs
        self._loss = loss
        self._learning_rate = learning_rate
        self._writer: Any = None
        self._written_at = -math.inf
        self._written_step = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Opens an event file."""
        self._written_at = -math.inf
        if not self._logdir:
            return
        if self.model.distribute_strategy.extended.should_save_summary:
            self._writer = tf.summary.create_file_writer(self._logdir)
        if self._is_asked and not self.model.keeps_batch:
            self.model.keeps_batch = True
            self.model.make_train_function(force=True)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Writes a step, if it is time to."""
        since = time.monotonic() - self._written_at
        if self._writer is None or since < self._interval:
            return
        step = _steps_taken(self.model)
        text = self.model.summaries() if self._is_asked else b""
        with self._writer.as_default(step):
            if text:
                tf.summary.experimental.write_raw_pb(text)
            for tag, value in self._numbers(logs or {}):
                write_scalar(tag, value)
            if 0 < since < math.inf:
                write_scalar("global_step/sec", (step - self._written_step) / since)
        self._writer.flush()
        self._written_at, self._written_step = time.monotonic(), step

    @property
    def _is_asked(self) -> bool:
        """Whether the model makes summaries where it is asked for them, as a `LossModel` does."""
        return hasattr(self.model, "summaries")

    def _numbers(self, logs: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """What is written beside the function's summaries, by tag."""
        if self._loss is not None:
            yield self._loss, logs["loss"]
        if self._learning_rate is not None:
            yield self._learning_rate, self.model.optimizer.learning_rate
        if not self._is_asked:
            yield from ((name, value) for name, value in logs.items() if name != "loss")

    def on_train_end(self, logs: Any = None) -> None:
        """Closes the event file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _steps_taken(model: Any) -> int:
    """The steps that were taken; `int()` does not take a variable of several replicas."""
    return int(model.optimizer.iterations.numpy())
