"""The table of docs/backends.md."""

from __future__ import annotations

from typing import Any

from benchmarks import pages

#: The columns: kinds of differences, and up to which share of a tensor's maximum they are rounding.
LIMITS = {
    "outputs float32": 1e-5,
    "averages float32": 1e-5,
    "step float64": 1e-5,
}

#: Keras takes means and products of matrices in float32 there, whatever the inputs are.
WITHOUT_FLOAT64 = ("torch",)
HEAD = (
    "| network | backend | outputs | moving averages | weights after a step in float64 |\n"
    "|---|---|---|---|---|\n"
)


def write(results: dict[str, Any], names: list[str], to_page: bool) -> None:
    """Prints the table, and puts it into the page if asked to."""
    text = HEAD + "".join(line for n in names if n in results for line in lines(n, results[n]))
    print(text)
    if to_page:
        pages.put("backends.md", "backends", text)


def lines(name: str, result: dict[str, Any]) -> list[str]:
    """One line for each backend that was tried, or one that says what stops them all."""
    if result.get("stopped"):
        return [f"| {name} | none | {stop(result['stopped'])} ||\n"]
    found = []
    for backend in ("torch", "jax"):
        other = result.get(backend)
        if other is None:
            continue
        if other.get("stopped"):
            found.append(f"| {name} | {backend} | {stop(other['stopped'])} ||\n")
            continue
        cells = [cell(other, kind, backend) for kind in LIMITS]
        found.append(f"| {name} | {backend} | {' | '.join(cells)} |\n")
    return found


def cell(other: dict[str, float], kind: str, backend: str) -> str:
    """A difference, marked if it is more than rounding."""
    if backend in WITHOUT_FLOAT64 and kind.endswith("float64"):
        return "not compared"
    if kind not in other:
        return "none"
    return f"{other[kind]:.0e}" + ("" if other[kind] <= LIMITS[kind] else " **differs**")


def stop(where: dict[str, Any]) -> str:
    """The place and the code that does not run on Keras' tensors."""
    return f"stops at `{where['code']}` ({where['file']}:{where['line']})"
