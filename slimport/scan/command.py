"""`slimport scan`: what a tree and an environment hold, before anything is touched."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slimport.options import (
    config_options,
    exclusion_options,
    program_options,
    selection_options,
)

if TYPE_CHECKING:
    from rich.console import Console

    from slimport.scan.diagnosis import Diagnosis
    from slimport.scan.model import Tree


@click.command("scan")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@program_options
@selection_options
@exclusion_options
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
@click.option("--jobs", type=click.IntRange(1), help="Processes at once; as many as help.")
@config_options
@click.option("-v", "--verbose", is_flag=True, help="Each API, file, function and package.")
def scan_command(**given: Any) -> None:
    """Say what PATHS hold, and what would become of it. Nothing is written, nothing of it runs.

    PATHS are files and folders; a file is read with all others of its program. Without PATHS those
    of [tool.slimport] in pyproject.toml, or the current folder.

    Exit codes: 0, also where something would be left; 1 --explain-error does not know the
    message; 2 an error in some file, or no answer of an interpreter.
    """
    if given["message"] is not None:
        if given["paths"] or given["environment"] or given["python"] or given["tries"]:
            raise click.UsageError("--explain-error goes alone")
        sys.exit(_explain(given["message"], given["output_format"]))
    if given["environment"] is False and (given["python"] or given["tries"]):
        raise click.UsageError("--python and --import belong to --environment")
    alone = given["environment"] and not given["paths"]
    trees, errors = ([], []) if alone else _trees(given)
    diagnosis, error = None, ""
    if given["environment"] is not False:
        diagnosis, error = _diagnosis(given["python"], given["tries"])
    errors += [error] if error else []
    if given["output_format"] == "json":
        _print_json(trees, diagnosis)
    else:
        _print(trees, diagnosis, given["verbose"], bool(alone))
    for text in errors:
        click.echo(f"error: {text}", err=True)
    sys.exit(2 if errors or any(tree.refused for tree in trees) else 0)


def _trees(given: Mapping[str, Any]) -> tuple[list[Tree], list[str]]:
    """The inventory of each program that was asked for, and what is wrong with the paths."""
    from slimport.rewrite.asked import Asked
    from slimport.rewrite.extent import Wanted, extents
    from slimport.rewrite.garbage import one_by_one
    from slimport.rewrite.progress import Bar
    from slimport.scan.inventory import scan_extent

    asked = Asked.of(given, next(iter(given["paths"]), Path()))
    errors = [f"{path}: no such file or directory" for path in asked.paths if not path.exists()]
    paths = tuple(path for path in asked.paths if path.exists())
    options = asked.options
    wanted = Wanted(
        paths,
        asked.config.folder,
        asked.excludes,
        bool(asked.value("force_exclude")),
        asked.suffixes,
        selected=bool(asked.selection),
    )
    found = extents(wanted)
    names = [", ".join(map(str, paths))] if len(found) == 1 else [str(e.root) for e in found]
    trees = []
    with Bar("reading") as bar:
        for name, extent in one_by_one(zip(names, found, strict=True)):
            below = [p for p in paths if p.absolute().is_relative_to(extent.root.absolute())]
            trees.append(scan_extent(name, extent, options, below, given["jobs"], bar.update))
    return trees, errors


def _diagnosis(python: str | None, tries: bool) -> tuple[Diagnosis | None, str]:
    from slimport.scan.diagnosis import diagnose
    from slimport.scan.environment import CannotAsk, ask, interpreter
    from slimport.scan.imports import try_imports

    try:
        found = ask(*interpreter(python))
    except CannotAsk as error:
        return None, str(error)
    return diagnose(found, try_imports(found) if tries else []), ""


def _explain(message: str, output_format: str) -> int:
    from slimport.scan.failures import explain_error

    text = _stdin() if message == "-" else message
    answers = explain_error(text)
    if output_format == "json":
        data = [answer.to_json() for answer in answers]
        click.echo(json.dumps({"schema": "slimport.error/1", "answers": data}, indent=2))
    elif answers:
        from slimport.scan.environment_text import print_answers

        print_answers(answers, _console())
    else:
        click.echo("no entry knows this message; slimport scan --environment looks at versions")
    return 0 if answers else 1


def _stdin() -> str:
    return sys.stdin.buffer.read().decode("utf-8", "replace")


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


def _console() -> Console:
    from rich.console import Console

    # A path may hold what the terminal has no characters for, or no characters at all.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    return Console(highlight=False, emoji=False)
