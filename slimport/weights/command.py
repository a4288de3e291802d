"""`slimport weights`, the command. Imports nothing heavy until it runs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from slimport.weights.conversion import Tick

_PATH = click.Path(path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)

MISSING = "slimport weights needs TensorFlow and Keras 3: pip install 'slimport[weights]'"


def _arguments(context: click.Context, option: click.Parameter, text: str | None) -> dict[str, Any]:
    from slimport.weights.blueprint import keyword_arguments

    try:
        return keyword_arguments(text or "")
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _inputs(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> Any:
    from slimport.weights.blueprint import parse_input

    try:
        return tuple(parse_input(text) for text in given)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _pairs(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> Any:
    if not all("=" in text for text in given):
        raise click.BadParameter("is not of the form OUTPUT=TENSOR")
    return dict(text.split("=", 1) for text in given)


def _scopes(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> Any:
    """Scopes in the file by those of the model, of which each is said once."""
    found: dict[str, str] = {}
    for text in given:
        file, equals, model = (part.strip("/") for part in text.partition("="))
        if not equals or model in found:
            raise click.BadParameter(f"{text} is not of the form FILE=MODEL, or says MODEL again")
        found[model] = file
    return found


@click.command("weights")
@click.argument("source", type=_PATH)
@click.option("--inspect", is_flag=True, help="List the file's variables and what each is for.")
@click.option("--model", metavar="PKG.MODULE:FUNCTION", help="Returns the Keras model.")
@click.option("--args", metavar="NAME=VALUE,...", callback=_arguments, help="Its arguments.")
@click.option(
    "--input",
    "inputs",
    metavar="SHAPE[:DTYPE]",
    multiple=True,
    callback=_inputs,
    help="For a function that takes tensors and builds a network: None,224,224,3.",
)
@click.option("--arg-scope", metavar="PKG.MODULE:FUNCTION", help="What it is built under.")
@click.option("--arg-scope-args", metavar="NAME=VALUE,...", callback=_arguments)
@click.option("--path", "paths", type=_PATH, multiple=True, help="Where imports begin; repeatable.")
@click.option("--out", type=_FILE, help="Write *.weights.h5 or *.keras.")
@click.option("--to-checkpoint", type=_PATH, metavar="PREFIX", help="Write a TF 1 checkpoint.")
@click.option("--step", type=int, help="global_step of that checkpoint.")
@click.option("--ema", is_flag=True, help="Take the moving averages.")
@click.option("--slots", is_flag=True, help="Carry the optimizer's state over, too.")
@click.option("--like", type=_PATH, help="An old checkpoint that has the names of slots.")
@click.option(
    "--scope",
    metavar="FILE=MODEL",
    multiple=True,
    callback=_scopes,
    help="A scope of the file that has another name in the model; either may be empty.",
)
@click.option("--partial", is_flag=True, help="Load what fits by name and shape; list the rest.")
@click.option("--verify", is_flag=True, help="Run old and new once on the same image.")
@click.option("--old", type=_PATH, help="Old side: a graph (.pb, SavedModel, .meta) or the tree.")
@click.option("--old-model", metavar="PKG.MODULE:FUNCTION", help="Its function in that tree.")
@click.option("--old-path", "old_paths", type=_PATH, multiple=True, help="More import roots there.")
@click.option(
    "--training-argument",
    metavar="NAME",
    default="is_training",
    show_default=True,
    help="What the old function is told False by, where --args does not say it.",
)
@click.option("--old-input", metavar="TENSOR", help="Its input in that graph.")
@click.option("--old-output", metavar="OUTPUT=TENSOR", multiple=True, callback=_pairs)
@click.option("--old-python", metavar="EXE", help="Interpreter of the old side (TF 1.15).")
@click.option("--image", type=_FILE, help="What both see; random numbers without it.")
@click.option("--range", "limits", type=(float, float), default=(-1.0, 1.0), show_default=True)
@click.option("--overwrite", is_flag=True, help="Replace files that are there.")
@click.option("--json", "json_file", type=_FILE, help="Write what was found as JSON.")
def weights_command(source: Path, inspect: bool, json_file: Path | None, **given: Any) -> None:
    """Bring old weights into a migrated model, and back.

    SOURCE is a checkpoint of TensorFlow 1 (its prefix, or its folder), a SavedModel, a frozen
    graph, or for --to-checkpoint a file of Keras. Exit status: 0 every variable has its value
    (with --partial: those that fit), 1 something does not fit or cannot be read, and nothing is
    written; 2 wrong usage.
    """
    sys.argv = sys.argv[:1]  # a tree may read flags of its own when it is imported or called
    # TensorFlow's notes on its kernels are not what was asked for.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if given["verify"]:  # oneDNN sums in another order than the old side's kernels
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    if inspect:
        sys.exit(_inspect(source, json_file))
    try:
        from slimport.weights import errors, memory, run, text
    except ModuleNotFoundError as error:
        raise click.UsageError(f"{MISSING} ({error})") from error
    try:
        memory.return_what_is_freed()
        result = run.run(_request(source, given), _bar)
    except ModuleNotFoundError as error:
        raise click.UsageError(f"{MISSING} ({error})") from error
    except (errors.WeightsError, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    text.print_result(result, given["partial"], _console(stderr=False))
    if json_file is not None:
        _write_json(json_file, text.to_json(result))
    is_equal = result.check is None or result.check.status == "equal"
    sys.exit(0 if result.is_done and is_equal else 1)


def _request(source: Path, given: dict[str, Any]) -> Any:
    from slimport.weights.blueprint import Blueprint
    from slimport.weights.conflicts import conflicts
    from slimport.weights.images import Shown
    from slimport.weights.keras_files import is_keras_file
    from slimport.weights.request import Request

    out, checkpoint = given["out"], given["to_checkpoint"]
    if given["model"] is None:
        raise click.UsageError("give --model package.module:function, or --inspect")
    if out is None and checkpoint is None:
        raise click.UsageError("give --out FILE or --to-checkpoint PREFIX")
    for text in conflicts(given, source if is_keras_file(source) else None):
        raise click.UsageError(text)
    if out is not None and not out.name.endswith((".weights.h5", ".keras")):
        raise click.UsageError(f"--out {out}: the name must end in .weights.h5 or .keras")
    blueprint = Blueprint(
        given["model"],
        given["args"],
        given["inputs"],
        given["arg_scope"],
        given["arg_scope_args"],
        (*given["paths"], Path()),
    )
    names = ("slots", "like", "partial", "overwrite", "step")
    settings = {name: given[name] for name in names}
    if given["verify"]:
        settings["old"] = _old(source, given)
        settings["shown"] = Shown(given["image"], *given["limits"])
    settings["scopes"] = given["scope"]
    return Request(source, blueprint, out, checkpoint, given["ema"], **settings)


def _old(source: Path, given: dict[str, Any]) -> Any:
    from slimport.weights.check import Old
    from slimport.weights.old_graphs import is_graph

    path = given["old"] or (source if is_graph(source) else None)
    if path is None:
        raise click.UsageError("--verify needs --old: a graph (.pb, SavedModel, .meta) or the tree")
    if not path.exists():
        raise click.UsageError(f"--old {path} is not there")
    return Old(
        path,
        entry=given["old_model"],
        input=given["old_input"],
        outputs=given["old_output"],
        python=given["old_python"],
        paths=tuple(str(path.resolve()) for path in given["old_paths"]),
        switch=given["training_argument"],
    )


def _inspect(source: Path, json_file: Path | None) -> int:
    try:
        from slimport.weights import inventory, sources

        found = sources.open_source(source)
    except ModuleNotFoundError as error:
        raise click.UsageError(f"{MISSING} ({error})") from error
    except sources.SourceError as error:
        click.echo(f"Error: {error}", err=True)
        return 1
    inventory.print_inventory(found, _console(stderr=False))
    if json_file is not None:
        _write_json(json_file, inventory.to_json(found))
    return 0


def _console(stderr: bool) -> Any:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, emoji=False)


@contextmanager
def _bar(doing: str, size: int) -> Iterator[Tick]:
    """A progress bar on a terminal; nothing elsewhere."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    console = _console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as p:
        task = p.add_task(doing, total=size)
        yield lambda name, done: p.advance(task, done)


def _write_json(path: Path, data: Any) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    click.echo(f"wrote {path}", err=True)
