"""The inventory on a terminal: one screen that somebody can decide on, and all of it with -v."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from slimport.scan.groups import grouped
from slimport.scan.lines import print_wrapped
from slimport.scan.model import Kind, State, Tree, Use

#: From this width on tables have columns that one can do without.
_WIDE = 100
#: What the names and numbers of references take of it.
_NUMBERS = 78
#: As many APIs, or files, as are named where there are more.
_FEW = 8
#: As many names as a sentence has.
_NAMED = 3
#: Groups of APIs beside the programs themselves.
_GROUPS = ("checkpoints", "frozen graphs and SavedModels", "summaries", "estimators")
_STATES = {
    State.REWRITTEN: "rewritten",
    State.PARTLY: "rewritten, with marks",
    State.MARKED: "only marked",
    State.HELD: "held back by ignore comments or --select",
    State.KEPT: "right as they are",
    State.UNTOUCHED: "without slim and TensorFlow",
    State.REFUSED: "refused",
    State.UNREAD: "notebooks not read",
}
_KINDS = {
    Kind.SLIM: "TF-Slim, tf.contrib",
    Kind.TF1: "TensorFlow 1 only",
    Kind.TF: "TensorFlow 1 and 2",
    Kind.OTHER: "imports, shapes, NumPy",
}


def print_tree(tree: Tree, console: Console, verbose: bool = False) -> None:
    """One path's inventory."""
    console.print(f"[bold]{escape(tree.path)}[/]", soft_wrap=True)
    console.print(_headline(tree))
    console.print()
    _print_files(tree, console, verbose)
    _print_references(tree, console)
    _print_left(tree, console, verbose)
    _print_layers(tree, console)
    _print_blocks(tree, console, verbose)
    _print_after(tree, console)
    if verbose:
        _print_uses(tree, console)
        _print_each_file(tree, console)
        for note in tree.notes:
            console.print(f"note: {escape(note)}", soft_wrap=True)


def _headline(tree: Tree) -> str:
    slim = tree.total(Kind.SLIM)
    unknown = [file for file in tree.files if file.mentions]
    lines = _count(sum(file.mentions for file in unknown), "line")
    files = _count(len(unknown), "file")
    rest = f"; {files} beside, not counted, with {lines} that may name it" if unknown else ""
    if not slim["total"]:
        return f"no reference to slim or tf.contrib{rest}"
    share = percent(slim["rewritten"], slim["total"])
    done = f"{slim['rewritten']} of {slim['total']} references to slim would be rewritten ({share})"
    return f"{done}{rest}"


def _count(number: int, noun: str, several: str = "") -> str:
    return f"{number} {noun if number == 1 else several or noun + 's'}"


def percent(part: int, whole: int) -> str:
    """Never 100 % with something left, nor 0 % with something done."""
    if not whole:
        return "-"
    share = round(100 * part / whole)
    share = min(share, 99) if part < whole else share
    return f"{max(share, 1) if part else share} %"


def _table(*columns: str, title: str = "") -> Table:
    table = Table(
        *columns, title=title or None, title_justify="left", title_style="bold",
        box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False, show_edge=False,
    )  # fmt: skip
    return table


def _numbers(table: Table, first: int) -> Table:
    for column in table.columns[first:]:
        column.justify = "right"
    return table


def _print_files(tree: Tree, console: Console, verbose: bool) -> None:
    counts = tree.states()
    parts = [f"{counts[state]} {words}" for state, words in _STATES.items() if counts[state]]
    number = f"{_count(len(tree.files), 'file')}: "
    print_wrapped(", ".join(parts), console, 0, number, "bold")
    for language, name in (("python 2", "in Python 2"), ("notebook", "notebooks")):
        files = [file for file in tree.files if file.language == language]
        refused = sum(file.state in (State.REFUSED, State.UNREAD) for file in files)
        if files:
            words = f"{refused} of them refused" if refused else "read as the others"
            console.print(f"  {len(files)} {name}: {words}", soft_wrap=True)
    for file in tree.refused if verbose else tree.refused[:_FEW]:
        lines = _count(file.mentions, "line names", "lines name") if file.mentions else ""
        lines = f" ({lines} TensorFlow)" if lines else ""
        text = f"  [red]refused[/] {escape(file.path)}: {escape(file.why)}{lines}"
        console.print(text, soft_wrap=True)
    others = len(tree.refused) - _FEW
    if others > 0 and not verbose:
        console.print(f"  and {_count(others, 'other file')} refused: -v")
    console.print()


def _print_references(tree: Tree, console: Console) -> None:
    wide = console.width >= _WIDE
    table = _table("references", "found", "rewritten", "stay right", "left, marked")
    _numbers(table, 1)
    if wide:
        table.add_column("most of them", no_wrap=True)
    for kind, name in _KINDS.items():
        total = tree.total(kind)
        if total["total"]:
            counts = [str(total[key]) for key in ("total", "rewritten", "kept", "left")]
            room = console.width - _NUMBERS
            most = _most((use for use in tree.uses if use.kind is kind), room)
            table.add_row(name, *counts, *([most] * wide))
    if table.row_count:
        console.print(table)
        console.print()


def _most(uses: Iterable[Use], room: int = 60) -> str:
    """The most frequent of them, as many as there is room for."""
    text = ""
    for use in list(uses)[:3]:
        longer = f"{text}{', ' if text else ''}{use.api} {use.total}"
        if text and len(longer) > room:
            break
        text = longer
    return escape(text)


def _print_left(tree: Tree, console: Console, verbose: bool) -> None:
    left = sorted((use for use in tree.uses if use.left), key=lambda use: -use.left)
    shown = left if verbose else left[:_FEW]
    for use in shown:
        reasons = "; ".join(reason.removeprefix(f"{use.api}: ") for reason in use.reasons)
        text = f"{use.left} x {use.api} ({use.code}): {reasons}"
        print_wrapped(text, console, 0, "left: ", "yellow")
    if len(left) > len(shown):
        console.print(f"      and {_count(len(left) - len(shown), 'other API')}: -v")
    if left:
        console.print()


def _print_layers(tree: Tree, console: Console) -> None:
    share = tree.share
    if not share.calls:
        return
    calls, closed = _count(share.calls, "layer call"), percent(share.closed, share.calls)
    console.print(
        f"[bold]{calls}[/]: {share.closed} closed ({closed}): no unknown arg_scope reaches them"
    )
    console.print(
        f"  {share.plain} become plain keras.layers, {share.calls - share.plain} layer factories "
        "of scoped_layers.py"
    )
    if share.plain_without_sessions > share.plain:
        console.print(f"  with --target keras, {share.plain_without_sessions} would be plain")
    if tree.reasons:
        table = _numbers(_table("why not plain", "calls", "functions", "what would help"), 1)
        table.columns[-1].justify = "left"
        for reason in tree.reasons[:6]:
            numbers = str(reason["layer_calls"]), str(reason["functions"])
            table.add_row(reason["kind"], *numbers, escape(reason["way_on"]))
        console.print(table)
    console.print()


def _print_blocks(tree: Tree, console: Console, verbose: bool) -> None:
    table = _numbers(_table("programs", "", "become", "why"), 1)
    for column in table.columns[2:]:
        column.justify = "left"
    counts = Counter((b.kind, b.becomes, b.why.partition(" (line")[0]) for b in tree.blocks)
    kinds = Counter((kind, becomes) for kind, becomes, _ in counts)
    for kind, becomes in sorted(kinds):
        rows = [(why, n) for (k, b, why), n in counts.most_common() if (k, b) == (kind, becomes)]
        number = str(sum(n for _, n in rows))
        table.add_row(kind, number, becomes, escape(_first_reason(rows)))
    for name, uses in grouped(tree.uses).items():
        if name in _GROUPS:
            number = str(sum(use.total for use in uses))
            table.add_row(name, number, _outcomes(uses), _most(uses))
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


def _outcomes(uses: Iterable[Use]) -> str:
    done = Counter[str]()
    for use in uses:
        done.update(
            {
                "rewritten": use.rewritten,
                "kept": use.kept,
                "left": use.left,
                "ignored": use.ignored,
            }
        )
    return ", ".join(f"{count} {name}" for name, count in done.items() if count)


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
        leads = f"; {_some(others)} lead to it" if others else ""
        print_wrapped(f"{home}: the layer factories of the tree{leads}", console, 2)
    starts = [file.path for file in tree.files if file.starts]
    if starts:
        programs = _count(len(starts), "program keeps its session", "programs keep their sessions")
        print_wrapped(f"{programs}, on TensorFlow 2: {_some(starts)}", console, 2)


def _some(names: Sequence[str]) -> str:
    """The first few names, and how many others there are."""
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _print_uses(tree: Tree, console: Console) -> None:
    console.print()
    console.print("[bold]every API[/], with how it is spelled:")
    for use in tree.uses:
        if use.kind is Kind.TF and not use.rewritten and not use.left:
            continue
        spelled = ", ".join(f"{name} {count}" for name, count in list(use.spellings.items())[:4])
        text = f"{use.api} {use.code}: {_outcomes([use])}" + (f" ({spelled})" if spelled else "")
        print_wrapped(text, console, 2)


def _print_each_file(tree: Tree, console: Console) -> None:
    for file in tree.files:
        if file.state in (State.UNTOUCHED, State.REFUSED):
            continue
        words = f"{_STATES[file.state]}: {file.rewritten} rewritten, {file.left} left"
        session = ", run by a session" if file.session else ""
        console.print()
        console.print(f"[bold]{escape(file.path)}[/]  {words}{session}", soft_wrap=True)
        for form in file.forms:
            kind = "closed" if form.closed else "open"
            layers = "keras.layers" if form.layers == "keras" else "layer factories"
            where = " and ".join(form.places)
            calls = _count(form.calls, "layer call")
            text = f"{form.function}: {calls}, {kind}; {layers}, {form.tensors}, {where}"
            print_wrapped(text, console, 2, f"{form.line}: ")
            for why in form.why:
                print_wrapped(why, console, 6)
        for mark in file.marks:
            advice = f" ({mark['advice']})" if mark["advice"] else ""
            text = f"{mark['code']} {mark['reason']}{advice}"
            print_wrapped(text, console, 2, f"{mark['line']}: ", "yellow")
