"""Old checkpoints into Keras models and back: ``python -m benchmarks.old_weights``.

For each row the old code writes a checkpoint with random values by name; `slimport weights` makes a
file of Keras of it, compares old and new on one image, and goes back; and every variable is
compared, bit by bit. Results are kept, the table is made of all of them.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import click

from benchmarks.old_weights import rows, table, trees
from benchmarks.old_weights.roundtrip import there_and_back


@click.command()
@click.argument("names", nargs=-1)
@click.option("--old-python", metavar="EXE", help="Interpreter with TensorFlow 1.15.")
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    default=trees.CACHE / "old-weights",
    show_default=True,
    help="Folder outside the repository for trees, checkpoints and results.",
)
@click.option("--keep", is_flag=True, help="Keep the checkpoints and the files of Keras.")
@click.option("--write", type=click.Path(dir_okay=False, path_type=Path), help="Write the table.")
def main(
    names: tuple[str, ...], old_python: str | None, work: Path, keep: bool, write: Path | None
) -> None:
    """Runs the rows (all, or those whose names hold one of NAMES), one at a time."""
    work = work.resolve()
    chosen = rows.chosen(names, with_old=old_python is not None)
    found = trees.trees(work, {rows.NETWORKS[row.network].tree for row in chosen})
    results = work / "results"
    results.mkdir(parents=True, exist_ok=True)
    for row in chosen:
        folder = work / "rows" / row.name
        tree = found[rows.NETWORKS[row.network].tree]
        outcome = there_and_back(row, tree, folder, old_python)
        if not keep and not outcome.error:
            shutil.rmtree(folder)
        data = json.dumps(dataclasses.asdict(outcome), indent=1)
        (results / f"{row.name}.json").write_text(data)
        click.echo(table.line(outcome))
    text = table.page(results)
    (write or work / "table.md").write_text(text)
    click.echo(text)


if __name__ == "__main__":
    main()
