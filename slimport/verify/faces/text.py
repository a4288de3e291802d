"""The report on a terminal."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from slimport.verify.faces import cost_words, wording
from slimport.verify.faces.growth import by_steps
from slimport.verify.faces.text_failures import Failures
from slimport.verify.faces.wording import MODE_NAMES, PLACES, number
from slimport.verify.result import (
    CaseResult,
    ModeResult,
    Status,
    VerifyResult,
)

COLOURS = {
    Status.EQUAL: "green",
    Status.NOISE: "yellow",
    Status.IGNORED: "yellow",
    Status.NOTHING: "red",
}

#: Columns of a log.
WIDTH = 100
#: Below this width tables have what a verdict cannot do without; rich would drop the verdict.
_NARROW = 78
#: Numbers of a mode, and what each is in a narrow terminal.
_NUMBERS = ("tensors", "floor", "difference", "ratio", "allowed")
_FEW_NUMBERS = ("difference", "allowed")


def console_of_command() -> Console:
    """Returns the console of the command: a log has as many columns as the tables need."""
    found = Console(emoji=False)
    if not found.is_terminal and "COLUMNS" not in os.environ:
        found.width = WIDTH
    return found


def print_result(result: VerifyResult, console: Console) -> None:
    """Prints a run: a table of cases, what fails and where first, cost, and the verdict.

    In the table the numbers are those of the tensor nearest to its tolerance: its noise floor,
    its difference and what is allowed, relative to the tensor's scale, and how many times the
    floor the difference is.
    """
    for side in ("old", "new"):
        line = escape(wording.environment_line(result, side))
        console.print(f"[bold]{side}[/bold]  {line}", highlight=False)
    console.print(f"[bold]with[/bold] {wording.seeds(result)}", highlight=False)
    _print_tables(result, console)
    Failures(console).tell(result.cases)
    if any(case.cost for case in result.cases):
        console.print()
        console.print(_cost_table(result, narrow=console.width < _NARROW))
    colour = "green" if result.is_equal else "red"
    console.print(f"\n[bold {colour}]{escape(result.verdict())}[/bold {colour}]", highlight=False)


def _print_tables(result: VerifyResult, console: Console) -> None:
    console.print()
    if any(not case.steps for case in result.cases):
        console.print(_table(result, _FEW_NUMBERS if console.width < _NARROW else _NUMBERS))
    for steps, cases in by_steps(result.cases).items():
        shown = steps[-1:] if console.width < _NARROW else steps
        console.print(_training_table(shown, cases))
        console.print("* the largest difference, in brackets what rounding alone does to it")
    if any(mode.mode == "inference_from_training" for c in result.cases for mode in c.modes):
        console.print(f"[dim]* {wording.STAR}[/dim]", highlight=False)


def _table(result: VerifyResult, numbers: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("case", overflow="fold", min_width=14)
    table.add_column("mode", no_wrap=True)
    for title in numbers:
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for case in result.cases:
        for place, mode in enumerate(() if case.steps else case.modes):
            told = _numbers_of(mode)
            table.add_row(
                escape(case.name) if place == 0 else "",
                MODE_NAMES.get(mode.mode, mode.mode),
                *(told[title] for title in numbers),
                _coloured(mode.status),
            )
    return table


def _numbers_of(mode: ModeResult) -> dict[str, str]:
    worst = mode.worst
    return {
        "tensors": str(len(mode.tensors) or "–"),
        "floor": number(wording.floor_of(worst)),
        "difference": number(worst.relative if worst else None),
        "ratio": wording.ratio_of(worst),
        "allowed": number(worst.relative_tolerance if worst else None),
    }


def _coloured(status: Status) -> str:
    colour = COLOURS.get(status, "red")
    return f"[{colour}]{status.value}[/{colour}]"


def _training_table(steps: Sequence[int], cases: list[CaseResult]) -> Table:
    """A row for each place in which a program trains, a column for each recorded step."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("case", overflow="fold", min_width=14)
    table.add_column("", no_wrap=True)
    for step in steps:
        table.add_column(f"after {step} *", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for case in cases:
        for place, mode in enumerate(case.modes):
            table.add_row(
                escape(case.name) if place == 0 else "",
                PLACES.get(mode.mode, mode.mode),
                *(wording.apart_in_words(mode, step) for step in steps),
                _coloured(mode.status),
            )
    return table


def _cost_table(result: VerifyResult, narrow: bool) -> Table:
    """Parameters, time and memory of each case that was measured, old and new.

    Args:
        narrow: time alone.
    """
    shown = slice(1, 3) if narrow else slice(4)
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("cost, old → new", overflow="fold", min_width=16)
    for title in ("parameters", "inference", "training step", "peak memory")[shown]:
        table.add_column(title, justify="right", overflow="fold")
    for case in result.cases:
        if case.cost is not None:
            measured = cost_words.measures(case.cost)[shown]
            table.add_row(escape(case.name), *(measure.words for measure in measured))
    return table
