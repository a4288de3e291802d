"""Migrated models beside the graphs that they replace: ``python -m benchmarks.models``.

Each network's old graph and its migrated model live in processes that take turns, so that whatever
else the machine does hits both alike; what counts are ratios.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from benchmarks import pages
from benchmarks.models import measure, results, table
from benchmarks.models.rows import chosen
from benchmarks.models.trees import Trees
from benchmarks.models.turns import FormError, Limits

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))


@click.command()
@click.argument("names", nargs=-1)
@click.option("--checkout", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--plain", is_flag=True, help="Also with keras.layers.BatchNormalization.")
@click.option("--serve/--no-serve", default=True, help="One image, and a batch.")
@click.option("--frozen/--no-frozen", default=True, help="Variables as constants, too.")
@click.option("--steps/--no-steps", default=True, help="Training steps, too.")
@click.option("--control/--no-control", default=True, help="The old graph beside itself, too.")
@click.option("--ways/--no-ways", default=True, help="Called bare and by predict, too.")
@click.option("--size", type=int, help="Height and width of all images, for a quick look.")
@click.option("--seconds", default=20.0, show_default=True, help="For each kind of run.")
@click.option("--old-python", metavar="EXE", help="Interpreter with TensorFlow 1.15.")
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    default=CACHE / "slimport" / "models",
    show_default=True,
    help="Folder outside the repository for trees, logs and results.",
)
@click.option("--as-they-are", is_flag=True, help="Take the migrated trees of the last run.")
@click.option(
    "--write",
    is_flag=True,
    help="Keep the results of the folder for docs/performance.md, and write its tables.",
)
@click.option("--tables-only", is_flag=True, help="Measure nothing: of what is there already.")
def main(
    names: tuple[str, ...],
    checkout: Path | None,
    plain: bool,
    serve: bool,
    frozen: bool,
    steps: bool,
    control: bool,
    ways: bool,
    size: int | None,
    seconds: float,
    old_python: str | None,
    work: Path,
    as_they_are: bool,
    write: bool,
    tables_only: bool,
) -> None:
    """Measures the networks (all, or those whose names hold one of NAMES)."""
    work.mkdir(parents=True, exist_ok=True)
    folder = work / "results"
    settings = measure.Settings(
        work=work / "processes",
        forms=(*measure.NEW, *(["plain"] if plain else [])),
        serve=serve,
        frozen=frozen,
        steps=steps,
        control=control,
        ways=ways,
        limits=Limits(seconds=seconds),
        old_python=old_python,
    )
    trees = Trees(checkout, work, as_they_are)
    rows = [] if tables_only else chosen(names, size)
    for row in rows:
        click.echo(row.name, err=True)
        try:
            found = measure.measure(row, trees.of(row), settings)
        except FormError as error:
            click.echo(f"  {error}", err=True)
            continue
        results.keep(folder, found)
        click.echo(table.lines(found))
    if write:
        for found in results.kept(folder):
            results.keep(results.SHOWN, found)
        pages.put("performance.md", "models", table.tables(results.kept(results.SHOWN)))
    else:
        click.echo(table.tables(results.kept(folder)))


if __name__ == "__main__":
    main()
