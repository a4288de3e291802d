"""Checkpoints of Keras models under TF 1's names."""

from __future__ import annotations

import time
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from slimport.written.checkpoint_shapes import checkpoint_reader
from slimport.written.legacy_state import legacy_averages, restore_legacy_state
from slimport.written.names import legacy_variables

__all__ = ["ModelSaver"]


# tensorflow/python/training/moving_averages.py names a shadow so.
_AVERAGE = "ExponentialMovingAverage"


class ModelSaver:
    """Saves and restores a compiled model, as `tf.train.Saver` did with all variables.

    Checkpoints have TF 1's format and names (`legacy_variables`), so that programs which restore
    by name read them, moving averages of a `MovingAverageOptimizer` included. The optimizer's
    state is in them as `optimizer/...`, the step as `global_step`. One file is whole before the
    next is begun: a run may be killed at any time.

    Args:
        model: The model.
        max_to_keep: How many of the last checkpoints are kept; 0 or `None` keeps all.
        keep_checkpoint_every_n_hours: How often one stays beside these.
        var_list: The variables, or a dictionary of them by their names in checkpoints: these alone
            are saved and restored. `None` for all, with the optimizer's state.
    """

    def __init__(
        self,
        model: keras.Model,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000,
        var_list: Any = None,
    ) -> None:
        self._model = model
        self._var_list = var_list
        self._max_to_keep = max_to_keep
        self._hours = keep_checkpoint_every_n_hours
        self._stays_at = time.time() + 3600 * self._hours
        self._kept: dict[str, float] = {}

    def save(self, save_path: str, global_step: Any = None) -> str:
        """Saves a checkpoint.

        Args:
            save_path: The path; its folder is made if it is not there.
            global_step: What is added to the path, behind a dash.

        Returns:
            The path of the checkpoint.
        """
        path = save_path if global_step is None else f"{save_path}-{int(global_step)}"
        folder, _, _ = path.rpartition("/")
        if folder:
            tf.io.gfile.makedirs(folder)
        variables = self._variables()
        values = [tf.convert_to_tensor(variable) for variable in variables.values()]
        if "global_step" in variables and self._var_list is None:
            steps = tf.cast(tf.convert_to_tensor(self._model.optimizer.iterations), tf.int64)
            values[list(variables).index("global_step")] = steps
        tf.raw_ops.SaveV2(
            prefix=path,
            tensor_names=list(variables),
            shape_and_slices=[""] * len(variables),
            tensors=values,
        )
        self._kept.pop(path, None)
        self._kept[path] = time.time()
        gone = list(self._kept)[: -self._max_to_keep] if self._max_to_keep else []
        saved = [(old, self._kept.pop(old)) for old in gone]
        _list_checkpoints(folder or ".", list(self._kept))
        for old, at in saved:
            self._remove(old, at)
        return path

    def restore(self, save_path: str) -> None:
        """Restores a checkpoint: also one of TF 1, with the optimizer's slots, step and averages.

        What it has of neither kind (a checkpoint of weights alone) starts anew, with a warning.

        Raises:
            ValueError: If a variable of the model is missing in it, or has another shape or dtype;
                if slots are those of another optimizer, or of a part of the variables that are
                trained; if Adam's powers are not those of the global step.
        """
        tf.compat.v1.logging.info("Restoring parameters from %s", save_path)
        variables = self._variables()
        found: set[int] = set()
        if self._var_list is None:
            own = {name for name in variables if name.startswith("optimizer/")}
            _refuse_other_optimizer(save_path, own)
            found = restore_legacy_state(self._model, save_path, own)
        _restore(save_path, {n: v for n, v in variables.items() if id(v) not in found})
        step = legacy_variables(self._model).get("global_step")
        if self._var_list is None and step is not None:
            step.assign(tf.cast(tf.convert_to_tensor(self._model.optimizer.iterations), step.dtype))

    @property
    def last_checkpoints(self) -> list[str]:
        """The paths of the checkpoints that are kept, the oldest first."""
        return list(self._kept)

    def recover_last_checkpoints(self, checkpoint_paths: list[str]) -> None:
        """Counts checkpoints of earlier runs to those that are kept.

        Args:
            checkpoint_paths: These, the oldest first.
        """
        there = [path for path in checkpoint_paths if tf.io.gfile.exists(f"{path}.index")]
        stats = {path: tf.io.gfile.stat(f"{path}.index") for path in there}
        self._kept = {path: stat.mtime_nsec / 1e9 for path, stat in stats.items()}

    def _remove(self, path: str, saved_at: float) -> None:
        """Removes a checkpoint, or lets it stay: tensorflow/python/training/saver.py."""
        if saved_at > self._stays_at:
            self._stays_at += 3600 * self._hours
        else:
            tf.compat.v1.train.remove_checkpoint(path)

    def _variables(self) -> dict[str, Any]:
        named = legacy_variables(self._model)
        if isinstance(self._var_list, dict):
            return dict(self._var_list)
        if self._var_list is not None:
            listed = {id(variable) for variable in self._var_list}
            return {name: v for name, v in named.items() if id(v) in listed}
        optimizer = self._model.optimizer
        if not optimizer.built:
            with self._model.distribute_strategy.scope():
                optimizer.build(self._model.trainable_variables)
        return {**named, **_slots(optimizer, named), "global_step": optimizer.iterations}


def _list_checkpoints(folder: str, paths: list[str]) -> None:
    """Writes the list that TensorFlow reads: names, so that a folder may be moved."""
    names = [path.rpartition("/")[2] for path in paths]
    lines = [f'model_checkpoint_path: "{names[-1]}"']
    lines += [f'all_model_checkpoint_paths: "{name}"' for name in names]
    whole, begun = f"{folder}/checkpoint", f"{folder}/checkpoint.tmp"
    with tf.io.gfile.GFile(begun, "w") as out:
        out.write("\n".join(lines) + "\n")
    tf.io.gfile.rename(begun, whole, overwrite=True)


def _slots(optimizer: Any, named: dict[str, Any]) -> dict[str, Any]:
    """The optimizer's state by the legacy names of the variables that it belongs to.

    Keras calls a slot by the path of its variable, and numbers models and optimizers as they come.
    Where two paths become one name, the slots come in the order of the variables.
    """
    owners = {id(variable): name for name, variable in named.items()}
    stems: dict[str, list[str]] = {}
    for variable in optimizer._trainable_variables:
        stems.setdefault(f"{variable.path.replace('/', '_')}_", []).append(owners[id(variable)])
    averages = {id(v): name for name, v in legacy_averages(optimizer, named).items()}
    found = {}
    for variable in (v for v in optimizer.variables if id(v) not in owners):
        known = [stem for stem in stems if variable.name.startswith(stem)]
        if id(variable) in averages:
            found[f"{averages[id(variable)]}/{_AVERAGE}"] = variable
        elif known:
            stem = max(known, key=len)
            paths = [f"optimizer/{n}/{variable.name.removeprefix(stem)}" for n in stems[stem]]
            found[next(path for path in paths if path not in found)] = variable
        elif variable is not optimizer.iterations and variable.name != "learning_rate":
            found[f"optimizer/{variable.name}"] = variable
    return found


def _refuse_other_optimizer(path: str, own: set[str]) -> None:
    """Raises a ValueError if Keras' state is there, but not that of this optimizer."""
    names = checkpoint_reader(path).get_variable_to_shape_map().keys()
    owners = {name.rpartition("/")[0] for name in own}
    there = {name for name in names if name.rpartition("/")[0] in owners}
    if own & names and own != there:
        others = ", ".join(sorted(own ^ there))
        raise ValueError(f"{path} has not the state of this optimizer: they differ in {others}.")


def _restore(path: str, variables: dict[str, Any]) -> None:
    reader = checkpoint_reader(path)
    shapes, anew = reader.get_variable_to_shape_map(), []
    for name, variable in variables.items():
        if name in shapes:
            value = reader.get_tensor(name)
            dtype = np.dtype(keras.backend.standardize_dtype(variable.dtype))
            there, here = (value.shape, value.dtype), (tuple(variable.shape), dtype)
            # Steps are counted in one type of whole numbers or another; nothing else is cast.
            counts = value.dtype.kind == dtype.kind == "i"
            if there[0] != here[0] or not (there[1] == here[1] or counts):
                raise ValueError(
                    f"{name} has the shape {there[0]} and dtype {there[1]} in {path}, {here[0]} "
                    f"and {here[1]} here."
                )
            variable.assign(value.astype(dtype))
        elif name.startswith("optimizer/") or name.endswith(("global_step", _AVERAGE)):
            tf.compat.v1.logging.warning("%s is not in %s: starts anew", name, path)
            anew.append(name)
        else:
            raise ValueError(f"{path} has no {name}.")
    for name in (name for name in anew if name.endswith(f"/{_AVERAGE}")):
        variables[name].assign(variables[name.removesuffix(f"/{_AVERAGE}")])
