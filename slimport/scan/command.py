"""`slimport scan`: the inventory, before anything is touched."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

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
    "--output-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: the same as data.",
)
@click.option("-v", "--verbose", is_flag=True, help="Each API, file and function.")
def scan_command(
    paths: tuple[Path, ...],
    open_world: bool,
    target: str | None,
    training: str | None,
    output_format: str,
    verbose: bool,
) -> None:
    """Say what PATHS hold and what would become of it. Nothing is written or run.

    Exit codes: 0, also where something would be left; 2 an error in some file.
    """
    from slimport.rewrite.plan import Options
    from slimport.scan.inventory import scan_tree
    from slimport.scan.model import SCHEMA, State

    options = Options(open_world=open_world, target=target, training=training)
    trees, missing = [], []
    for path in paths:
        try:
            trees.append(scan_tree(path, options))
        except FileNotFoundError as error:
            missing.append(str(error))
    if output_format == "json":
        data = {"schema": SCHEMA, "trees": [tree.to_json() for tree in trees]}
        click.echo(json.dumps(data, indent=2))
    else:
        _print(trees, verbose)
    for text in missing:
        click.echo(f"error: {text}", err=True)
    refused = any(file.state is State.REFUSED for tree in trees for file in tree.files)
    sys.exit(2 if missing or refused else 0)


def _print(trees: list[Tree], verbose: bool) -> None:
    from slimport.scan.text import print_tree

    console = _console()
    for tree in trees:
        print_tree(tree, console, verbose)


def _console(**options: Any) -> Console:
    from rich.console import Console

    return Console(highlight=False, emoji=False, **options)
