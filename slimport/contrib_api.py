"""What of tf.contrib is public TensorFlow 1 under another name.

The table is written by ``tools/make_contrib_table.py``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Moved:
    """Where something of tf.contrib is in TensorFlow 1.

    Attributes:
        target: dotted name under ``tf``.
        parameters: where it is a function that only calls the target: its parameters in order,
            with the target's names. None for the very same object.
        positional: how many of these are, from the first, at the same place in both.
    """

    target: str
    parameters: tuple[tuple[str, str], ...] | None = None
    positional: int = 0

    @property
    def is_same(self) -> bool:
        """Whether any call, and any use as a value, means the same."""
        pairs = self.parameters or ()
        return self.positional == len(pairs) and all(old == new for old, new in pairs)


@cache
def moved() -> dict[str, Moved]:
    """By name under ``tf.contrib``."""
    raw = _table()
    found = {name: Moved(target) for name, target in (raw["same"] | raw["constants"]).items()}
    for name, (target, pairs, positional) in raw["forwards"].items():
        found[name] = Moved(target, tuple((old, new) for old, new in pairs), positional)
    return found


def public(name: str) -> str:
    """The public name of what a module below ``tf.contrib`` defines.

    >>> public("data.python.ops.batching.map_and_batch")
    'data.map_and_batch'
    """
    deep: dict[str, str] = _table()["deep"]
    return deep.get(name, name)


def is_module(name: str) -> bool:
    """Whether ``tf.contrib.<name>`` is a module.

    >>> is_module("data"), is_module("framework.nest"), is_module("data.AUTOTUNE")
    (True, True, False)
    """
    return name in _modules()


@cache
def _modules() -> frozenset[str]:
    return frozenset(_table()["modules"])


@cache
def _table() -> dict[str, Any]:
    text = resources.files("slimport").joinpath("data", "contrib.json").read_text("utf-8")
    table: dict[str, Any] = json.loads(text)
    return table
