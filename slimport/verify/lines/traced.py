"""What a worker told of a graph: its operations, their places in the code, sketches of tensors."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Frames = tuple[tuple[str, int, str], ...]

#: Operations that stand for the same arithmetic.
_FAMILIES = {
    "AddV2": "Add",
    "BiasAdd": "Add",
    "AddN": "Add",
    "BatchMatMulV2": "MatMul",
    "BatchMatMul": "MatMul",
    "FusedBatchNorm": "FusedBatchNormV3",
    "FusedBatchNormV2": "FusedBatchNormV3",
    "RealDiv": "Div",
    "PadV2": "Pad",
    "ResizeNearestNeighbor": "Resize",
    "ResizeBilinear": "Resize",
    "ResizeBicubic": "Resize",
    "ResizeArea": "Resize",
}


@dataclass(frozen=True)
class Tensor:
    """A tensor: its shape, and its sketch where it was told.

    Attributes:
        name: Its name.
        shape: Its shape; None where nothing is known of it.
        sketch: See `sketch`; None where it was not told.
        floor: How far rounding takes its elements.
    """

    name: str
    shape: tuple[int | None, ...] | None = None
    sketch: Array | None = None
    floor: float = 0.0

    @property
    def size(self) -> int:
        """Number of elements, of a tensor that was told."""
        return int(np.prod([size or 0 for size in self.shape or ()], dtype="int64"))


@dataclass(frozen=True)
class Operation:
    """An operation of a graph.

    Attributes:
        name: Its name.
        type: TensorFlow's name of what it does.
        order: Its place in the order of the user's code.
        inputs: Names of the tensors that it takes.
        outputs: The tensors that it makes.
        site: Frames of the user's code that made it, innermost first.
        layer: The Keras operation that it is a part of, where one is known.
        attributes: Numbers, flags and texts.
        variable: Legacy name, where it is a variable.
        input: Which input of the case it is; None for others.
        value: Of a small constant.
    """

    name: str
    type: str
    order: int = 0
    inputs: tuple[str, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    site: Frames = ()
    layer: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    variable: str | None = None
    input: int | None = None
    value: Any = None

    @property
    def family(self) -> str:
        """What it does, whichever of several operations does it."""
        return _FAMILIES.get(self.type, self.type)


class Trace:
    """All operations behind a case's outputs, each after those that it takes from.

    Args:
        operations: The operations.
        outputs: Names of output tensors by output name.
    """

    def __init__(self, operations: Iterable[Operation], outputs: Mapping[str, str]) -> None:
        self.operations = {operation.name: operation for operation in operations}
        self.outputs = dict(outputs)
        self.tensors = {t.name: t for o in self.operations.values() for t in o.outputs}
        self._maker = {t.name: o for o in self.operations.values() for t in o.outputs}
        self._takers: dict[str, list[Operation]] = {}
        for operation in self.operations.values():
            for name in dict.fromkeys(operation.inputs):
                self._takers.setdefault(name, []).append(operation)
        self.dependent = self._dependent()

    def maker(self, tensor: str) -> Operation:
        """The operation that makes a tensor."""
        return self._maker[tensor]

    def takers(self, tensor: str) -> list[Operation]:
        """The operations that take a tensor, in the order of the user's code."""
        return sorted(self._takers.get(tensor, ()), key=lambda operation: operation.order)

    def _dependent(self) -> frozenset[str]:
        """Tensors that depend on the case's inputs; all others hang on variables and constants."""
        found: set[str] = set()
        for operation in self.operations.values():
            if operation.input is not None or any(name in found for name in operation.inputs):
                found.update(tensor.name for tensor in operation.outputs)
        return frozenset(found)

    def data(self, operation: Operation) -> list[str]:
        """Inputs of an operation that depend on the case's inputs."""
        return [name for name in operation.inputs if name in self.dependent]

    @functools.cached_property
    def _variables(self) -> dict[str, frozenset[str]]:
        """Variables by tensor that hangs on variables and constants alone."""
        found: dict[str, frozenset[str]] = {}
        for operation in self.operations.values():
            own = {operation.variable} if operation.variable is not None else set()
            taken = own.union(*(found.get(name, frozenset()) for name in operation.inputs))
            for tensor in operation.outputs:
                if tensor.name not in self.dependent:
                    found[tensor.name] = frozenset(taken)
        return found

    def variables(self, operation: Operation) -> frozenset[str]:
        """Legacy names of the variables that an operation takes beside its data."""
        none: frozenset[str] = frozenset()
        return none.union(*(self._variables.get(name, none) for name in operation.inputs))

    def beside(self, operation: Operation) -> list[Operation]:
        """Operations that make what an operation takes beside its data: constants, sums of them."""
        found: dict[str, Operation] = {}
        stack = [name for name in operation.inputs if name not in self.dependent]
        while stack:
            maker = self._maker.get(stack.pop())
            if maker is not None and maker.name not in found:
                found[maker.name] = maker
                stack.extend(maker.inputs)
        return list(found.values())


def read(meta: Mapping[str, Any], sketches: Array) -> Trace:
    """Makes a trace of a worker's answer."""
    told = meta["trace"]
    sites = [tuple((str(f), int(n), str(w)) for f, n, w in site) for site in told["sites"]]
    operations = [
        Operation(
            name=entry["name"],
            type=entry["type"],
            order=entry["order"],
            inputs=tuple(entry["inputs"]),
            outputs=tuple(
                _tensor(f"{entry['name']}:{place}", output, sketches)
                for place, output in enumerate(entry["outputs"])
            ),
            site=sites[entry["site"]],
            layer=entry["layer"],
            attributes=entry["attributes"],
            variable=entry.get("variable"),
            input=entry.get("input"),
            value=entry.get("value"),
        )
        for entry in told["operations"]
    ]
    return Trace(operations, dict(told["outputs"]))


def _tensor(name: str, told: Mapping[str, Any], sketches: Array) -> Tensor:
    shape = None if told["shape"] is None else tuple(told["shape"])
    if told["rows"] is None:
        return Tensor(name, shape)
    begin, end = told["rows"]
    return Tensor(name, shape, sketches[begin:end], told["floor"] or 0.0)
