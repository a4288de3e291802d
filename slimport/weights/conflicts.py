"""Options of `slimport weights` that would have no effect, or contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

#: What only a check asks for.
OF_CHECKS = ("old", "old_model", "old_input", "old_output", "old_python", "old_paths", "image")

#: What tells a file of a checkpoint or of Keras.
_SUFFIX = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5}|keras|h5)$")


def conflicts(given: Mapping[str, Any], of_keras: Path | None) -> Iterator[str]:
    """Yields what is wrong with a set of options.

    Args:
        given: The options by their names in Python.
        of_keras: The source, if that is a file of Keras.
    """
    if of_keras:
        for name in ("out", "ema", "scope", "partial", "verify"):
            if given[name]:
                yield f"--{name} is for files of TensorFlow 1, and {of_keras} is one of Keras"
    if not given["verify"]:
        for name in OF_CHECKS:
            if given.get(name):
                yield f"--{name.replace('_', '-').removesuffix('s')} belongs to --verify"
    if given["ema"] and given["slots"]:
        yield "--ema and --slots: slots belong to the weights, not to their averages"
    if given["scope"] and given["slots"]:
        yield "--scope and --slots: slots are found below the variables of the same name"
    if given["like"] is not None and not (given["slots"] and given["to_checkpoint"]):
        yield "--like says how --to-checkpoint names what --slots brings along"
    if (prefix := given["to_checkpoint"]) is not None and _SUFFIX.search(prefix.name):
        yield f"--to-checkpoint {prefix} takes a prefix, without the suffix of a file"
    if given["step"] is not None:
        if given["to_checkpoint"] is None:
            yield "--step belongs to --to-checkpoint"
        if given["slots"]:
            yield "--step and --slots: the step comes along with the optimizer's state"
