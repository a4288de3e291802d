"""The report on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from slimport.report.model import Report


def print_report(report: Report, console: Console, verbose: bool = False) -> None:
    """Prints what was rewritten by rule, what was left with line and reason, and what failed."""
    for file in report.failed:
        console.print(f"[red]error[/]: {escape(file.path)}: {escape(file.error)}", soft_wrap=True)
    for file in report.files:
        for left in sorted(file.left, key=lambda item: item.line):
            advice = f" [dim]({escape(left.advice)})[/]" if left.advice else ""
            place = f"{escape(file.path)}:{left.line}: {left.code}"
            text = f"[yellow]left[/]: {place} {escape(left.reason)}{advice}"
            console.print(text, soft_wrap=True)
    _print_rules(report, console)
    if verbose:
        _print_functions(report, console)
    for name in report.written_modules:
        console.print(f"wrote {escape(name)}: layer factories for this tree", soft_wrap=True)
    if report.legacy_imports:
        files = sum(bool(file.legacy_imports) for file in report.files)
        console.print(
            f"{report.legacy_imports} imports in {files} files became legacy_import(): the files "
            "load without tf_slim and tf.contrib, and what is left raises where it is used",
            soft_wrap=True,
        )
    for note in report.notes:
        console.print(f"note: {escape(note)}", soft_wrap=True)
    total = sum(len(file.rewritten) for file in report.files)
    console.print(
        f"{len(report.changed)} of {len(report.files)} files rewritten: {total} references "
        f"rewritten, {report.left} left and marked, {len(report.failed)} files failed",
        soft_wrap=True,
    )


def _print_rules(report: Report, console: Console) -> None:
    counts = report.by_rule()
    if not counts:
        return
    names = {item.code: item.rule for file in report.files for item in file.rewritten}
    table = Table("rule", "name", "rewritten", "left", box=None, header_style="dim")
    for code, count in counts.items():
        table.add_row(code, names.get(code, ""), str(count["rewritten"]), str(count["left"]))
    console.print(table)


def _print_functions(report: Report, console: Console) -> None:
    table = Table("function", "layers", "tensors", "model", "why", box=None, header_style="dim")
    for file in report.files:
        for form in file.functions:
            name = f"{file.path}:{form.line} {form.function}"
            table.add_row(name, form.layers, form.tensors, form.model, "; ".join(form.why))
    console.print(table)
