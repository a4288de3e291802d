"""The report on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from slimport.verify.growth import apart, by_steps
from slimport.verify.protocol import GRADIENT, LOSS, RATE
from slimport.verify.result import CaseResult, ModeResult, Status, TensorResult, VerifyResult

COLOURS = {
    Status.EQUAL: "green",
    Status.NOISE: "yellow",
    Status.IGNORED: "yellow",
    Status.NOTHING: "red",
}

MODE_NAMES = {
    "inference": "inference",
    "training": "training",
    "inference_from_training": "inference *",
    "graph_inference": "inference, graph",
    "graph_training": "training, graph",
    "steps": "steps of fit",
    "graph_steps": "steps in a graph",
}

#: Where a migrated program trains.
PLACES = {"steps": "fit", "graph_steps": "graph"}

#: Failing tensors listed per mode.
SHOWN = 8


def number(value: float | None) -> str:
    """Returns a difference as a report shows it: two digits, zero as 0."""
    if value is None:
        return "–"
    if value == 0.0:
        return "0"
    return f"{value:#.2g}" if 1e-2 <= value < 10 else f"{value:.1e}"


def print_result(result: VerifyResult, console: Console) -> None:
    """Prints a run: a table of cases, what fails and where first, and the verdict.

    In the table, `worst` is the difference of the tensor nearest to its tolerance, `allowed` that
    tolerance, both relative to the tensor's scale.
    """
    for side in ("old", "new"):
        console.print(f"[bold]{side}[/bold]  {escape(environment_line(result, side))}")
    if any(not case.steps for case in result.cases):
        console.print(_table(result))
    for steps, cases in by_steps(result.cases).items():
        console.print(_training_table(steps, cases))
        console.print("* the largest difference, in brackets what rounding alone does to it")
    if any(mode.mode == "inference_from_training" for c in result.cases for mode in c.modes):
        console.print("* the model that was built for training, called with training=False")
    for case in result.cases:
        _print_case(case, console)
    colour = "green" if result.is_equal else "red"
    console.print(f"[bold {colour}]{escape(result.verdict())}[/bold {colour}]")


def environment_line(result: VerifyResult, side: str) -> str:
    """Returns one side's tree and versions in a line."""
    found = result.environments.get(side, {})
    names = ["python", "tensorflow", "tf_keras" if side == "old" else "keras", "numpy"]
    versions = [f"{name} {found[name]}" for name in names if name in found]
    root = result.old if side == "old" else result.new
    return f"{root} ({', '.join(versions) or 'did not start'})"


def _table(result: VerifyResult) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("case", overflow="fold")
    table.add_column("mode", no_wrap=True)
    for title in ("outputs", "gradients", "worst", "allowed"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for case in result.cases:
        for place, mode in enumerate(() if case.steps else case.modes):
            _add_row(table, case.name if place == 0 else "", mode)
    return table


def _add_row(table: Table, name: str, mode: ModeResult) -> None:
    worst = mode.worst
    colour = COLOURS.get(mode.status, "red")
    table.add_row(
        escape(name),
        MODE_NAMES.get(mode.mode, mode.mode),
        str(len(mode.of("output"))),
        str(len(mode.of("gradient")) or ""),
        number(worst.relative if worst else None),
        number(worst.relative_tolerance if worst else None),
        f"[{colour}]{mode.status.value}[/{colour}]",
    )


def _training_table(steps: tuple[int, ...], cases: list[CaseResult]) -> Table:
    """A row for each place in which a program trains, a column for each recorded step."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("case", overflow="fold")
    table.add_column("", no_wrap=True)
    for step in steps:
        table.add_column(f"after {step} *", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for case in cases:
        for place, mode in enumerate(case.modes):
            colour = COLOURS.get(mode.status, "red")
            table.add_row(
                escape(case.name) if place == 0 else "",
                PLACES.get(mode.mode, mode.mode),
                *(apart_in_words(mode, step) for step in steps),
                f"[{colour}]{mode.status.value}[/{colour}]",
            )
    return table


def apart_in_words(mode: ModeResult, step: int) -> str:
    """Returns the largest difference after a step, and in brackets the rounding of that tensor."""
    if mode.errors:
        return "–"
    found = apart(mode, step)
    if found is None:
        return "noise"
    floor = "" if found.floor is None else f" ({_short(found.floor)})"
    return _short(found.relative) + floor


def _short(value: float) -> str:
    return "0" if value == 0 else f"{value:.0e}"


def _print_case(case: CaseResult, console: Console) -> None:
    seen: set[str] = set()
    for mode in case.modes:
        title = f"{case.name}, {MODE_NAMES.get(mode.mode, mode.mode)}"
        for side, trace in mode.errors.items():
            console.print(f"\n[bold red]{escape(title)}: the {side} side failed[/bold red]")
            shown = trace.rstrip() if trace not in seen else "  as above"
            console.print(escape(shown), highlight=False)
            seen.add(trace)
        first = mode.first_divergence
        if first is not None:
            console.print(f"\n[bold red]{escape(title)}[/bold red]")
            console.print(f"  first divergence: {escape(describe(first))}", highlight=False)
            bad = [t for t in mode.tensors if not t.status.is_good and t is not first]
            for tensor in bad[:SHOWN]:
                console.print(f"  {escape(describe(tensor))}", highlight=False)
            if len(bad) > SHOWN:
                console.print(f"  and {len(bad) - SHOWN} more")
    for note in dict.fromkeys(note for mode in case.modes for note in mode.notes):
        console.print(f"[yellow]{escape(case.name)}:[/yellow] {escape(note)}", highlight=False)


def labelled(tensor: TensorResult) -> str:
    """Returns what a tensor is: its group, its name, and after which step it was read."""
    return f"{tensor.group} {tensor.name}{when(tensor)}"


def when(tensor: TensorResult) -> str:
    """Returns after which step a tensor was read, where its name does not say so."""
    of_curve = tensor.group in (LOSS, RATE, GRADIENT)
    return "" if tensor.step is None or of_curve else f" after step {tensor.step}"


def describe(tensor: TensorResult) -> str:
    """Returns one tensor's outcome in a line."""
    label = labelled(tensor)
    if tensor.max_abs is None:
        return f"{label}: {tensor.status.value}, {tensor.why}"
    return (
        f"{label}: {tensor.status.value}, max abs {number(tensor.max_abs)}, "
        f"{number(tensor.relative)} of scale {number(tensor.scale)}; tolerance "
        f"{number(tensor.relative_tolerance)} ({tensor.why})"
    )
