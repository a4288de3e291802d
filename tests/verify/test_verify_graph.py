"""What a worker fetches from a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slimport.verify.workers.graph import fetchable


@dataclass(frozen=True)
class Operation:
    name: str


@dataclass(frozen=True)
class Tensor:
    op: Operation


class Graph:
    """A graph as TensorFlow marks it: operations inside of loops cannot be fetched."""

    def is_fetchable(self, node: Any) -> bool:
        assert isinstance(node, Operation), "TensorFlow answers True for anything else"
        return not node.name.startswith("while/")


def test_updates_in_loops_are_not_run() -> None:
    outside, inside = Operation("assign"), Operation("while/assign")
    found = fetchable(Graph(), [outside, Tensor(outside), inside, Tensor(inside)])
    assert found == [outside, Tensor(outside)]
