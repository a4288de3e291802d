"""The inventory with -v: every API as it is spelled, every file with its functions and marks."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from slimport.report.findings import counted
from slimport.scan.lines import print_wrapped
from slimport.scan.model import Kind, State, Tree
from slimport.scan.tables import STATES, outcomes


def print_uses(tree: Tree, console: Console) -> None:
    """Every API that would not simply stay, by what becomes of it."""
    console.print()
    console.print("[bold]every API[/], with how it is spelled:")
    for use in tree.uses:
        if use.kind is Kind.TF and not use.rewritten and not use.left:
            continue
        spelled = ", ".join(f"{name} {count}" for name, count in list(use.spellings.items())[:4])
        text = f"{use.api} {use.code}: {outcomes([use])}" + (f" ({spelled})" if spelled else "")
        print_wrapped(text, console, 2)


def print_each_file(tree: Tree, console: Console) -> None:
    """Every file that names slim or TensorFlow, line by line."""
    for file in tree.files:
        if file.state in (State.UNTOUCHED, State.REFUSED):
            continue
        words = f"{STATES[file.state]}: {file.rewritten} rewritten, {file.left} left"
        session = ", run by a session" if file.session else ""
        console.print()
        console.print(f"[bold]{escape(file.path)}[/]  {words}{session}", soft_wrap=True)
        for form in file.forms:
            kind = "closed" if form.closed else "open"
            layers = "keras.layers" if form.layers == "keras" else "layer factories"
            where = " and ".join(form.places)
            calls = counted(form.calls, "layer call")
            text = f"{form.function}: {calls}, {kind}; {layers}, {form.tensors}, {where}"
            print_wrapped(text, console, 2, f"{form.line}: ")
            for why in form.why:
                print_wrapped(why, console, 6)
        for mark in file.marks:
            advice = f" ({mark['advice']})" if mark["advice"] else ""
            text = f"{mark['code']} {mark['reason']}{advice}"
            print_wrapped(text, console, 2, f"{mark['line']}: ", "yellow")
