"""The tables of docs/export.md."""

from __future__ import annotations

from typing import Any

from benchmarks import pages

WAYS = ("frozen graph", "SavedModel", "frozen SavedModel", "TFLite")
HEAD = (
    "| network | model | off by: SavedModel, frozen, TFLite | "
    "MB: old graph, SavedModel, frozen, TFLite | time: old graph, SavedModel, frozen, TFLite | "
    "TFLite convolutions, multiplications | "
    "batch norms that the optimizer leaves |\n|---|---|---|---|---|---|---|\n"
)


def write(results: dict[str, Any], names: list[str], to_page: bool) -> None:
    """Prints the table, and puts it into the page if asked to."""
    text = HEAD + "".join(line(name, results[name]) for name in names if name in results)
    print(text)
    if to_page:
        pages.put("export.md", "export", text)


def line(name: str, found: dict[str, Any]) -> str:
    """One network."""
    off, sizes, times = found["differences"], found["sizes"], found["milliseconds"]
    lite, optimized = found["lite"], found["optimized"]
    first = times["frozen graph"]
    cells = [
        name,
        found["form"],
        f"{off['SavedModel']:.0e}, {off['frozen SavedModel']:.0e}, "
        f"{max(v for k, v in off.items() if 'Lite' in k):.0e}",
        ", ".join(f"{sizes[way] / 1e6:.1f}" for way in WAYS),
        f"{first:.0f} ms, " + ", ".join(f"{times[way] / first:.2f}" for way in WAYS[1:]),
        f"{sum(n for op, n in lite.items() if 'CONV' in op)}, {lite.get('MUL', 0)}",
        str(sum(n for op, n in optimized.items() if "BatchNorm" in op)),
    ]
    return f"| {' | '.join(cells)} |\n"
