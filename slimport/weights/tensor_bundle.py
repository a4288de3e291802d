"""The index of a checkpoint (V2): a sorted table of names, with where each tensor lies.

TensorFlow's own reader opens a checkpoint whose data are cut short or gone and fails at the first
tensor that needs them. The index says how long each data file must be, so that this is known first.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

from slimport.weights import wire
from slimport.weights.stored import Stored, dtype_name

#: The last 8 bytes of each sorted table.
MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)

#: Two places of blocks, padded, and the magic.
FOOTER = 48

#: What follows each block: its compression and its checksum.
TRAILER = 5

#: The key under which tf.train.Checkpoint keeps its graph of objects.
OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


class TableError(Exception):
    """An index that is damaged."""


@dataclass(frozen=True)
class Entry:
    """A tensor, or a part of one, and where its bytes lie."""

    stored: Stored
    shard: int
    offset: int
    length: int


@dataclass(frozen=True)
class Index:
    """What an index names: the data files' number, the tensors, the parts of divided tensors."""

    shards: int
    tensors: dict[str, Entry]
    parts: list[Entry]

    def shard_lengths(self) -> dict[int, int]:
        """Returns the least length of each data file."""
        found = dict.fromkeys(range(self.shards), 0)
        for entry in [*self.tensors.values(), *self.parts]:
            found[entry.shard] = max(found.get(entry.shard, 0), entry.offset + entry.length)
        return found


def is_table(path: Path) -> bool:
    """Tells a sorted table by its end."""
    with path.open("rb") as file:
        if file.seek(0, io.SEEK_END) < FOOTER:
            return False
        file.seek(-len(MAGIC), io.SEEK_END)
        return file.read() == MAGIC


def read_index(path: Path) -> Index:
    """Reads an index file; TableError where it is damaged."""
    data = path.read_bytes()
    try:
        return _index(list(_rows(data)))
    except (wire.WireError, struct.error, UnicodeDecodeError) as error:
        raise TableError(str(error)) from error


def _index(rows: list[tuple[bytes, bytes]]) -> Index:
    if not rows or rows[0][0] != b"":
        raise TableError("it has no header")
    shards, tensors, parts = 1, {}, []
    header = io.BytesIO(rows[0][1])
    for field in wire.fields(header, 0, len(rows[0][1])):
        if field.number == 1:
            shards = field.value
    for key, value in rows[1:]:
        if key.startswith(b"\0"):  # a part's key is binary and sorts before each name
            parts.append(_entry("", value))
        else:
            name = key.decode("utf-8")
            tensors[name] = _entry(name, value)
    return Index(shards, tensors, parts)


def _entry(name: str, value: bytes) -> Entry:
    """Reads a BundleEntryProto."""
    data = io.BytesIO(value)
    numbers = dict.fromkeys((1, 3, 4, 5), 0)
    shape: tuple[int, ...] = ()
    divided = False
    for field in wire.fields(data, 0, len(value)):
        if field.number in numbers:
            numbers[field.number] = field.value
        elif field.number == 2:
            shape = tensor_shape(data, field)
        elif field.number == 7:
            divided = True
    length = 0 if divided else numbers[5]
    return Entry(Stored(name, shape, dtype_name(numbers[1])), numbers[3], numbers[4], length)


def tensor_shape(data: BinaryIO, shape: wire.Field) -> tuple[int, ...]:
    """Reads a TensorShapeProto."""
    sizes = []
    for dim in wire.fields(data, shape.start, shape.end):
        if dim.number == 2:
            found = [f.value for f in wire.fields(data, dim.start, dim.end) if f.number == 1]
            sizes.append(wire.signed(found[-1]) if found else 0)
    return tuple(sizes)


def _rows(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields the keys and values of a sorted table."""
    if len(data) < FOOTER or not data.endswith(MAGIC):
        raise TableError("its end is missing")
    footer = io.BytesIO(data[-FOOTER:])
    for _ in range(2):  # the first handle is that of the metadata, which nobody writes
        handle = (wire.varint(footer, FOOTER), wire.varint(footer, FOOTER))
    for _, value in _block(data, *handle):
        place = io.BytesIO(value)
        yield from _block(data, *(wire.varint(place, len(value)) for _ in range(2)))


def _block(data: bytes, offset: int, length: int) -> Iterator[tuple[bytes, bytes]]:
    """Yields the rows of one block, whose keys leave out what they share with the one before."""
    block, trailer = data[offset : offset + length], data[offset + length :][:TRAILER]
    if len(block) != length or len(trailer) != TRAILER:
        raise TableError("it ends within a block")
    if unmasked(struct.unpack("<I", trailer[1:])[0]) != crc32c(block + trailer[:1]):
        raise TableError("a checksum does not match")
    if trailer[0] != 0:
        raise TableError("it is compressed")
    restarts = struct.unpack("<I", block[-4:])[0]
    end = length - 4 * (restarts + 1)
    rows, key = io.BytesIO(block), b""
    while rows.tell() < end:
        shared, own, value = (wire.varint(rows, end) for _ in range(3))
        if shared > len(key) or rows.tell() + own + value > end:
            raise TableError("a row that does not fit its block")
        key = key[:shared] + rows.read(own)
        yield key, rows.read(value)


def unmasked(checksum: int) -> int:
    """Undoes what tables do to a checksum before they store it."""
    rotated = (checksum - 0xA282EAD8) & 0xFFFFFFFF
    return ((rotated >> 17) | (rotated << 15)) & 0xFFFFFFFF


@cache
def _castagnoli() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


def crc32c(data: bytes) -> int:
    """Returns the checksum of Castagnoli's polynomial."""
    table, value = _castagnoli(), 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF
