"""Variables that became constants of a graph: frozen graphs, and SavedModels without variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from slimport.weights import graph_nodes, wire
from slimport.weights.graph_nodes import Node, Tensor
from slimport.weights.stored import SourceError, Stored, bytes_of, dtype_name, is_numpy

#: Ops that hold a variable: a graph that has them is not frozen.
VARIABLE_OPS = frozenset({"Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable"})

#: What freezing leaves of reading a resource variable: an Identity of this name, or a Switch and
#: an Enter below it.
READ = re.compile(r"(^|/)ReadVariableOp(_\d+)?(/|$)")

#: Ops that take a resource variable itself.
TAKERS = frozenset(
    {"GatherV2", "Gather", "If", "StatelessIf", "While", "StatelessWhile", "PartitionedCall"}
    | {"StatefulPartitionedCall"}
)

#: A constant that nobody named is a number of the program.
UNNAMED = re.compile(r"(.*/)?Const(_\d+)?")

#: The numbers of floating-point types.
FLOATS = frozenset({1, 2, 14, 19})


@dataclass(frozen=True)
class Graph:
    """What is in one graph: the constants that were variables, and the variables that still are."""

    weights: dict[str, Tensor]
    variables: tuple[str, ...]
    constants: int


def read_graph(data: BinaryIO, start: int, end: int) -> Graph:
    """Walks a GraphDef. WireError where it is damaged."""
    constants: dict[str, Tensor] = {}
    variables: list[str] = []
    read: set[str] = set()
    taken: set[str] = set()
    for node in graph_nodes.nodes(data, start, end):
        if node.value is not None:
            constants[node.name] = node.value
        elif node.op in VARIABLE_OPS:
            variables.append(node.name)
        else:
            read.update(_read_by(node))
            taken.update(_taken_by(node))
    floats = {n for n in taken & constants.keys() if constants[n].dtype in FLOATS}
    names = sorted((read & constants.keys()) | floats)
    return Graph({name: constants[name] for name in names}, tuple(variables), len(constants))


def _tensors(node: Node) -> list[str]:
    return [name.removesuffix(":0") for name in node.inputs if not name.startswith("^")]


def _read_by(node: Node) -> list[str]:
    """Returns the input of a node that freezing made of the reading of a variable."""
    inputs = _tensors(node)[:1]
    if node.op == "Identity" and inputs and node.name == f"{inputs[0]}/read":
        return inputs
    reads = node.op in ("Identity", "Switch", "Enter") and READ.search(node.name)
    return inputs if reads else []


def _taken_by(node: Node) -> list[str]:
    """Returns the inputs of a node that takes resource variables themselves."""
    if node.op not in TAKERS:
        return []
    inputs = _tensors(node)[:1] if node.op.startswith("Gather") else _tensors(node)
    own = f"{node.name}/"
    return [name for name in inputs if not (name.startswith(own) or UNNAMED.fullmatch(name))]


class GraphConstants:
    """A file whose constants were variables. Nothing of their values stays in memory."""

    def __init__(self, path: Path, kind: str, weights: dict[str, Tensor]) -> None:
        self.path = path
        self.kind = kind
        self._weights = weights
        self.variables: Mapping[str, Stored] = {
            name: Stored(name, tensor.shape, dtype_name(tensor.dtype))
            for name, tensor in weights.items()
        }

    def read(self, name: str) -> Any:
        """Reads one constant."""
        stored, tensor = self.variables[name], self._weights[name]
        try:
            with self.path.open("rb") as file:
                return _array(file, stored, tensor)
        except (OSError, ValueError, TypeError, wire.WireError) as error:
            message = f"{self.path}: the value of {name} is damaged ({_first_line(error)})."
            raise SourceError(message) from error


def _array(file: BinaryIO, stored: Stored, tensor: Tensor) -> Any:
    """Reads plain bytes right into the array; the other forms of a TensorProto are small."""
    import numpy as np

    if tensor.content is None or not is_numpy(stored.dtype):
        return _parsed(wire.content(file, tensor.proto))
    if tensor.content.length != stored.size * (bytes_of(stored.dtype) or 0):
        raise ValueError(f"{tensor.content.length} bytes for shape {list(stored.shape)}")
    file.seek(tensor.content.start)
    found = np.fromfile(file, np.dtype(stored.dtype).newbyteorder("<"), stored.size)
    if found.size != stored.size:
        raise wire.WireError("it ends within a field")
    return found.astype(stored.dtype, copy=False).reshape(stored.shape)


def _parsed(proto: bytes) -> Any:
    import tensorflow as tf
    from google.protobuf.message import DecodeError
    from tensorflow.core.framework.tensor_pb2 import TensorProto

    try:
        return tf.make_ndarray(TensorProto.FromString(proto))
    except DecodeError as error:
        raise ValueError(str(error)) from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def open_frozen_graph(path: Path) -> GraphConstants:
    """Opens a GraphDef whose variables were frozen."""
    length = path.stat().st_size
    try:
        with path.open("rb") as file:
            graph = read_graph(file, 0, length)
            last = graph_nodes.last_field(file, 0, length)
    except wire.WireError as error:
        raise SourceError(cut_off(path, error)) from error
    if last == graph_nodes.NODE:
        # Cut off between two nodes, a graph is a valid, shorter one: only its end tells.
        raise SourceError(
            f"{path} ends with a node, where TensorFlow writes the library or the version of the "
            "graph: it may be cut off, so copy it again. If it is whole, load it and write it "
            "with tf.io.write_graph(graph, folder, name, as_text=False)."
        )
    refuse_unfrozen(path, graph)
    return GraphConstants(path, "frozen graph", graph.weights)


def refuse_unfrozen(path: Path, graph: Graph) -> None:
    """Raises SourceError for a graph whose weights are elsewhere."""
    if graph.variables:
        some = ", ".join(graph.variables[:3])
        raise SourceError(
            f"{path} is a graph with {len(graph.variables)} variables ({some} ...) and without "
            "their values. Give the checkpoint, or the frozen graph."
        )
    if not graph.weights:
        raise SourceError(
            f"{path} is a graph, but none of its {graph.constants} constants can be told to have "
            "been a variable: tools that optimise a frozen graph remove the reads that tell. Give "
            "the checkpoint, or the graph as convert_variables_to_constants wrote it."
        )


def cut_off(path: Path, error: Exception) -> str:
    """Returns the message for a damaged message."""
    return f"{path} is damaged or cut off ({error}). Copy it again."
