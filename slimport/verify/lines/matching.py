"""Which tensors of one graph another graph has, too."""

from __future__ import annotations

import bisect
from dataclasses import dataclass

import numpy as np

from slimport.verify.lines.traced import Tensor, Trace
from slimport.verify.workers import sketch

#: No noise floor allows more than this share of a tensor's largest element.
CAP = 0.05


@dataclass(frozen=True)
class Closeness:
    """How near two tensors must be to count as the same.

    Attributes:
        base: Share of the largest element.
        factor: Multiple of the noise floor.
    """

    base: float = 1e-5
    factor: float = 8.0

    def allowed(self, tensor: Tensor) -> float:
        """Largest difference from a tensor of the old side."""
        assert tensor.sketch is not None
        scale = float(tensor.sketch[-3])
        return max(self.base * scale, min(self.factor * tensor.floor, CAP * scale), 1e-30)


class Matches:
    """The tensors of two traces that hold the same.

    A tensor that holds one number only, as zeros do, is found anywhere: it counts as the same where
    operations of the same kind made it of the same.

    Args:
        new: Trace of the new side.
        old: Trace of the old side.
        closeness: How near they must be.
    """

    def __init__(self, new: Trace, old: Trace, closeness: Closeness) -> None:
        self.new, self.old, self.closeness = new, old, closeness
        self._found: dict[str, list[str]] = {}
        by_size: dict[tuple[int, int], list[tuple[float, float, Tensor]]] = {}
        for tensor in old.tensors.values():
            if tensor.sketch is not None:
                key = (tensor.size, len(tensor.sketch))
                entry = (float(tensor.sketch[-3]), closeness.allowed(tensor), tensor)
                by_size.setdefault(key, []).append(entry)
        for found in by_size.values():
            found.sort(key=lambda entry: entry[0])
        self._by_size = by_size
        for operation in new.operations.values():
            for tensor in operation.outputs:
                self._found[tensor.name] = self._match(tensor)
        self._theirs = {name for names in self._found.values() for name in names}

    def of(self, tensor: str) -> list[str]:
        """Tensors of the old side that hold the same as one of the new side, same shape first."""
        return self._found.get(tensor, [])

    def has(self, tensor: str) -> bool:
        """Whether the new side has a tensor of the old side."""
        return tensor in self._theirs

    def _match(self, tensor: Tensor) -> list[str]:
        maker = self.new.maker(tensor.name)
        if maker.input is not None:
            inputs = (o for o in self.old.operations.values() if o.input == maker.input)
            return [operation.outputs[0].name for operation in inputs]
        if tensor.sketch is None:
            return []
        found = self._same(tensor)
        if is_uniform(tensor):
            found = [other for other in found if self._is_made_alike(tensor, other)]
        found.sort(key=lambda other: other.shape != tensor.shape)
        return [other.name for other in found]

    def _same(self, tensor: Tensor) -> list[Tensor]:
        """Tensors of the old side of the same size and with the same elements."""
        assert tensor.sketch is not None
        several = self._by_size.get((tensor.size, len(tensor.sketch)), [])
        largest = float(tensor.sketch[-3])
        slack = 2.0 * CAP * largest + 1e-30
        begin = bisect.bisect_left(several, largest - slack, key=lambda entry: entry[0])
        end = bisect.bisect_right(several, largest + slack, key=lambda entry: entry[0])
        return [
            other
            for size, allowed, other in several[begin:end]
            if abs(size - largest) <= allowed
            and other.sketch is not None
            and sketch.is_same(tensor.sketch, other.sketch, tensor.size, allowed)
        ]

    def _is_made_alike(self, tensor: Tensor, other: Tensor) -> bool:
        """Whether two tensors come of the same kind of operation on the same data."""
        maker, theirs = self.new.maker(tensor.name), self.old.maker(other.name)
        data = self.new.data(maker)
        if not data:
            return True
        of_data = [set(self.of(name)) for name in data]
        return maker.family == theirs.family and all(
            any(name in names for name in theirs.inputs) for names in of_data
        )


def is_uniform(tensor: Tensor) -> bool:
    """Whether a tensor holds one number only, at the places that were kept of it."""
    assert tensor.sketch is not None
    elements = sketch.elements(tensor.sketch)
    return elements.size == 0 or bool(np.all(elements == elements[0]))
