"""What was measured, as tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.models import rows

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def lines(found: dict[str, Any]) -> str:
    """One network, for the terminal."""
    text = []
    for name, forms in found["ratios"].items():
        for form, by in forms.items():
            clock, used = by["seconds"], by["processor"]
            text.append(
                f"  {name:16} {form:11} {_spread(clock)}  processor {_spread(used)}  "
                f"{1000 * clock['seconds'][0]:.1f} ms / {1000 * clock['seconds'][1]:.1f} ms, "
                f"{clock['rounds']} rounds"
            )
    for name in ("built", "prepared"):
        for form, by in found.get(name, {}).items():
            times = " + ".join(f"{seconds:.2f}" for seconds in by["processor"].values())
            text.append(f"  {name:10} {form:11} {times} s of processors")
    for name, peaks in found["peaks"].items():
        each = ", ".join(f"{form} {size / 2**20:.0f} MiB" for form, size in peaks.items())
        text.append(f"  peak {name}: {each}")
    text.append(f"  differences {found['differences']} {found.get('step_differences')}")
    text.append(f"  traces {found['traces']} failures {found['failures']}")
    return "\n".join(text)


def tables(found: Sequence[dict[str, Any]]) -> str:
    """All networks, in the order of the rows."""
    order = [row.name for row in rows.ROWS]
    found = sorted(found, key=lambda one: order.index(one["name"]))
    head = (
        "| network | latency, batch 1 | throughput, batch 8 | training step |\n|---|---|---|---|\n"
    )
    return head + "".join(_line(one) for one in found)


def write(text: str, page: Path) -> None:
    """Puts the tables between their marks on a page."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")


def _line(found: dict[str, Any]) -> str:
    ratios = found["ratios"]
    cells = [
        _spread(ratios[name]["functional"]["seconds"]) if name in ratios else ""
        for name in ("latency", "batch", "step")
    ]
    return "| " + " | ".join([found["name"], *cells]) + " |\n"


def _spread(ratio: dict[str, Any]) -> str:
    return f"{ratio['median']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})"
