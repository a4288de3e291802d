"""What fails in a case, on a terminal: where the sides part, which tensors show it, and notes."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from slimport.verify.faces import places, wording
from slimport.verify.faces.wording import describe, number
from slimport.verify.result import CaseResult, Divergence, ModeResult, TensorResult

#: Failing tensors listed per mode, besides the first one.
SHOWN = 8
#: Lines of a log or traceback that are shown.
LOG_LINES = 40


class Failures:
    """Prints what fails, and what it has printed before only by name.

    Args:
        console: Where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told = places.Told()

    def tell(self, cases: Iterable[CaseResult]) -> None:
        """Prints what fails in cases, and their notes: first what kept a side from running."""
        known = list(cases)
        for (side, trace), stopped in wording.stopped(known).items():
            names = ", ".join(one.title for one in stopped)
            self._head(f"{names}: the {side} side failed")
            self._console.print(escape(_tail(trace)), highlight=False)
        for case in known:
            self._tell_case(case)

    def _tell_case(self, case: CaseResult) -> None:
        for mode in case.modes:
            if not mode.status.is_good and not mode.errors:
                self._tell_mode(wording.title_of(case, mode), mode)
        for note in wording.notes_of(case):
            words = f"[yellow]{escape(case.name)}:[/yellow] {escape(note)}"
            self._console.print(words, highlight=False)

    def _head(self, words: str) -> None:
        self._console.print(f"\n[bold red]{escape(words)}[/bold red]", highlight=False)

    def _tell_mode(self, title: str, mode: ModeResult) -> None:
        bad = wording.failing(mode)
        if not bad:
            return
        self._head(title)
        for divergence in mode.divergences:
            first = self._told.before(divergence, title)
            if first:
                self._indented(escape(f"from the same line as {first}: {divergence.new[0]}"))
            else:
                self._indented(_places(divergence))
        self._indented(f"first divergence: {escape(describe(bad[0]))}")
        if bad[1:]:
            self._indented(_others(bad[1:]))

    def _indented(self, shown: str | Table) -> None:
        self._console.print(Padding(shown, (0, 0, 0, 2)), highlight=False)


def _tail(trace: str) -> str:
    lines = trace.rstrip().splitlines()
    left_out = len(lines) - LOG_LINES
    return "\n".join([f"  ... {left_out} lines", *lines[left_out:]] if left_out > 0 else lines)


def _places(divergence: Divergence) -> Table:
    """The line that computes something else, and what is known of it, label by label."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for line in places.lines_of(divergence):
        text = escape(line.text)
        if line.site is not None:
            text = f"[bold]{escape(str(line.site))}[/bold]  {escape(line.site.text)}"
        grid.add_row(line.label, text)
    return grid


def _others(bad: list[TensorResult]) -> Table:
    """Tensors that fail besides the first one, a row each."""
    table = Table(box=None, padding=(0, 2, 0, 0), style="dim", header_style="dim")
    for title in ("difference", "floor", "ratio", "allowed"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("and", overflow="fold")
    for tensor in bad[:SHOWN]:
        table.add_row(
            number(tensor.relative),
            number(wording.floor_of(tensor)),
            wording.ratio_of(tensor),
            number(tensor.relative_tolerance),
            escape(f"{wording.labelled(tensor)}: {tensor.status.value}"),
        )
    if len(bad) > SHOWN:
        table.add_row("", "", "", "", f"{len(bad) - SHOWN:,} more")
    return table
