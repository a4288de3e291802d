"""An environment, its diagnosis, and answers on error messages, on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from slimport.report.findings import counted
from slimport.scan.diagnosis import Diagnosis
from slimport.scan.failures import Answer, explain_error
from slimport.scan.findings import Finding, Level
from slimport.scan.lines import print_wrapped

_COLOURS = {Level.ERROR: "red", Level.WARNING: "yellow", Level.NOTE: "cyan"}
_SHOWN = ("tensorflow", "keras", "tf-keras", "tf-slim", "protobuf", "numpy", "object-detection")
_FIRST = 2
_ABLE = {True: ("yes", "green"), False: ("no", "red"), None: ("in part", "yellow")}


def print_environment(diagnosis: Diagnosis, console: Console, verbose: bool = False) -> None:
    """What is installed, what that can run, and what to do."""
    environment = diagnosis.environment
    python = ".".join(map(str, environment.python))
    chosen = f" ({environment.chosen})" if environment.chosen else ""
    text = f"Python {python}, {environment.executable}{chosen}"
    print_wrapped(text, console, 0, "environment: ", "bold")
    print_wrapped(_packages(diagnosis, verbose), console, 2)
    width = max((len(ability.what) for ability in diagnosis.abilities), default=0)
    for ability in diagnosis.abilities:
        able, colour = _ABLE[ability.able]
        first = f"runs {ability.what:<{width}}  {able:<7}  "
        print_wrapped(ability.why, console, 2, first, colour, able)
    answered = set()
    for tried in diagnosis.tried:
        result = f"[red]{escape(tried.error)}[/]" if tried.error else "[green]works[/]"
        console.print(f"  tried {escape(tried.what)}: {result}", soft_wrap=True)
        for answer in explain_error(tried.error)[:1]:
            _print_answer(answer, console, 4)
            answered.add(answer.failure.id)
    new = [finding for finding in diagnosis.findings if finding.id not in answered]
    shown = [finding for finding in new if verbose or finding.level is not Level.NOTE]
    for finding in shown:
        _print_finding(finding, console, verbose)
    rest = len(new) - len(shown)
    if rest:
        console.print(f"  [dim]and {counted(rest, 'note')}: slimport scan --environment -v[/]")


def _packages(diagnosis: Diagnosis, verbose: bool) -> str:
    found = diagnosis.environment.distributions
    names = list(found) if verbose else [name for name in found if name in _SHOWN]
    names.sort(key=lambda name: (_SHOWN.index(name) if name in _SHOWN else len(_SHOWN), name))
    tensorflow = [item.name.lower() for item in diagnosis.environment.tensorflows]
    names = [*tensorflow, *(name for name in names if name not in tensorflow)]
    missing = [] if tensorflow else ["TensorFlow is not installed"]
    return ", ".join([*missing, *(f"{name} {found[name].version}" for name in names)])


def _print_finding(finding: Finding, console: Console, verbose: bool) -> None:
    colour = _COLOURS[finding.level]
    print_wrapped(finding.title, console, 2, f"{finding.level}: ", colour, finding.level)
    if finding.why and (verbose or finding.level is not Level.NOTE):
        print_wrapped(finding.why, console, 4)
    for way in finding.do if verbose else finding.do[:_FIRST]:
        _print_way(way, console, 4)


def print_answers(answers: list[Answer], console: Console) -> None:
    """What is known of error messages; the first is the last error of a log."""
    for place, answer in enumerate(answers):
        if place:
            console.print()
            console.print("[dim]earlier in the text:[/]")
        console.print(f"[dim]{escape(answer.line)}[/]", soft_wrap=True)
        _print_answer(answer, console, 0)


def _print_answer(answer: Answer, console: Console, indent: int) -> None:
    failure = answer.failure
    console.print(f"{' ' * indent}[bold]{escape(failure.title)}[/]", soft_wrap=True)
    space = indent + 2
    print_wrapped(failure.why, console, space)
    if answer.about:
        code = f" (slimport explain {answer.rule})" if answer.rule else ""
        print_wrapped(f"{answer.about}{code}", console, space)
    for way in failure.do:
        _print_way(way, console, space)


def _print_way(text: str, console: Console, indent: int) -> None:
    print_wrapped(text, console, indent, "-> ")
