"""Where a tree makes what trains: optimizers, schedules, losses, averages, the step itself.

A worker that trains watches the functions that make them, and tells the frames of each call, which
lie in the tree. They name a line where no layer or variable is at fault.

This module runs under CPython 3.7 and imports neither TensorFlow nor, unless asked, Keras.
"""

# This file runs under CPython 3.7.
# ruff: noqa: UP006, UP035

from __future__ import annotations

import functools
import importlib
from typing import Any, Dict, List

from slimport.verify.workers import sites

OPTIMIZER = "optimizer"
SCHEDULE = "schedule"
LOSS = "loss"
AVERAGE = "average"
#: What puts gradients and an optimizer together: `create_train_op`, `compile`.
STEP = "step"

#: Key of an answer's description.
MADE = "made"


class _Watched:
    tree: sites.Tree | None = None
    made: Dict[str, List[sites.Frames]] = {}


def begin() -> None:
    """To be called before a program is: forgets what another one has made."""
    _Watched.made = {}


def told() -> dict[str, list[sites.Frames]]:
    """Frames of what the program has made, by kind, in order."""
    return dict(_Watched.made)


def watch_keras(tree: sites.Tree) -> None:
    """Watches Keras, in a process of its own."""
    _Watched.tree = tree
    optimizers: Any = importlib.import_module("keras.src.optimizers.base_optimizer")
    schedules: Any = importlib.import_module(
        "keras.src.optimizers.schedules.learning_rate_schedule"
    )
    trainer: Any = importlib.import_module("keras.src.trainers.trainer")
    _watch(OPTIMIZER, optimizers.BaseOptimizer, "__init__")
    _watch(STEP, trainer.Trainer, "compile")
    schedules.LearningRateSchedule.__new__ = _new_schedule
    _watch_losses()


def watch_graph(tree: sites.Tree, tf: Any) -> None:
    """Watches TensorFlow 1."""
    _Watched.tree = tree
    _watch(OPTIMIZER, tf.train.Optimizer, "__init__")
    _watch(STEP, tf.train.Optimizer, "apply_gradients")
    _watch(AVERAGE, tf.train.ExponentialMovingAverage, "__init__")
    _watch_losses()


def note_rates(rates: Any) -> None:
    """Notes where the tensors of learning rates were made."""
    for rate in rates:
        operation = getattr(rate, "op", None)
        if _Watched.tree is not None and operation is not None:
            _add(SCHEDULE, _Watched.tree.of_operation(operation))


def _new_schedule(kind: Any, *args: Any, **kwargs: Any) -> Any:
    del args, kwargs
    _note(SCHEDULE)
    return object.__new__(kind)


def _watch_losses() -> None:
    """Every loss comes to its collection, in a graph and while a function is traced."""
    ops: Any = importlib.import_module("tensorflow.python.framework.ops")
    add = ops.Graph.add_to_collection

    @functools.wraps(add)
    def add_to_collection(self: Any, name: Any, value: Any) -> None:
        if name == "losses":
            _note(LOSS)
        add(self, name, value)

    ops.Graph.add_to_collection = add_to_collection


def _watch(kind: str, owner: Any, name: str) -> None:
    function = getattr(owner, name)

    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        _note(kind)
        return function(*args, **kwargs)

    setattr(owner, name, watched)


def _note(kind: str) -> None:
    if _Watched.tree is not None:
        _add(kind, _Watched.tree.here(2))


def _add(kind: str, frames: sites.Frames) -> None:
    known = _Watched.made.setdefault(kind, [])
    if frames and frames not in known:
        known.append(frames)
