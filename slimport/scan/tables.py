"""Tables and words that the parts of the inventory share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from slimport.scan.model import State, Use

#: As many names as a sentence has.
_NAMED = 3
_OUTCOMES = ("rewritten", "kept", "left", "ignored")
STATES = {
    State.REWRITTEN: "rewritten",
    State.PARTLY: "rewritten, with marks",
    State.MARKED: "only marked",
    State.HELD: "held back by ignore comments or --select",
    State.KEPT: "right as they are",
    State.UNTOUCHED: "without slim and TensorFlow",
    State.REFUSED: "refused",
    State.UNREAD: "notebooks not read",
}


def table_of(*columns: str, numbers: Sequence[int] = ()) -> Table:
    """An empty table, which cuts no word off in a narrow terminal.

    Args:
        columns: their headings.
        numbers: places of the columns that hold numbers.
    """
    table = Table(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False, show_edge=False)
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place in numbers else "left", overflow="fold")
    return table


def most(uses: Iterable[Use], room: int = 60) -> str:
    """The most frequent of them, as many as there is room for."""
    text = ""
    for use in list(uses)[:3]:
        longer = f"{text}{', ' if text else ''}{use.api} {use.total}"
        if text and len(longer) > room:
            break
        text = longer
    return escape(text)


def outcomes(uses: Iterable[Use]) -> str:
    """How many references are rewritten, stay right, are left, are ignored."""
    done = Counter[str]()
    for use in uses:
        done += Counter({name: getattr(use, name) for name in _OUTCOMES})
    return ", ".join(f"{done[name]} {name}" for name in _OUTCOMES if done[name])


def some(names: Sequence[str]) -> str:
    """The first few names, and how many others there are."""
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
