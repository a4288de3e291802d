"""The nodes of a graph in a file, one after the other, without their values.

A frozen graph is one message of hundreds of megabytes. What is remembered of a node is its name, op
and inputs, and of a constant its dtype, its shape and where its value lies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from slimport.weights import wire
from slimport.weights.tensor_bundle import tensor_shape

# Fields of GraphDef, NodeDef, AttrValue and TensorProto.
NODE = 1
NAME, OP, INPUT, ATTRIBUTE = 1, 2, 3, 5
KEY, VALUE = 1, 2
TENSOR = 8
DTYPE, SHAPE, CONTENT = 1, 2, 4


@dataclass(frozen=True)
class Tensor:
    """The value of a constant: where its TensorProto lies, and in it the plain bytes, if any."""

    dtype: int
    shape: tuple[int, ...]
    proto: wire.Field
    content: wire.Field | None


@dataclass(frozen=True)
class Node:
    """A node of a graph; `value` is that of a constant."""

    name: str
    op: str
    inputs: tuple[str, ...]
    value: Tensor | None


def nodes(data: BinaryIO, start: int, end: int) -> Iterator[Node]:
    """Yields the nodes of the GraphDef between two places."""
    for field in wire.fields(data, start, end):
        if field.number == NODE and field.kind == wire.BYTES:
            yield _node(data, field)


def last_field(data: BinaryIO, start: int, end: int) -> int | None:
    """Returns the number of a message's last field."""
    number = None
    for field in wire.fields(data, start, end):
        number = field.number
    return number


def _node(data: BinaryIO, node: wire.Field) -> Node:
    name = op = ""
    inputs, value = [], None
    for field in wire.fields(data, node.start, node.end):
        if field.number == NAME:
            name = wire.text(data, field)
        elif field.number == OP:
            op = wire.text(data, field)
        elif field.number == INPUT:
            inputs.append(wire.text(data, field))
        elif field.number == ATTRIBUTE and op == "Const":  # attributes come after the op
            value = _value(data, field) or value
    if not name or not op:
        raise wire.WireError("a node without a name or an op")
    return Node(name, op, tuple(inputs), value)


def _value(data: BinaryIO, attribute: wire.Field) -> Tensor | None:
    """Returns the tensor of an attribute called `value`."""
    key = ""
    for field in wire.fields(data, attribute.start, attribute.end):
        if field.number == KEY:
            key = wire.text(data, field)
        elif field.number == VALUE and key == "value":
            for inner in wire.fields(data, field.start, field.end):
                if inner.number == TENSOR:
                    return _tensor(data, inner)
    return None


def _tensor(data: BinaryIO, proto: wire.Field) -> Tensor:
    dtype, content = 0, None
    shape: tuple[int, ...] = ()
    for field in wire.fields(data, proto.start, proto.end):
        if field.number == DTYPE:
            dtype = field.value
        elif field.number == SHAPE:
            shape = tensor_shape(data, field)
        elif field.number == CONTENT:
            content = field
    return Tensor(dtype, shape, proto, content)
