"""What was measured, as tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.models import rows


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
    for name, peaks in found.get("peaks", {}).items():
        each = ", ".join(f"{form} {size / 2**20:.0f} MiB" for form, size in peaks.items())
        text.append(f"  peak {name}: {each}")
    text.append(f"  differences {found['differences']} {found.get('step_differences')}")
    text.append(f"  traces {found['traces']} failures {found['failures']}")
    return "\n".join(text)


#: Kinds of runs, and how the tables call them.
SERVED = {"latency": "latency, one image", "batch": "a batch", "step": "a training step"}
FROZEN = {
    "frozen": "one image, over a session",
    "frozen, both": "over a frozen graph",
    "frozen batch": "a batch, over a session",
    "frozen batch, both": "over a frozen graph",
}
WAYS = {
    "eager": "`model(x)`",
    "predict_on_batch": "`predict_on_batch`",
    "predict": "`predict`",
}


def tables(found: Sequence[dict[str, Any]]) -> str:
    """All networks, in the order of the rows."""
    order = [row.name for row in rows.ROWS]
    found = sorted(found, key=lambda one: (order.index(one["name"]), one["size"]))
    parts = [
        "### By processor time",
        _table(found, SERVED, "processor"),
        "### By the clock",
        _table(found, SERVED, "seconds"),
        "### With frozen weights, by processor time",
        _table(found, FROZEN, "processor"),
        "### Memory, building and the first call",
        _costs(found),
        "### Called in other ways, one image, by processor time",
        _table(found, WAYS, "processor"),
    ]
    return "\n\n".join(parts)


def _table(found: Sequence[dict[str, Any]], kinds: dict[str, str], clock: str) -> str:
    text = _row("network", "form", *kinds.values()) + _row(*["---"] * (2 + len(kinds)))
    for one in found:
        kept = {kind: one["ratios"].get(kind, {}) for kind in kinds}
        for form in sorted({form for forms in kept.values() for form in forms}, key=_place):
            cells = [
                _spread(forms[form][clock]) if form in forms else "" for forms in kept.values()
            ]
            text += _row(_name(one), _FORMS[form], *cells)
    return text.rstrip()


def _costs(found: Sequence[dict[str, Any]]) -> str:
    heads = ("memory, serving", "memory, training", "build and first call", "the same, training")
    text = _row("network", "form", *heads) + _row(*["---"] * (2 + len(heads)))
    for one in found:
        for form in sorted(set(one.get("built", {})) - {"graph"}, key=_place):
            peaks = [
                _of_old(one.get("peaks", {}).get(kind, {}), form, float)
                for kind in ("serve", "step")
            ]
            built = [_of_old(one.get(kind, {}), form, _building) for kind in ("built", "prepared")]
            text += _row(_name(one), _FORMS[form], *peaks, *built)
    return text.rstrip()


def _of_old(by_form: dict[str, Any], form: str, number: Any) -> str:
    if form not in by_form or not by_form[form]:
        return ""
    return f"{number(by_form[form]) / number(by_form['graph']):.2f}"


def _building(taken: dict[str, Any]) -> float:
    return float(sum(taken["processor"].values()))


_FORMS = {
    "graph": "old graph",
    "control": "old again",
    "functional": "functional",
    "traced": "traced",
    "plain": "functional, Keras' batch norm",
}


def _name(found: dict[str, Any]) -> str:
    """A network, the size of its images, and the batches of throughput and of training."""
    return f"{found['name']}, {found['size']} px, {found['batch']} and {found['step_batch']}"


def _place(form: str) -> int:
    return list(_FORMS).index(form)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |\n"


def _spread(ratio: dict[str, Any]) -> str:
    return f"{ratio['median']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})"
