"""Traces of imaginary graphs: operations with the arrays that they make."""

from __future__ import annotations

from typing import Any

import numpy as np

from slimport.verify.lines.divergence import Parting, Search
from slimport.verify.lines.matching import Closeness, Matches
from slimport.verify.lines.reasons import reason
from slimport.verify.lines.traced import Operation, Tensor, Trace
from slimport.verify.workers import sketch

IMAGE = np.random.RandomState(0).normal(size=(2, 6, 6, 4)).astype("float32")


class Graph:
    """Builds a trace operation by operation; every line of it is a site."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._operations: list[Operation] = []
        self.outputs: dict[str, str] = {}
        self.values: dict[str, Any] = {}
        self._lines: dict[str, int] = {}

    def add(
        self,
        name: str,
        kind: str,
        value: Any = None,
        *inputs: str,
        line: int = 0,
        floor: float = 0.0,
        told: bool = True,
        **more: Any,
    ) -> str:
        """Adds an operation with one result; returns the tensor's name."""
        tensor = f"{name}:0"
        array = None if value is None else np.asarray(value)
        made = Tensor(
            tensor,
            None if array is None else array.shape,
            None if array is None or not told else sketch.sketch(array),
            floor,
        )
        site = ((self.file, line, "net"),) if line else ()
        order = more.pop("order", len(self._operations))
        self._operations.append(Operation(name, kind, order, inputs, (made,), site=site, **more))
        self.values[tensor] = array
        return tensor

    def image(self, value: Any = IMAGE) -> str:
        """Adds the input."""
        return self.add("image", "Placeholder", value, input=0, told=False)

    def variable(self, name: str) -> str:
        """Adds a variable."""
        return self.add(name, "VarHandleOp", None, variable=name)

    def constant(self, name: str, value: Any) -> str:
        """Adds a small constant."""
        made = (Tensor(f"{name}:0", np.shape(value)),)
        self._operations.append(Operation(name, "Const", outputs=made, value=value))
        return made[0].name

    def output(self, tensor: str, name: str = "0") -> None:
        """Makes a tensor an output."""
        self.outputs[name] = tensor

    def trace(self) -> Trace:
        """The trace."""
        return Trace(self._operations, self.outputs)


def search(new: Graph, old: Graph, base: float = 1e-5) -> Search:
    """A search in two graphs."""
    mine, theirs = new.trace(), old.trace()
    return Search(mine, theirs, Matches(mine, theirs, Closeness(base, 4.0)))


def part(new: Graph, old: Graph, output: str = "0") -> tuple[Parting, str]:
    """Where two graphs part, and why."""
    searched = search(new, old)
    found = searched.part(output)
    return found, reason(found, searched.new, searched.old, searched.matches)


def lines(found: Parting) -> tuple[int, int]:
    """Lines of the migrated and of the legacy code; 0 where there is none."""
    return (
        found.site[0][1] if found.site else 0,
        found.legacy[0][1] if found.legacy else 0,
    )
