"""The report on a terminal: what to look at comes last, where the reader is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from slimport.report.findings import Finding, Kind, counted, findings
from slimport.report.grouping import Group, groups
from slimport.report.model import FileReport, Report

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: As many references are all shown.
FEW = 20
#: References that are left for one reason share it, from as many on.
SAME = 3
#: Groups, APIs of a group and places of an API that are shown; the others are counted.
GROUPS, APIS, PLACES = 10, 4, 3
#: Names of APIs are aligned up to this length.
WIDTH = 40
#: Changed files and remarks that are shown.
FILES = NOTES = 10
#: Rules that are shown, those that did most; the others are counted.
RULES = 12


def print_report(
    report: Report, console: Console, verbose: bool = False, then: Sequence[str] = ()
) -> None:
    """Prints what was rewritten by rule, what was left with place and reason, and what failed.

    Args:
        report: the run.
        console: where to.
        verbose: whether each function and each reference is listed.
        then: further lines of what to do next.
    """
    found = findings(report)
    _print_rules(report, console, verbose)
    if verbose:
        _print_functions(report, console)
    _print_changed(report, console, verbose)
    _print_written(report, console)
    _print_notes(_of(found, Kind.NOTE), console, verbose)
    if verbose:
        for item in _of(found, Kind.IGNORED):
            _say(console, f"[dim]ignored[/]: {_one(item)}")
    left = _of(found, Kind.LEFT)
    if verbose:
        _print_each(left, console)
    elif len(left) <= FEW:
        _print_few(groups(left), console)
    else:
        _print_groups(groups(left), console)
    for item in _of(found, Kind.ERROR):
        place = item.place if item.position is None else item.place.rpartition(":")[0]
        _say(console, f"[red]error[/]: {escape(place)}: {escape(item.text)}")
    _say(console, _summary(report))
    for line in [*_next(report, left, verbose), *then]:
        _say(console, f"[dim]{escape(line)}[/]")


def _of(found: Iterable[Finding], kind: Kind) -> list[Finding]:
    return [item for item in found if item.kind is kind]


def _say(console: Console, markup: str) -> None:
    """A line, which the terminal wraps: copied, it is whole.

    Names of files may hold line ends and what commands a terminal; these are shown as text.
    """
    console.print(_harmless(markup, console), soft_wrap=True)


def _harmless(text: str, console: Console) -> str:
    """Without signs that command a terminal, or that the stream cannot hold."""
    text = _CONTROL.sub(lambda sign: repr(sign[0])[1:-1], text)
    return text.encode(console.encoding, "backslashreplace").decode(console.encoding)


def _one(item: Finding) -> str:
    advice = f" [dim]({escape(item.advice)})[/]" if item.advice else ""
    return f"{escape(item.place)}: {item.code} {escape(item.text)}{advice}"


def _print_notes(found: Sequence[Finding], console: Console, verbose: bool) -> None:
    """Notes; unless all is wanted, the first ones, those that say the same together."""
    together = [[item] for item in found] if verbose else [g.items for g in groups(found)]
    shown = together if verbose else together[:NOTES]
    for items in shown:
        place = f"{escape(_several(items))}: " if items[0].place else ""
        _say(console, f"[cyan]note[/]: {place}{escape(items[0].text)}")
    rest = len(found) - sum(map(len, shown))
    if rest:
        _say(console, f"[dim]and {counted(rest, 'more note')}[/]")


def _print_each(left: Iterable[Finding], console: Console) -> None:
    for item in left:
        _say(console, f"[yellow]left[/]: {_one(item)}")


def _print_few(found: Sequence[Group], console: Console) -> None:
    """All places: with their reason, or below it where several have the same."""
    for group in found:
        if group.count < SAME:
            _print_each(group.items, console)
            continue
        _print_reason(group, console)
        width = _width(group.by_api)
        for api, items in group.by_api:
            name = f"{escape(api):{width}}  " if group.names_differ else ""
            for places in _by_file(items):
                _say(console, f"  {name}{escape(places)}")


def _print_groups(found: Sequence[Group], console: Console) -> None:
    for group in found[:GROUPS]:
        _print_reason(group, console)
        shown = group.by_api[:APIS]
        width = _width(shown)
        for api, items in shown:
            name = f"{escape(api):{width}}  " if group.names_differ else ""
            _say(console, f"  {name}{escape(_places(items))}")
        if len(group.by_api) > APIS:
            rest = group.by_api[APIS:]
            references = counted(sum(len(items) for _, items in rest), "reference")
            _say(console, f"  [dim]and {counted(len(rest), 'more name')}, {references}[/]")
    if len(found) > GROUPS:
        rest_count = sum(group.count for group in found[GROUPS:])
        reasons = counted(len(found) - GROUPS, "other reason")
        _say(console, f"[yellow]{rest_count} left[/]: for {reasons}")


def _width(by_api: Sequence[tuple[str, list[Finding]]]) -> int:
    """Of the column of names, so that the places stand below each other."""
    return min(WIDTH, max(len(api) for api, _ in by_api))


def _print_reason(group: Group, console: Console) -> None:
    count = f"[yellow]{group.count} left[/]"
    _say(console, f"{count}: [bold]{group.code} {escape(group.said)}[/]")
    if group.advice:
        _say(console, f"  [dim]{escape(group.advice)}[/]")


def _places(items: Sequence[Finding]) -> str:
    """Places of the first file, so that they fit a line: ``a.py:3, 14  and 7 more places``."""
    places = list(dict.fromkeys(item.place for item in items))
    first = places[0].rpartition(":")[0]
    shown = [p for p in places[:PLACES] if p.rpartition(":")[0] == first]
    lines = ", ".join(place.rpartition(":")[2] for place in shown)
    rest = len(places) - len(shown)
    return f"{first}:{lines}" + (f"  and {counted(rest, 'more place')}" if rest else "")


def _by_file(items: Sequence[Finding]) -> list[str]:
    """All places, a line for each file: ``a.py:3, 14``."""
    lines: dict[str, list[str]] = {}
    for place in dict.fromkeys(item.place for item in items):
        file, _, line = place.rpartition(":")
        lines.setdefault(file, []).append(line)
    return [f"{file}:{', '.join(numbers)}" for file, numbers in lines.items()]


def _several(items: Sequence[Finding]) -> str:
    """Some places: ``a.py:3, b.py:14 and 7 more places``."""
    places = list(dict.fromkeys(item.place for item in items))
    rest = len(places) - PLACES
    more = f" and {counted(rest, 'more place')}" if rest > 0 else ""
    return ", ".join(places[:PLACES]) + more


def _print_changed(report: Report, console: Console, verbose: bool) -> None:
    verb = "rewrote" if report.written else "would rewrite"
    shown = report.changed if verbose else report.changed[:FILES]
    for file in shown:
        what = counted(len(file.rewritten), "reference")
        if not file.rewritten:  # only what goes with another file's references
            what = "marks" if file.left else "imports"
        _say(console, f"{verb} {escape(file.shown)}: {what}")
    rest = len(report.changed) - len(shown)
    if rest:
        _say(console, f"[dim]{verb} {counted(rest, 'more file')}[/]")


def _print_written(report: Report, console: Console) -> None:
    verb = "wrote" if report.written else "would write"
    roots = {file.root for file in report.files if file.root}
    root = roots.pop() if len(roots) == 1 else ""
    paths = [escape(FileReport(name, root=root).shown) for name in report.written_modules]
    if paths:
        loaders = ", and what leads to them from other folders" if len(paths) > 1 else ""
        _say(console, f"{verb} {', '.join(paths)}: layer factories for this tree{loaders}")
    if report.legacy_imports:
        files = sum(bool(file.legacy_imports) for file in report.files)
        become = "became" if report.written else "would become"
        _say(
            console,
            f"{counted(report.legacy_imports, 'import')} in {counted(files, 'file')} {become} "
            "legacy_import(): the files load without tf_slim and tf.contrib, and what is left "
            "raises where it is used",
        )


def _summary(report: Report) -> str:
    references = counted(sum(len(file.rewritten) for file in report.files), "reference")
    ignored = sum(len(file.ignored) for file in report.files)
    if not (report.changed or report.left or report.failed or ignored):
        return f"{counted(len(report.files), 'file')}: nothing to rewrite"
    done = f"{len(report.changed)} of {counted(len(report.files), 'file')}"
    parts = [
        f"{done} rewritten: {references} rewritten" if report.written else
        f"{done} to rewrite: {references}",
        f"{report.left} left and marked" if report.written else f"{report.left} left",
        *([f"{ignored} ignored"] if ignored else []),
        f"{counted(len(report.failed), 'file')} failed",
    ]  # fmt: skip
    return ", ".join(parts)


def _next(report: Report, left: Sequence[Finding], verbose: bool) -> list[str]:
    """What a reader may want to do now."""
    lines = []
    cut = len(left) > FEW or len(report.notes) > NOTES or len(report.changed) > FILES
    if cut and not verbose:
        lines.append("-v lists all; --output-format json has it as data")
    if left:
        code = max(groups(left), key=lambda group: group.count).code
        marked = "each is marked `# TODO(slimport)`; " if report.written else ""
        lines.append(f"{marked}`slimport explain {code}` tells what to do about one")
    if report.changed and not report.written:
        lines.append("nothing was written")
    return lines


def _print_rules(report: Report, console: Console, verbose: bool) -> None:
    """What each rule did; unless all is wanted, those that did most, by their codes."""
    counts = report.by_rule()
    if not counts:
        return
    most = sorted(counts, key=lambda code: -counts[code]["rewritten"])
    shown = set(most if verbose or len(most) <= RULES + 1 else most[:RULES])
    names = _names(shown)
    head = "rewritten" if report.written else "to rewrite"
    table = Table("rule", "name", box=None, header_style="dim")
    table.add_column(head, justify="right")
    table.add_column("left", justify="right", style="yellow")
    for code in (code for code in counts if code in shown):
        done, left = counts[code]["rewritten"], counts[code]["left"]
        table.add_row(code, names.get(code, ""), str(done or ""), str(left or ""))
    if len(shown) < len(counts):
        rest = [count for code, count in counts.items() if code not in shown]
        done, left = (sum(count[kind] for count in rest) for kind in ("rewritten", "left"))
        table.add_row("[dim]more[/]", f"[dim]{len(rest)} rules[/]", str(done), str(left or ""))
    console.print(table)


def _names(codes: Iterable[str]) -> dict[str, str]:
    # The rules are loaded already where there is something to tell of them.
    from slimport.explain.unknown import UNKNOWN
    from slimport.rewrite.registry import all_rules

    wanted = set(codes)
    return {rule.code: rule.name for rule in (*all_rules(), UNKNOWN) if rule.code in wanted}


def _print_functions(report: Report, console: Console) -> None:
    """The form of each function, with every reason against the plainer one."""
    for file in report.files:
        for form in file.functions:
            place = f"{file.shown}:{report.line(file, form.line)}"
            what = f"{form.layers} layers, {form.tensors}, {form.model} model"
            _say(console, f"[cyan]function[/]: {escape(place)} [bold]{form.function}[/]: {what}")
            for why in form.why:
                _say(console, f"  [dim]{escape(why)}[/]")
