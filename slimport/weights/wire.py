"""Walks protocol buffers inside a file: lengths and places of fields, nothing is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

#: Longest field that is taken for a name, an op, an input: a longer one is no such thing.
LONGEST_TEXT = 1 << 16


class WireError(Exception):
    """Bytes that are no protocol buffer, or end before they should."""


@dataclass(frozen=True)
class Field:
    """A field: its number and wire type; `value` of a varint, or the place of its bytes."""

    number: int
    kind: int
    value: int
    start: int
    end: int

    @property
    def length(self) -> int:
        """The number of its bytes."""
        return self.end - self.start


def varint(data: BinaryIO, end: int) -> int:
    """Reads a number of 7 bits a byte that must end before `end`."""
    found = shift = 0
    while shift < 70:
        byte = data.read(1)
        if not byte or data.tell() > end:
            raise WireError("it ends within a number")
        found |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return found & 0xFFFFFFFFFFFFFFFF
        shift += 7
    raise WireError("a number of more than 10 bytes")


def fields(data: BinaryIO, start: int, end: int) -> Iterator[Field]:
    """Yields the fields of the message between two places; the reader may move in between."""
    place = start
    while place < end:
        data.seek(place)
        tag = varint(data, end)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise WireError("a field without a number")
        value = 0
        if kind == VARINT:
            value = varint(data, end)
            begin = place = data.tell()
        elif kind == BYTES:
            length = varint(data, end)
            begin = data.tell()
            place = begin + length
        elif kind in (FIXED32, FIXED64):
            begin = data.tell()
            place = begin + (4 if kind == FIXED32 else 8)
        else:
            raise WireError(f"a field of wire type {kind}")
        if place > end:
            raise WireError("it ends within a field")
        yield Field(number, kind, value, begin, place)


def content(data: BinaryIO, field: Field) -> bytes:
    """Reads a field's bytes."""
    data.seek(field.start)
    found = data.read(field.length)
    if len(found) != field.length:
        raise WireError("it ends within a field")
    return found


def text(data: BinaryIO, field: Field) -> str:
    """Reads a field that is a name."""
    if field.kind != BYTES or field.length > LONGEST_TEXT:
        raise WireError("a name that is none")
    try:
        return content(data, field).decode("utf-8")
    except UnicodeDecodeError as error:
        raise WireError("a name that is no UTF-8") from error


def signed(value: int) -> int:
    """Returns a varint as the int64 that it stands for."""
    return value - (1 << 64) if value >= 1 << 63 else value
