"""`slimport scan`: what a tree and an environment hold, before anything is touched."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

    from slimport.scan.diagnosis import Diagnosis
    from slimport.scan.model import Tree


@click.command("scan")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--open-world",
    is_flag=True,
    help="Every public function may be called under scopes that are not in the tree.",
)
@click.option(
    "--target", type=click.Choice(["keras"]), help="keras: as if sessions were left behind."
)
@click.option(
    "--training",
    type=click.Choice(["fit"]),
    help="fit: loops that feed placeholders train a Keras model, too.",
)
@click.option(
    "--environment/--no-environment",
    default=None,
    help="What is installed, and what that can run; alone, or after PATHS (default).",
)
@click.option("--python", metavar="EXE", help="The interpreter to ask (default: the active one).")
@click.option(
    "--import", "tries", is_flag=True, help="Also import TensorFlow and slim, to show what fails."
)
@click.option(
    "--explain-error",
    "message",
    metavar="TEXT",
    help="What is behind an error message, or a log of them; - reads standard input.",
)
@click.option(
    "--output-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: the same as data.",
)
@click.option("-v", "--verbose", is_flag=True, help="Each API, file, function and package.")
def scan_command(
    paths: tuple[Path, ...],
    open_world: bool,
    target: str | None,
    training: str | None,
    environment: bool | None,
    python: str | None,
    tries: bool,
    message: str | None,
    output_format: str,
    verbose: bool,
) -> None:
    """Say what PATHS hold, and what would become of it. Nothing is written, nothing of it runs.

    Exit codes: 0, also where something would be left; 1 --explain-error does not know the
    message; 2 an error in some file, or no answer of an interpreter.
    """
    if message is not None:
        if paths or environment or python or tries:
            raise click.UsageError("--explain-error goes alone")
        sys.exit(_explain(message, output_format))
    if environment is False and (python or tries):
        raise click.UsageError("--python and --import belong to --environment")
    asks = environment is not False
    if not paths and not (environment or python or tries):
        raise click.UsageError("say PATHS, --environment or --explain-error")
    from slimport.rewrite.plan import Options

    options = Options(open_world=open_world, target=target, training=training)
    trees, errors = _trees(paths, options)
    diagnosis, error = _diagnosis(python, tries) if asks else (None, "")
    errors += [error] if error else []
    if output_format == "json":
        _print_json(trees, diagnosis)
    else:
        _print(trees, diagnosis, verbose, alone=not paths)
    for text in errors:
        click.echo(f"error: {text}", err=True)
    sys.exit(2 if errors or any(tree.refused for tree in trees) else 0)


def _trees(paths: tuple[Path, ...], options: Any) -> tuple[list[Tree], list[str]]:
    from slimport.scan.inventory import scan_tree

    trees, errors = [], []
    for path in paths:
        try:
            trees.append(scan_tree(path, options))
        except FileNotFoundError as error:
            errors.append(str(error))
    return trees, errors


def _diagnosis(python: str | None, tries: bool) -> tuple[Diagnosis | None, str]:
    from slimport.scan.diagnosis import diagnose
    from slimport.scan.environment import CannotAsk, ask, interpreter, try_imports

    try:
        found = ask(*interpreter(python))
    except CannotAsk as error:
        return None, str(error)
    return diagnose(found, try_imports(found) if tries else []), ""


def _explain(message: str, output_format: str) -> int:
    from slimport.scan.failures import explain_error

    text = sys.stdin.read() if message == "-" else message
    answers = explain_error(text)
    if output_format == "json":
        found = [
            {"id": answer.failure.id, "title": answer.failure.title, "line": answer.line,
             "why": answer.failure.why, "about": answer.about, "rule": answer.rule,
             "do": list(answer.failure.do)}
            for answer in answers
        ]  # fmt: skip
        click.echo(json.dumps({"schema": "slimport.error/1", "answers": found}, indent=2))
    elif answers:
        from slimport.scan.environment_text import print_answers

        print_answers(answers, _console())
    else:
        click.echo("no entry knows this message; slimport scan --environment looks at versions")
    return 0 if answers else 1


def _print_json(trees: list[Tree], diagnosis: Diagnosis | None) -> None:
    from slimport import __version__
    from slimport.scan.model import SCHEMA

    data = {
        "schema": SCHEMA,
        "version": __version__,
        "trees": [tree.to_json() for tree in trees],
        "environment": diagnosis.to_json() if diagnosis is not None else None,
    }
    click.echo(json.dumps(data, indent=2))


def _print(trees: list[Tree], diagnosis: Diagnosis | None, verbose: bool, alone: bool) -> None:
    from slimport.scan.text import print_tree

    console = _console()
    for tree in trees:
        print_tree(tree, console, verbose)
        console.print()
    if diagnosis is not None:
        from slimport.scan.environment_text import print_environment

        print_environment(diagnosis, console, verbose or alone)


def _console(**options: Any) -> Console:
    from rich.console import Console

    return Console(highlight=False, emoji=False, **options)
