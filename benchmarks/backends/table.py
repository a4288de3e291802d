"""The table of docs/backends.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "docs" / "backends.md"
START, END = "<!-- table: benchmarks/backends -->\n", "<!-- end of table -->\n"

#: What counts as equal: this share of a tensor's maximum, or so many times the floor.
LIMITS = {"inference": 1e-5, "loss": 1e-5, "moving": 1e-4, "after": 1e-3}
TIMES_FLOOR = 4

HEAD = (
    "| network | backend | outputs | moving averages | weights after a step | TensorFlow's own |\n"
    "|---|---|---|---|---|---|\n"
)


def write(results: dict[str, Any], names: list[str], to_page: bool) -> None:
    """Prints the table, and puts it into the page if asked to."""
    text = HEAD + "".join(line for n in names if n in results for line in lines(n, results[n]))
    print(text)
    if to_page:
        page = PAGE.read_text("utf-8")
        head, tail = page.split(START)[0], page.split(END)[1]
        PAGE.write_text(f"{head}{START}\n{text}\n{END}{tail}", "utf-8")


def lines(name: str, result: dict[str, Any]) -> list[str]:
    """One line for each backend that was tried, or one that says what stops them all."""
    if result.get("stopped"):
        return [f"| {name} | none | {stop(result['stopped'])} ||||\n"]
    found = []
    for backend in ("torch", "jax"):
        other = result.get(backend)
        if other is None:
            continue
        if other.get("stopped"):
            found.append(f"| {name} | {backend} | {stop(other['stopped'])} ||||\n")
            continue
        floor = result["floor"]
        cells = [
            f"{other.get(kind, 0.0):.0e}" + ("" if is_equal(kind, other, floor) else " **differs**")
            for kind in ("inference", "moving", "after")
        ]
        alike = " / ".join(f"{floor.get(k, 0.0):.0e}" for k in ("inference", "moving", "after"))
        found.append(f"| {name} | {backend} | {' | '.join(cells)} | {alike} |\n")
    return found


def is_equal(kind: str, other: dict[str, float], floor: dict[str, float]) -> bool:
    """Whether a difference is within the limit or what TensorFlow's two libraries differ by."""
    allowed = max(LIMITS[kind], TIMES_FLOOR * floor.get(kind, 0.0))
    return other.get(kind, 0.0) <= allowed


def stop(where: dict[str, Any]) -> str:
    """The place and the code that does not run on Keras' tensors."""
    return f"stops at `{where['code']}` ({where['file']}:{where['line']})"
