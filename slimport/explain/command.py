"""`slimport rules` and `slimport explain`: what the tool does, told by the tool."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

    from slimport.explain.find import Found
    from slimport.rewrite.rule import Rule

_FORMAT = click.option(
    "--output-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: the same as data.",
)


@click.command("rules")
@_FORMAT
def rules_command(output_format: str) -> None:
    """List all rules: code, name, and what becomes what."""
    from slimport.rewrite.registry import all_rules

    rules = all_rules()
    if output_format == "json":
        _print_json({"schema": "slimport.rules/1", "rules": [_data(rule) for rule in rules]})
        return
    _print_table(rules)


@click.command("explain")
@click.argument("asked", nargs=-1, required=True, metavar="RULE|API|MARK...")
@_FORMAT
def explain_command(asked: tuple[str, ...], output_format: str) -> None:
    """Explain a rule: what becomes what, numbers, what is refused and why.

    Ask by code (SLIM101), by name (conv2d), by API in any spelling (slim.conv2d,
    tf.contrib.layers.conv2d), or with the text of a mark from your code. Exit code 2: unknown.
    """
    from slimport.explain.find import find, nearest

    text = " ".join(asked)
    found = find(text)
    if found is None:
        click.echo(f"no rule has the code, name or API {text!r}", err=True)
        close = nearest(text)
        if close:
            click.echo(f"near it: {', '.join(close)}", err=True)
        sys.exit(2)
    if output_format == "json":
        _print_json({"schema": "slimport.rule/1", **_answer(found)})
    else:
        _print_text(found)


def _data(rule: Rule) -> dict[str, Any]:
    from slimport.explain.families import family_of
    from slimport.rewrite.marked import MarkedRule
    from slimport.rewrite.registry import module_of

    return {
        "code": rule.code,
        "name": rule.name,
        "family": family_of(rule).title,
        "summary": rule.summary,
        "apis": [api for api in rule.apis if "." in api],
        "details": rule.details,
        "numbers": rule.numbers,
        "only_marks": isinstance(rule, MarkedRule),
        "refuses": [
            {"reason": refusal.reason, "why": refusal.why, "advice": refusal.advice}
            for refusal in rule.refuses
        ],
        "examples": [
            {"title": example.title, "before": example.before, "after": example.after}
            for example in rule.examples
        ],
        "source": module_of(rule),
    }


def _answer(found: Found) -> dict[str, Any]:
    from slimport.explain.answers import answer

    said = answer(found)
    return {**_data(found.rule), **({"answer": said} if said else {})}


def _print_json(data: dict[str, Any]) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def _print_table(rules: tuple[Rule, ...]) -> None:
    """A table for each family; one line for each rule where a program reads it."""
    from rich import box
    from rich.table import Table

    from slimport.explain.families import grouped

    console = _console()
    if not console.is_terminal:
        for rule in rules:
            click.echo(f"{rule.code}  {rule.name:<29}{rule.summary}")
        return
    for family, members in grouped(rules):
        table = Table(box=box.SIMPLE_HEAD, title=family.title, title_justify="left")
        table.add_column("code", no_wrap=True, style="bold")
        table.add_column("name", no_wrap=True, min_width=min(28, console.width // 4))
        table.add_column("what becomes what", ratio=1, overflow="fold")
        for rule in members:
            table.add_row(rule.code, rule.name, rule.summary)
        console.print(table)
    console.print(f"{len(rules)} rules. One of them: slimport explain {rules[0].code}")


def _print_text(found: Found) -> None:
    """Markdown as it is where nobody looks, so that it can be piped into a file."""
    from slimport.explain.answers import answer
    from slimport.explain.markdown import page

    console = _console()
    said = answer(found)
    text = page(found.rule)
    if said:
        head, _, rest = text.partition("\n\n")
        text = f"{head}\n\n> {said}\n\n{rest}"
    if not console.is_terminal:
        click.echo(text, nl=False)
        return
    from rich.markdown import Markdown

    console.print(Markdown(text, code_theme="ansi_light", hyperlinks=False))


def _console() -> Console:
    from rich.console import Console
    from rich.theme import Theme

    # Rich sets code on black, which is a box in a light terminal.
    theme = Theme({"markdown.code": "bold cyan"})
    return Console(highlight=False, emoji=False, markup=False, theme=theme)
