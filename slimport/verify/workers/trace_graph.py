"""Every tensor of a graph, sketched: where two sides part can then be searched.

Works on a TensorFlow 1 graph, the legacy one or that which `model_graph` makes of a Keras model.
This module runs under CPython 3.7.
"""

# This file runs under CPython 3.7.
# ruff: noqa: UP035

from __future__ import annotations

import importlib
from typing import Any, Callable

import numpy as np

from slimport.verify import protocol
from slimport.verify.workers import sites, sketch

#: Elements fetched in one run; a run repeats what is before them.
ELEMENTS = 50_000_000
#: Elements of a constant that are told, as axes, paddings and sizes are.
CONSTANT = 32

VARIABLES = ("VariableV2", "Variable", "VarHandleOp")
#: Dead in a branch that is not taken, or in another frame of a loop.
CONTROL_FLOW = ("Switch", "RefSwitch", "Enter", "RefEnter", "Exit", "NextIteration", "LoopCond")
#: Attributes that say nothing of what is computed.
DULL = ("T", "dtype", "Tidx", "_class", "_output_shapes", "_XlaMustCompile", "shared_name")

Run = Callable[[Any], Any]


class Graph:
    """What is to be traced.

    Args:
        inputs: Tensors of the inputs, in order.
        outputs: Output tensors by name.
        site: Frames of an operation.
        order: Place of an operation in the order of the user's code.
        variable: Legacy name by the name of a variable's operation.
        layer: Name of the layer that an operation is of; empty where none is known.
    """

    def __init__(
        self,
        inputs: list[Any],
        outputs: list[Any],
        site: Callable[[Any], sites.Frames],
        order: Callable[[Any], int],
        variable: dict[str, str],
        layer: Callable[[Any], str] = lambda operation: "",
    ) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.site, self.order, self.layer = site, order, layer
        self.variable = variable


def trace(graph: Graph, runs: list[Run], answer: protocol.Answer) -> None:
    """Describes every operation behind the outputs, and sketches what it computes.

    Args:
        graph: The graph.
        runs: Each fetches a list of tensors: the first with the shared values, any others with
            values one ulp away, from which floors are taken.
        answer: Gets the description as ``trace`` and the sketches as an array of that group.
    """
    operations = _behind([tensor for _, tensor in graph.outputs])
    fetched = [t for operation in operations for t in operation.outputs if _is_told(t)]
    told = _sketched(fetched, runs)
    kept = [item.sketch for item in told.values()]
    starts = np.append(0, np.cumsum([len(item) for item in kept])).tolist()
    rows = {name: [starts[k], starts[k + 1]] for k, name in enumerate(told)}
    places = _Places()
    inputs = {tensor.op.name: place for place, tensor in enumerate(graph.inputs)}
    described = []
    for operation in operations:
        entry = _described(operation, graph, places)
        entry["outputs"] = [_output(t, rows, told) for t in operation.outputs]
        if operation.name in inputs:
            entry["input"] = inputs[operation.name]
        described.append(entry)
    answer.meta["trace"] = {
        "operations": described,
        "sites": places.found,
        "outputs": [[name, tensor.name] for name, tensor in graph.outputs],
    }
    answer.tensor("trace", "sketches", np.concatenate(kept) if kept else np.zeros(0))


class _Places:
    """Frames of the tree, each list of them once: a trace names them by number."""

    def __init__(self) -> None:
        self.found: list[Any] = []
        self._known: dict[Any, int] = {}

    def number(self, frames: sites.Frames) -> int:
        key = tuple(map(tuple, frames))
        if key not in self._known:
            self._known[key] = len(self.found)
            self.found.append(frames)
        return self._known[key]


def _described(operation: Any, graph: Graph, places: _Places) -> dict[str, Any]:
    """An operation without what it computes."""
    entry = {
        "name": operation.name,
        "type": operation.type,
        "order": graph.order(operation),
        "inputs": [tensor.name for tensor in operation.inputs],
        "site": places.number(graph.site(operation)),
        "layer": graph.layer(operation),
        "attributes": _attributes(operation),
    }
    if operation.name in graph.variable:
        entry["variable"] = graph.variable[operation.name]
    value = _constant(operation)
    if value is not None:
        entry["value"] = value
    return entry


def _behind(tensors: list[Any]) -> list[Any]:
    """Operations that tensors are computed by, each after those that it takes from."""
    found: dict[str, Any] = {}
    stack = [(tensor.op, False) for tensor in reversed(tensors)]
    open_: set[str] = set()
    while stack:
        operation, done = stack.pop()
        if done:
            found[operation.name] = operation
        elif operation.name not in found and operation.name not in open_:
            open_.add(operation.name)
            stack.append((operation, True))
            stack.extend((tensor.op, False) for tensor in operation.inputs)
    return list(found.values())


def _is_told(tensor: Any) -> bool:
    operation, kind = tensor.op, tensor.dtype
    if kind._is_ref_dtype or not (kind.is_floating or kind.is_integer or kind.is_bool):
        return False
    if operation.type in ("Const", "Placeholder", "ReadVariableOp", *VARIABLES, *CONTROL_FLOW):
        return False
    inside: Any = getattr(operation, "_get_control_flow_context", lambda: None)()
    return inside is None


class _Told:
    """A tensor's sketch and shape, and how far other runs are from it."""

    def __init__(self, value: Any, others: list[Any]) -> None:
        self.sketch = sketch.sketch(value)
        self.shape = list(np.shape(value))
        same = [sketch.sketch(other) for other in others if np.shape(other) == np.shape(value)]
        self.floor = max((sketch.distance(self.sketch, other) for other in same), default=0.0)


def _sketched(tensors: list[Any], runs: list[Run]) -> dict[str, _Told]:
    """What tensors hold, by name."""
    found: dict[str, _Told] = {}
    pending = [*_parts(tensors)][::-1]
    while pending:
        part = pending.pop()
        try:
            values = [run(part) for run in runs]
        except Exception:  # a dead tensor, or one whose kernel does not run: found by halves
            if len(part) > 1:
                half = len(part) // 2
                pending += [part[half:], part[:half]]
            continue
        for tensor, value, *others in zip(part, *values):  # noqa: B905
            found[tensor.name] = _Told(value, others)
    return found


def _parts(tensors: list[Any]) -> Any:
    """Lists of tensors that fit into memory together."""
    part: list[Any] = []
    size = 0
    for tensor in tensors:
        part.append(tensor)
        size += _size(tensor)
        if size > ELEMENTS:
            yield part
            part, size = [], 0
    if part:
        yield part


def _size(tensor: Any) -> int:
    shape = tensor.get_shape()
    return int(np.prod(shape.as_list(), dtype="int64")) if shape.is_fully_defined() else 1_000_000


def _output(tensor: Any, rows: dict[str, Any], told: dict[str, _Told]) -> Any:
    found = told.get(tensor.name)
    shape = tensor.get_shape()
    static = shape.as_list() if shape.ndims is not None else None
    return {
        "dtype": tensor.dtype.base_dtype.name,
        "shape": static if found is None else found.shape,
        "rows": rows.get(tensor.name),
        "floor": None if found is None else found.floor,
    }


def _attributes(operation: Any) -> dict[str, Any]:
    """Attributes that JSON can carry: numbers, flags, texts, and lists of them."""
    found = {}
    for name in operation.node_def.attr:
        if name in DULL or name.startswith("_") or operation.type == "Const":
            continue
        try:
            value = _plain(operation.get_attr(name))
        except Exception:  # an attribute of a kind that this TensorFlow cannot read
            continue
        if value is not None:
            found[name] = value
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        items = [_plain(item) for item in value]
        return None if any(item is None for item in items) else items
    return None


def _constant(operation: Any) -> Any:
    if operation.type != "Const" or _size(operation.outputs[0]) > CONSTANT:
        return None
    if not (operation.outputs[0].dtype.is_floating or operation.outputs[0].dtype.is_integer):
        return None
    util: Any = importlib.import_module("tensorflow.python.framework.tensor_util")
    return util.MakeNdarray(operation.get_attr("value")).tolist()
