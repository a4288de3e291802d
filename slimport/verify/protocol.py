"""What the orchestrator and the two workers say to each other, and how.

A worker is a script: ``python WORKER REQUEST.json``. The request names a source tree, a folder for
the answers and a list of cases. For each case the worker writes ``case-N/<mode>.npz`` (the arrays)
and, last of all, ``case-N/meta.json``, so that a case without that file is one that did not end.
Any program that answers so can stand on either side.

This module runs under CPython 3.7 with nothing but numpy.
"""

# This file runs under CPython 3.7.
# ruff: noqa: UP035

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator

import numpy as np

from slimport.verify.workers import magnitudes, perturbations

PROTOCOL_VERSION = 1

ENVIRONMENT_FILE = "environment.json"
META_FILE = "meta.json"

INFERENCE = "inference"
TRAINING = "training"
#: The migrated model built for training and then called with ``training=False``.
INFERENCE_FROM_TRAINING = "inference_from_training"
#: The migrated code in a TensorFlow 1 graph, under a session.
GRAPH_INFERENCE = "graph_inference"
GRAPH_TRAINING = "graph_training"

#: A program that trains, step by step: where it was, in fit, and in a TensorFlow 1 graph.
STEPS = "steps"
GRAPH_STEPS = "graph_steps"
STEP_MODES = (STEPS, GRAPH_STEPS)

#: Modes that build for training, run so, and report updates, regularisation and gradients.
TRAINING_MODES = (TRAINING, GRAPH_TRAINING)

OUTPUT = "output"
UPDATE = "update"
REGULARISATION = "regularisation"
GRADIENT = "gradient"
#: The same gradient, of each input of floating point numbers.
INPUT = "input gradient"
#: What a variable begins with where nobody gives it a value: a constant, or numbers drawn anew.
INITIAL = "initial"

#: Groups of a training case beside the gradients of its first step: the loss before each step,
#: the learning rate of each step, and what is held after it: trained variables, other variables
#: of the model, slots of optimizers, moving averages of variables, and what counts steps.
LOSS = "loss"
RATE = "learning rate"
WEIGHT = "weight"
STATISTIC = "statistic"
SLOT = "slot"
AVERAGE = "average"
COUNTER = "counter"
#: In the order in which one step makes them.
TRAINING_GROUPS = (LOSS, GRADIENT, RATE, SLOT, WEIGHT, STATISTIC, AVERAGE, COUNTER)

#: Name of the only output of an entry that returns a bare tensor.
SINGLE_OUTPUT = "output"


def flatten(structure: Any, is_leaf: Callable[[Any], bool]) -> Iterator[tuple[str, Any]]:
    """Walks a nested structure and names its leaves by the way to them.

    Args:
        structure: Tensors in tuples, lists, mappings, named tuples, dataclasses, in any nesting.
        is_leaf: Tells which objects are not to be opened.

    Yields:
        Pairs such as ``("1/Mixed_3b", tensor)``, in the order in which they are met. A bare leaf
        is called ``output``.
    """
    if is_leaf(structure) or children(structure) is None:
        yield SINGLE_OUTPUT, structure
        return
    met: Counter[str] = Counter()
    for name, leaf in _walk(structure, "", is_leaf):
        met[name] += 1  # {"a": {"b": x}, "a/b": y}
        yield (name if met[name] == 1 else f"{name} ({met[name]})"), leaf


def _walk(structure: Any, prefix: str, is_leaf: Callable[[Any], bool]) -> Iterator[tuple[str, Any]]:
    parts = None if is_leaf(structure) else children(structure)
    if parts is None:
        yield prefix, structure
        return
    for key, value in parts:
        yield from _walk(value, prefix + "/" + key if prefix else key, is_leaf)


def children(structure: Any) -> list[tuple[str, Any]] | None:
    """Returns the named parts of a container, or None for anything that is not one."""
    if isinstance(structure, dict) or (hasattr(structure, "items") and hasattr(structure, "keys")):
        return [(str(key), value) for key, value in structure.items()]
    names = getattr(structure, "_fields", None)
    if names is not None and isinstance(structure, tuple):
        return [(name, getattr(structure, name)) for name in names]
    if isinstance(structure, (list, tuple)):
        return [(str(index), value) for index, value in enumerate(structure)]
    fields = getattr(type(structure), "__dataclass_fields__", None)
    if fields is not None:
        return [(name, getattr(structure, name)) for name in fields]
    return None


def input_name(spec: Any, index: int) -> str:
    """Returns the name under which the gradient of an input is compared."""
    return spec.get("name") or f"input {index + 1}"


def numeric(value: Any) -> np.ndarray[Any, Any] | None:
    """Returns a Python number or numpy array as an array, None for what is not numeric."""
    if not isinstance(value, (bool, int, float, np.ndarray, np.generic)):
        return None
    array = np.asarray(value)
    return array if array.dtype.kind in "biufc" else None


def literal(value: Any) -> Any:
    """Returns the JSON form under which an output that is no tensor is compared.

    Strings and None compare by value; any other object by the name of its class, since its text
    may hold addresses.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")  # no two values become one
    return "<" + type(value).__name__ + ">"


def is_opaque(found: Any) -> bool:
    """Tells whether a literal stands for an object of which only the class is known."""
    return isinstance(found, str) and found.startswith("<") and found.endswith(">")


def completed(meta: Any, arrays: dict[str, Any]) -> dict[str, Any]:
    """Returns the description of a mode with all that a worker may leave out.

    Raises:
        KeyError: It names an array that is not there, or leaves out what has no default.
        ValueError: It describes one tensor or variable twice: only one of both would be compared.
    """
    found = {**Answer("").meta, **meta}
    found["tensors"] = [
        {**_defaults(entry, place, arrays), **entry} for place, entry in enumerate(found["tensors"])
    ]
    _refuse_doubles(("variable", entry["name"], None) for entry in found["variables"])
    _refuse_doubles((e["group"], e["name"], e.get("step")) for e in found["tensors"])
    return found


def _refuse_doubles(keys: Iterable[tuple[str, str, int | None]]) -> None:
    for (group, name, step), count in Counter(keys).items():
        if count > 1:
            when = "" if step is None else f" of step {step}"
            raise ValueError(f"{group} {name}{when} is in the answer {count} times")


def _defaults(entry: Any, place: int, arrays: dict[str, Any]) -> dict[str, Any]:
    if "key" not in entry:
        return {"order": place, "dtype": "literal", "shape": []}
    array = arrays[entry["key"]]
    shape = list(array.shape)
    return {"order": place, "dtype": str(array.dtype), "shape": shape, "floor": None, "floors": {}}


def _described(
    group: str, name: str, array: Any, order: int, floors: dict[str, float]
) -> dict[str, Any]:
    """The description of an array, without where it is stored."""
    return {
        "group": group,
        "name": name,
        "order": int(order),
        "dtype": str(array.dtype),
        "shape": list(array.shape),
        "floor": max(floors.values()) if floors else None,
        "floors": floors,
    }


def write_json(path: Path, data: Any) -> None:
    """Writes JSON so that the file is either absent or whole."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")  # another worker may write, too
    partial.write_text(json.dumps(data, indent=1), encoding="utf-8")
    partial.replace(path)


def read_json(path: Path) -> Any:
    """Reads a JSON file written by `write_json`."""
    return json.loads(path.read_text(encoding="utf-8"))


class Answer:
    """One mode of one case, as a worker fills it: arrays on one hand, their names on the other.

    Arrays are stored under running keys because an endpoint's name may be no valid member name
    of an archive.
    """

    def __init__(self, built: str) -> None:
        self.meta: dict[str, Any] = {
            "built": built,
            "variables": [],
            "tensors": [],
            "notes": [],
            "gradient_error": None,
            "seconds": 0.0,
        }
        self._arrays: dict[str, np.ndarray[Any, Any]] = {}

    def variable(
        self, name: str, shape: list[int], dtype: str, trainable: int, site: Any = ()
    ) -> None:
        """Records a variable by its legacy name.

        `trainable` is how often a graph lists it among those to train: twice would train it twice.
        `site` are the lines of the tree that made it, see `sites`.
        """
        listed = trainable if trainable > 1 else bool(trainable)
        self.meta["variables"].append(
            {
                "name": name,
                "shape": shape,
                "dtype": dtype,
                "trainable": listed,
                "site": list(site),
            }
        )

    def tensor(
        self,
        group: str,
        name: str,
        value: Any,
        order: int = 0,
        floors: dict[str, float] | None = None,
        **more: Any,
    ) -> None:
        """Records an array.

        Args:
            group: One of the group names above.
            name: Output name such as ``1/Mixed_3b``, or a variable's legacy name.
            value: The array. Strings (dtype object) are kept in the description.
            order: Place in build order; orders are compared within one group only.
            floors: Largest absolute change of this array under changes that touch nothing but
                rounding, by kind; see `perturbations`.
            **more: `summed`, the largest number of the sum that gave this array, where that is more
                than what the array holds. `parts`, floors of what is far below the largest number
                (see `magnitudes`), `random` where another run gives other numbers. Of a training
                case `step`, after which the array was read, and `scale`, how far it has come since
                the start.
        """
        array = np.asarray(value)
        entry = _described(group, name, array, order, floors or {})
        entry.update(more)
        if array.dtype.kind in "OSU":
            entry["literal"] = [literal(item) for item in array.ravel().tolist()]
            entry["dtype"] = "string"
        else:
            entry["key"] = f"a{len(self._arrays)}"
            self._arrays[entry["key"]] = array
        self.meta["tensors"].append(entry)

    def constant(self, name: str, value: Any, order: int = 0) -> None:
        """Records an output that is no tensor: a number as an array, the rest as a literal."""
        array = numeric(value)
        if array is None and isinstance(value, np.ndarray) and value.dtype.kind in "OSU":
            array = value
        if array is not None:
            self.tensor(OUTPUT, name, array, order)
            return
        entry = {"group": OUTPUT, "name": name, "order": order, "dtype": "literal", "shape": []}
        entry["literal"] = literal(value)
        self.meta["tensors"].append(entry)

    def add_double(self, other: Answer, keep: bool = True) -> None:
        """Takes how far the same tensors are in float64 as a noise floor.

        Args:
            other: The same answer, computed in float64.
            keep: Whether to take over its arrays as well.
        """
        doubles = {(entry["group"], entry["name"]): entry for entry in other.meta["tensors"]}
        for entry in self.meta["tensors"]:
            found = doubles.get((entry["group"], entry["name"]), {})
            if "key" not in found or "key" not in entry or entry.get("random"):
                continue
            array = other.arrays[found["key"]]
            if keep:
                entry["double_key"] = f"a{len(self._arrays)}"
                self._arrays[entry["double_key"]] = array
            unit = (
                perturbations.unit_of(entry.get("summed", 0.0)) if entry["group"] == UPDATE else 0.0
            )
            others = {perturbations.FLOAT64: [array]}
            own = self._arrays[entry["key"]]
            magnitudes.merge(entry.get("parts", []), magnitudes.measured(own, others))
            entry["floors"].update(perturbations.floors(self._arrays[entry["key"]], others, unit))
            entry["floor"] = max(entry["floors"].values(), default=None)

    @property
    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """The arrays by the keys that the description names them by."""
        return self._arrays

    def save(self, folder: Path, mode: str) -> dict[str, Any]:
        """Writes the arrays and returns the description that belongs into ``meta.json``."""
        arrays: Any = self._arrays
        np.savez(str(folder / (mode + ".npz")), **arrays)
        return self.meta
