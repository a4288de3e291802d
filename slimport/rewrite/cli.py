"""`slimport rewrite`, the command. Imports nothing heavy until it runs."""

from __future__ import annotations

import difflib
import json
import sys
from pathlib import Path

import click


@click.command("rewrite")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a migrated copy of the tree here; the original stays.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if there is something to do.")
@click.option("--diff", is_flag=True, help="Write nothing; print the changes to standard output.")
@click.option(
    "--report",
    "report_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the report as JSON.",
)
@click.option(
    "--open-world",
    is_flag=True,
    help="Every public function may be called under scopes that are not in the tree.",
)
@click.option(
    "--target",
    type=click.Choice(["keras"]),
    help="keras: sessions are left behind, layers become plain keras.layers.",
)
@click.option(
    "--training",
    type=click.Choice(["fit"]),
    help="fit: loops that feed placeholders to a session train a Keras model, too.",
)
@click.option("-v", "--verbose", is_flag=True, help="Also list the form of each function.")
def rewrite_command(
    paths: tuple[Path, ...],
    out: Path | None,
    check: bool,
    diff: bool,
    report_file: Path | None,
    open_world: bool,
    target: str | None,
    training: str | None,
    verbose: bool,
) -> None:
    """Rewrite TF-Slim code at PATHS into Keras 3, in place.

    Exit codes: 0 all rewritten, 1 something was left and marked (or, with --check, there is
    something to do), 2 an error in some file.
    """
    from rich.console import Console

    from slimport.report.text import print_report
    from slimport.rewrite.command import Request, run

    if out is not None and len(paths) > 1:
        raise click.UsageError("--out takes one path")
    request = Request(
        paths,
        out,
        write=not (check or diff),
        open_world=open_world,
        target=target,
        training=training,
    )
    result = run(request)
    if diff:
        for name, old, new in result.changes():
            sys.stdout.writelines(_diff(name, old, new))
    report = result.report
    print_report(report, Console(stderr=True, highlight=False, emoji=False), verbose)
    if report_file is not None:
        report_file.write_text(json.dumps(report.to_json(), indent=2) + "\n", encoding="utf-8")
    if report.failed:
        sys.exit(2)
    sys.exit(1 if report.left or ((check or diff) and report.changed) else 0)


def _diff(name: str, old: bytes, new: bytes) -> list[str]:
    before = old.decode("utf-8", "replace").splitlines(keepends=True)
    after = new.decode("utf-8", "replace").splitlines(keepends=True)
    return list(difflib.unified_diff(before, after, f"a/{name}", f"b/{name}"))
