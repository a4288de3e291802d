"""Whole repositories, old against migrated: ``python -m benchmarks.repositories --checkouts DIR``.

Copies each repository of `repositories.toml` from a folder of checkouts, rewrites the copy, imports
every file before and after, runs each entry on both sides as `slimport verify` does, and writes one
table. Answers of entries are kept by the content of what gave them.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import click

from benchmarks.repositories import listed, rows, table
from slimport.verify import run

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))


@click.command()
@click.argument("names", nargs=-1)
@click.option(
    "--checkouts",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of checkouts: owner+name, owner/name or name.",
)
@click.option(
    "--list",
    "list_file",
    default=listed.LIST,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML list of your own, in the form of repositories.toml.",
)
@click.option("--jobs", default=1, show_default=True, help="Repositories at a time.")
@click.option("--timeout", default=1200.0, show_default=True, help="Seconds per entry and side.")
@click.option("--old-python", metavar="EXE", help="Interpreter with TensorFlow 1.15.")
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    default=CACHE / "slimport" / "repositories",
    show_default=True,
    help="Folder outside the repository for trees, answers and results.",
)
@click.option("--write", type=click.Path(dir_okay=False, path_type=Path), help="Write the table.")
def main(
    names: tuple[str, ...],
    checkouts: Path,
    list_file: Path,
    jobs: int,
    timeout: float,
    old_python: str | None,
    work: Path,
    write: Path | None,
) -> None:
    """Runs the repositories of the list, or those whose names hold one of NAMES."""
    work = work.resolve()
    every = listed.load(list_file)
    settings = run.Settings(old_python=old_python, timeout=timeout, cache=work / "answers", jobs=1)
    results = work / ("results" if old_python is None else "results-tf1")
    results.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(jobs) as pool:
        begun = [
            pool.submit(rows.row, repository, checkouts, work / repository.folder, settings)
            for repository in listed.chosen(names, every)
        ]
        for future in as_completed(begun):
            found = future.result()
            place = results / (found["name"].replace("/", "+") + ".json")
            place.write_text(json.dumps(found, indent=1))
            click.echo(table.news(found))
    kept = [results / (repository.folder + ".json") for repository in every]
    text = table.of_rows([json.loads(path.read_text()) for path in kept if path.exists()])
    (write or work / "table.md").write_text(text)
    click.echo(text)


if __name__ == "__main__":
    main()
