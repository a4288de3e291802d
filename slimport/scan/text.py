"""The inventory on a terminal: one screen that somebody can decide on, and all of it with -v."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath

from rich.console import Console
from rich.markup import escape

from slimport.report.findings import counted
from slimport.scan.details import print_each_file, print_uses
from slimport.scan.groups import grouped
from slimport.scan.lines import print_wrapped
from slimport.scan.model import Kind, State, Tree
from slimport.scan.tables import STATES, most, outcomes, some, table_of

#: From this width on tables have columns that one can do without.
_WIDE = 100
#: What the names and numbers of references take of it.
_NUMBERS = 78
#: As many APIs, or files, as are named where there are more.
_FEW = 8
#: Groups of APIs beside the programs themselves.
_GROUPS = ("checkpoints", "frozen graphs and SavedModels", "summaries", "estimators")
_KINDS = {
    Kind.SLIM: "TF-Slim, tf.contrib",
    Kind.TF1: "TensorFlow 1 only",
    Kind.TF: "TensorFlow 1 and 2",
    Kind.OTHER: "imports, shapes, NumPy",
}


def print_tree(tree: Tree, console: Console, verbose: bool = False) -> None:
    """One path's inventory."""
    console.print(f"[bold]{escape(tree.path)}[/]", soft_wrap=True)
    print_wrapped(_headline(tree), console)
    console.print()
    _print_files(tree, console, verbose)
    _print_references(tree, console)
    _print_left(tree, console, verbose)
    _print_layers(tree, console)
    _print_blocks(tree, console, verbose)
    _print_after(tree, console)
    if verbose:
        print_uses(tree, console)
        print_each_file(tree, console)
        for note in tree.notes:
            console.print(f"note: {escape(note)}", soft_wrap=True)


def _headline(tree: Tree) -> str:
    slim = tree.total(Kind.SLIM)
    unknown = [file for file in tree.files if file.mentions]
    lines = counted(sum(file.mentions for file in unknown), "line")
    files = counted(len(unknown), "file")
    rest = f"; {files} beside, not counted, with {lines} that may name it" if unknown else ""
    if not slim["total"]:
        return f"no reference to slim or tf.contrib{rest}"
    share = percent(slim["rewritten"], slim["total"])
    done = f"{slim['rewritten']} of {slim['total']} references to slim would be rewritten ({share})"
    return f"{done}{rest}"


def percent(part: int, whole: int) -> str:
    """Never 100 % with something left, nor 0 % with something done."""
    if not whole:
        return "-"
    share = round(100 * part / whole)
    share = min(share, 99) if part < whole else share
    return f"{max(share, 1) if part else share} %"


def _print_files(tree: Tree, console: Console, verbose: bool) -> None:
    counts = tree.states()
    parts = [f"{counts[state]} {words}" for state, words in STATES.items() if counts[state]]
    number = f"{counted(len(tree.files), 'file')}: "
    print_wrapped(", ".join(parts), console, 0, number, "bold")
    for language, name in (("python 2", "in Python 2"), ("notebook", "notebooks")):
        files = [file for file in tree.files if file.language == language]
        refused = sum(file.state in (State.REFUSED, State.UNREAD) for file in files)
        if files:
            words = f"{refused} of them refused" if refused else "read as the others"
            console.print(f"  {len(files)} {name}: {words}", soft_wrap=True)
    for file in tree.refused if verbose else tree.refused[:_FEW]:
        lines = counted(file.mentions, "line names", "lines name") if file.mentions else ""
        lines = f" ({lines} TensorFlow)" if lines else ""
        text = f"  [red]refused[/] {escape(file.path)}: {escape(file.why)}{lines}"
        console.print(text, soft_wrap=True)
    others = len(tree.refused) - _FEW
    if others > 0 and not verbose:
        console.print(f"  and {counted(others, 'other file')} refused: -v")
    console.print()


def _print_references(tree: Tree, console: Console) -> None:
    wide = console.width >= _WIDE
    headings = ("references", "found", "rewritten", "stay right", "left, marked")
    table = table_of(*headings, numbers=range(1, 5))
    if wide:
        table.add_column("most of them", no_wrap=True)
    for kind, name in _KINDS.items():
        total = tree.total(kind)
        if total["total"]:
            counts = [str(total[key]) for key in ("total", "rewritten", "kept", "left")]
            room = console.width - _NUMBERS
            named = most((use for use in tree.uses if use.kind is kind), room)
            table.add_row(name, *counts, *([named] * wide))
    if table.row_count:
        console.print(table)
        console.print()


def _print_left(tree: Tree, console: Console, verbose: bool) -> None:
    left = sorted((use for use in tree.uses if use.left), key=lambda use: -use.left)
    shown = left if verbose else left[:_FEW]
    for use in shown:
        reasons = "; ".join(reason.removeprefix(f"{use.api}: ") for reason in use.reasons)
        text = f"{use.left} x {use.api} ({use.code}): {reasons}"
        print_wrapped(text, console, 0, "left: ", "yellow")
    if len(left) > len(shown):
        console.print(f"      and {counted(len(left) - len(shown), 'other API')}: -v")
    if left:
        console.print()


def _print_layers(tree: Tree, console: Console) -> None:
    share = tree.share
    if not share.calls:
        return
    closed = f"{share.closed} closed ({percent(share.closed, share.calls)})"
    calls = f"{counted(share.calls, 'layer call')}: "
    print_wrapped(f"{closed}, those that no unknown arg_scope reaches", console, 0, calls, "bold")
    module = PurePosixPath(tree.modules[0]).name if tree.modules else "the written module"
    factories = f"{share.calls - share.plain} layer factories of {module}"
    print_wrapped(f"{share.plain} become plain keras.layers, {factories}", console, 2)
    if share.plain_without_sessions > share.plain:
        plain = f"with --target keras, {share.plain_without_sessions} would be plain"
        print_wrapped(plain, console, 2)
    if tree.reasons:
        console.print()
        headings = ("why not plain", "calls", "functions", "what would help")
        table = table_of(*headings, numbers=(1, 2))
        for reason in tree.reasons[:6]:
            numbers = str(reason["layer_calls"]), str(reason["functions"])
            table.add_row(reason["kind"], *numbers, escape(reason["way_on"]))
        console.print(table)
    console.print()


def _print_blocks(tree: Tree, console: Console, verbose: bool) -> None:
    table = table_of("programs", "", "become", "why", numbers=(1,))
    counts = Counter((b.kind, b.becomes, b.why.partition(" (line")[0]) for b in tree.blocks)
    kinds = Counter((kind, becomes) for kind, becomes, _ in counts)
    for kind, becomes in sorted(kinds):
        rows = [(why, n) for (k, b, why), n in counts.most_common() if (k, b) == (kind, becomes)]
        number = str(sum(n for _, n in rows))
        table.add_row(kind, number, becomes, escape(_first_reason(rows)))
    for name, uses in grouped(tree.uses).items():
        if name in _GROUPS:
            number = str(sum(use.total for use in uses))
            table.add_row(name, number, outcomes(uses), most(uses))
    if table.row_count:
        console.print(table)
        for block in tree.blocks if verbose else ():
            why = f": {block.why}" if block.why else ""
            place = f"{block.path}:{block.line} {block.function}"
            print_wrapped(f"{place}, {block.kind}: {block.becomes}{why}", console, 2)
        console.print()


def _first_reason(rows: list[tuple[str, int]]) -> str:
    """The most frequent reason, and how many others there are."""
    known = [(why, count) for why, count in rows if why]
    if not known:
        return ""
    why, count = known[0]
    times = f" ({count})" if len(rows) > 1 else ""
    return f"{why}{times}" + (f"; {len(known) - 1} more: -v" if len(known) > 1 else "")


def _print_after(tree: Tree, console: Console) -> None:
    slim = tree.total(Kind.SLIM)
    if slim["total"]:
        if tree.needed:
            names = ", ".join(f"{api} {count}" for api, count in list(tree.needed.items())[:4])
            more = f" and {len(tree.needed) - 4} more" if len(tree.needed) > 4 else ""
            console.print(f"[bold]afterwards[/]: what is left still names {escape(names)}{more}")
        else:
            console.print("[bold]afterwards[/]: nothing needs tf_slim or tf.contrib any more")
    if tree.modules:
        home, *others = tree.modules
        leads = f"; {some(others)} lead to it" if others else ""
        print_wrapped(f"{home}: the layer factories of the tree{leads}", console, 2)
    starts = [file.path for file in tree.files if file.starts]
    if starts:
        programs = counted(len(starts), "program keeps its session", "programs keep their sessions")
        print_wrapped(f"{programs}, on TensorFlow 2: {some(starts)}", console, 2)
