"""TensorFlow 1's public symbols: which TF 2 has as they were, renamed, changed, or not at all.

The table is written by ``tools/make_tf1_symbols.py``.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

# Modules of TensorFlow 1.15 that the table has no symbols below: Keras, and what it belongs to.
_UNLISTED_MODULES = frozenset(
    """
    compat compat.v2 core estimator estimator.export estimator.inputs keras keras.activations
    keras.applications keras.backend keras.callbacks keras.constraints keras.datasets
    keras.initializers keras.layers keras.losses keras.metrics keras.models keras.optimizers
    keras.preprocessing keras.regularizers keras.utils layers nn.rnn_cell python
    """.split()
)


@cache
def symbols() -> dict[str, dict[str, str]]:
    """Symbols by what became of them: ``same``, ``renamed`` (to what), ``changed``, ``gone``."""
    table = _table()
    return {
        "same": dict.fromkeys(table["same"], ""),
        "renamed": table["renamed"],
        "changed": dict.fromkeys(table["changed"], ""),
        "gone": dict.fromkeys(table["gone"], ""),
    }


@cache
def only_in_tf2() -> frozenset[str]:
    """Names under which TensorFlow 1 had nothing."""
    return frozenset(_table()["new"])


@cache
def _table() -> dict[str, Any]:
    text = resources.files("slimport").joinpath("data", "tf1_symbols.json").read_text("utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


def is_module(name: str) -> bool:
    """Whether ``tf.<name>`` is a module: symbols are below it and it is none itself.

    >>> is_module("image"), is_module("summary.image"), is_module("saved_model.builder")
    (True, False, True)
    """
    return name in _modules()


@cache
def _modules() -> frozenset[str]:
    names = [name for kind in symbols().values() for name in kind]
    owners = {name.rpartition(".")[0] for name in names}
    above = {
        owner.rsplit(".", depth)[0] for owner in owners for depth in range(owner.count(".") + 1)
    }
    return frozenset((above | _UNLISTED_MODULES) - set(names) - {""})
