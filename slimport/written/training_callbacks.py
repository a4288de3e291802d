# mypy: allow-subclassing-any
"""Callbacks of `fit` for what slim's training loop did beside training."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from slimport.written.names import legacy_variables

__all__ = ["Checkpoints", "LogLoss", "StopAtStep"]


class Checkpoints(keras.callbacks.Callback):
    """Saves while a model trains, and goes on from the last checkpoint when it trains again.

    Checkpoints have TF 1's format and names (`legacy_variables`), so that programs which restore
    by name read them. The optimizer's state is in them as `optimizer/...`, the step as
    `global_step`. One file is whole before the next is begun: a run may be killed at any time.

    Args:
        logdir: Folder of the checkpoints; `None` saves nothing.
        init_fn: Called with `None` at the start, where there is no checkpoint yet.
        save_interval_secs: Seconds between checkpoints. One more is saved at the end.
        max_to_keep: How many of the last checkpoints are kept; 0 or `None` keeps all.
    """

    def __init__(
        self,
        logdir: str | None,
        init_fn: Callable[[Any], None] | None = None,
        save_interval_secs: float = 600,
        max_to_keep: int | None = 5,
    ) -> None:
        super().__init__()
        self._logdir = logdir
        self._init_fn = init_fn
        self._interval = save_interval_secs
        self._max_to_keep = max_to_keep
        self._saved_at = 0.0
        self._kept: list[str] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Restores the last checkpoint, or calls `init_fn`."""
        optimizer = self.model.optimizer
        if not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        state = tf.train.get_checkpoint_state(self._logdir) if self._logdir else None
        if state is not None:
            self._kept = list(state.all_model_checkpoint_paths)
            tf.compat.v1.logging.info("Restoring parameters from %s", state.model_checkpoint_path)
            _restore(state.model_checkpoint_path, self._variables())
        elif self._init_fn is not None:
            self._init_fn(None)
        self._saved_at = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Saves if it is time to."""
        if time.monotonic() - self._saved_at >= self._interval:
            self._save()

    def on_train_end(self, logs: Any = None) -> None:
        """Saves the last step."""
        self._save()

    def _variables(self) -> dict[str, Any]:
        optimizer, named = self.model.optimizer, legacy_variables(self.model)
        slots = _slots(optimizer, named)
        return {"global_step": optimizer.iterations, **slots, **named}

    def _save(self) -> None:
        self._saved_at = time.monotonic()
        step = int(self.model.optimizer.iterations)
        if not self._logdir:
            return
        tf.io.gfile.makedirs(self._logdir)
        path = f"{self._logdir.rstrip('/')}/model.ckpt-{step}"
        variables = self._variables()
        values = [tf.convert_to_tensor(variable) for variable in variables.values()]
        values[list(variables).index("global_step")] = tf.constant(step, tf.int64)
        tf.raw_ops.SaveV2(
            prefix=path,
            tensor_names=list(variables),
            shape_and_slices=[""] * len(variables),
            tensors=values,
        )
        self._kept = [*(kept for kept in self._kept if kept != path), path]
        gone = self._kept[: -self._max_to_keep] if self._max_to_keep else []
        self._kept = self._kept[len(gone) :]
        _list_checkpoints(self._logdir, self._kept)
        for old in gone:
            tf.compat.v1.train.remove_checkpoint(old)


def _list_checkpoints(logdir: str, paths: list[str]) -> None:
    """Writes the list that TensorFlow reads: names, so that a folder may be moved."""
    names = [path.rpartition("/")[2] for path in paths]
    lines = [f'model_checkpoint_path: "{names[-1]}"']
    lines += [f'all_model_checkpoint_paths: "{name}"' for name in names]
    whole, begun = f"{logdir.rstrip('/')}/checkpoint", f"{logdir.rstrip('/')}/checkpoint.tmp"
    with tf.io.gfile.GFile(begun, "w") as out:
        out.write("\n".join(lines) + "\n")
    tf.io.gfile.rename(begun, whole, overwrite=True)


def _slots(optimizer: Any, named: dict[str, Any]) -> dict[str, Any]:
    """The optimizer's state by the legacy names of the variables that it belongs to.

    Keras calls a slot by the path of its variable, and numbers models and optimizers as they come.
    """
    stems = {f"{v.path.replace('/', '_')}_": name for name, v in named.items()}
    found = {}
    for variable in optimizer.variables:
        known = [stem for stem in stems if variable.name.startswith(stem)]
        if known:
            stem = max(known, key=len)
            found[f"optimizer/{stems[stem]}/{variable.name.removeprefix(stem)}"] = variable
        elif variable is not optimizer.iterations and variable.name != "learning_rate":
            found[f"optimizer/{variable.name}"] = variable
    return found


def _restore(path: str, variables: dict[str, Any]) -> None:
    """Assigns what a checkpoint holds.

    Raises:
        ValueError: If a variable of the model is missing, or has another shape.
    """
    reader = tf.train.load_checkpoint(path)
    shapes = reader.get_variable_to_shape_map()
    for name, variable in variables.items():
        if name in shapes:
            value = reader.get_tensor(name)
            if tuple(value.shape) != tuple(variable.shape):
                raise ValueError(
                    f"{name} has the shape {value.shape} in {path}, and {variable.shape} here."
                )
            variable.assign(value.astype(np.dtype(keras.backend.standardize_dtype(variable.dtype))))
        elif name.startswith("optimizer/"):  # a checkpoint of TF 1 has slots of other names
            tf.compat.v1.logging.warning("%s is not in %s: starts anew", name, path)
        else:
            raise ValueError(f"{path} has no {name}.")


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
        if last is not None and int(self.model.optimizer.iterations) >= last:
            self.model.stop_training = True


class LogLoss(keras.callbacks.Callback):
    """Logs the loss of a step and the seconds it took; keeps the last one.

    The loss is that of the step, also where Keras would show the mean of those so far.

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
        self.loss = float((logs or {})["loss"])
        step = int(self.model.optimizer.iterations)
        if not math.isfinite(self.loss):
            raise FloatingPointError(f"The loss of step {step} is {self.loss}.")
        if self._every and step % self._every == 0:
            seconds = time.monotonic() - self._begun
            tf.compat.v1.logging.info(
                "global step %d: loss = %.4f (%.3f sec/step)", step, self.loss, seconds
            )
