"""What is in a file of old weights, as a table and as JSON. Knows no TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from slimport.weights.roles import Described, Role, describe
from slimport.weights.stored import Source, Stored

COLOURS = {
    Role.WEIGHT: "green",
    Role.MOVING_STATISTIC: "cyan",
    Role.SHADOW: "magenta",
    Role.SLOT: "blue",
    Role.STEP: "yellow",
    Role.OTHER: "yellow",
}

#: The space between two columns.
GAP = 2

#: Names get at least this many columns, however narrow the terminal.
NARROWEST = 24


@dataclass(frozen=True)
class Sum:
    """What the variables of a role come to; `bytes` is None if some have no fixed length."""

    variables: int
    parameters: int
    bytes: int | None


def print_inventory(source: Source, console: Console) -> None:
    """Prints a line for each variable, and the sums by role.

    On a terminal names are folded at their slashes; anywhere else each variable has one line.
    """
    described = list(describe(source.variables).values())
    console.print(Text(f"{source.kind} {source.path}"), soft_wrap=True)
    console.print()
    if console.is_terminal:
        console.print(_table(described, console.width))
    else:
        _print_lines([HEADER, *(_cells(d) for d in described)], console)
    console.print()
    _print_lines([SUMS_HEADER, *_sum_rows(sums(described))], console, right=(1, 2, 3))


def to_json(source: Source) -> dict[str, Any]:
    """Returns the variables and the sums."""
    described = describe(source.variables)
    return {
        "path": str(source.path),
        "kind": source.kind,
        "variables": [
            {
                "name": name,
                "shape": list(d.stored.shape),
                "dtype": d.stored.dtype,
                "role": d.role.value,
                "of": d.of,
            }
            for name, d in described.items()
        ],
        "roles": {
            role.value: {"variables": s.variables, "parameters": s.parameters, "bytes": s.bytes}
            for role, s in sums(described.values()).items()
        },
    }


def sums(described: Iterable[Described]) -> dict[Role, Sum]:
    """Returns count, parameters and bytes of each role that there is."""
    by_role: dict[Role, list[Stored]] = {}
    for one in described:
        by_role.setdefault(one.role, []).append(one.stored)
    return {role: _sum(by_role[role]) for role in Role if role in by_role}


def _sum(stored: Sequence[Stored]) -> Sum:
    lengths = [s.nbytes for s in stored]
    known = [length for length in lengths if length is not None]
    total = sum(known) if len(known) == len(lengths) else None
    return Sum(len(stored), sum(s.size for s in stored), total)


HEADER = ("name", "shape", "dtype", "role")
SUMS_HEADER = ("role", "variables", "parameters", "bytes")


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def _cells(one: Described) -> tuple[str, str, str, str]:
    of = f" of {one.of}" if one.of else ""
    stored = one.stored
    return stored.name, _shape(stored.shape), stored.dtype, one.role.value + of


def _table(described: Sequence[Described], width: int) -> Table:
    """Makes the names as wide as the other columns let them be."""
    rows = [(d.stored.name, *_cells(d)[1:3], d.role.value) for d in described]
    others = sum(max(len(row[i]) for row in [HEADER, *rows]) + GAP for i in (1, 2, 3))
    room = max(width - others, NARROWEST)
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("name", overflow="fold")
    for title in HEADER[1:]:
        table.add_column(title, no_wrap=True)
    for one, (_, shape, dtype, role) in zip(described, rows, strict=True):
        name = Text("\n".join(fold(one.stored.name, room)))
        if one.of is not None and not one.stored.name.startswith(f"{one.of}/"):
            name.append("\n" + "\n".join(fold(f"  of {one.of}", room)), style="dim")
        table.add_row(name, shape, dtype, Text(role, style=COLOURS[one.role]))
    return table


def fold(name: str, width: int) -> list[str]:
    """Breaks a name after slashes, and within a part only where that is longer than a line."""
    lines = [""]
    for part in name.replace("/", "/\0").split("\0"):
        if lines[-1].strip() and len(lines[-1]) + len(part) > width:
            lines.append("  ")
        while len(lines[-1]) + len(part) > width:
            room = width - len(lines[-1])
            lines[-1] += part[:room]
            part = part[room:]
            lines.append("  ")
        lines[-1] += part
    return lines


def _sum_rows(found: Mapping[Role, Sum]) -> list[tuple[str, ...]]:
    total = _total(found.values())
    rows = [*((role.value, s) for role, s in found.items()), ("all", total)]
    return [
        (title, f"{s.variables:,}", f"{s.parameters:,}", in_bytes(s.bytes)) for title, s in rows
    ]


def _total(found: Iterable[Sum]) -> Sum:
    parts = list(found)
    lengths = [s.bytes for s in parts]
    total = None if None in lengths else sum(length or 0 for length in lengths)
    return Sum(sum(s.variables for s in parts), sum(s.parameters for s in parts), total)


def in_bytes(length: int | None) -> str:
    """Returns a length as people read it."""
    if length is None:
        return "unknown"
    size = float(length)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{length} B" if unit == "B" else f"{size:.1f} {unit}"


def _print_lines(
    rows: Sequence[Sequence[str]], console: Console, right: tuple[int, ...] = ()
) -> None:
    """Prints columns that no width cuts; the last one is not padded, if it stands on the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        line = (" " * GAP).join(cells).rstrip()
        console.print(Text(line, style="bold" if number == 0 else ""), soft_wrap=True)
