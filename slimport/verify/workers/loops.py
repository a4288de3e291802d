"""Steps into a program where it would begin to train.

The functions that run training loops are replaced wherever a module holds them, so that it does
not matter how a program has imported them. What takes their place records some steps and ends the
program there: code behind the loop (restoring, evaluation) would find no checkpoint.

This module runs under CPython 3.7.
"""

# This file runs under CPython 3.7.
# ruff: noqa: UP006, UP035

from __future__ import annotations

import inspect
import sys
from typing import Any, Callable, Dict

from slimport.verify.workers import worker

#: Takes the arguments of a loop by name, defaults included; returns what was recorded.
StepIn = Callable[[Dict[str, Any]], Any]


class Trained(BaseException):
    """Ends a program once its steps are recorded; no `except Exception` of it stops that."""

    def __init__(self, recorded: Any) -> None:
        super().__init__("recorded")
        self.recorded = recorded


class Replaced:
    """Stands for a loop: binds the arguments and hands them on.

    Args:
        function: The loop.
        step_in: Gets its arguments.
    """

    def __init__(self, function: Any, step_in: StepIn) -> None:
        self._signature = inspect.signature(function)
        self._step_in = step_in

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        raise Trained(self._step_in(dict(bound.arguments)))


def put_everywhere(function: Any, replacement: Any) -> None:
    """Puts a function in the place of another in every module that is loaded."""
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", {})
        for name in [name for name, value in list(names.items()) if value is function]:
            names[name] = replacement


def run_to_loop(call: Callable[[], Any], entry: str, loops: str) -> Any:
    """Calls a program and returns what was recorded where it trained.

    Raises:
        RuntimeError: It came back without training.
    """
    worker.Stage.enter("calling " + entry)
    try:
        call()
    except Trained as trained:
        return trained.recorded
    raise RuntimeError(f"{entry} came to its end without training: it called none of {loops}")
