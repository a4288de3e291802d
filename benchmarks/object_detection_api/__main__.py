"""The TF Object Detection API, old against migrated: ``python -m benchmarks.object_detection_api``.

Downloads the API's source distribution, rewrites it, builds every row's old graph and its migrated
form with the same random weights by name, compares them as `slimport verify` does, and writes one
table. Answers are kept by the content of what gave them, so that a second run costs what changed.
"""

from __future__ import annotations

import json
import os
import traceback
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import click

from benchmarks.object_detection_api import rows, table, tree
from slimport.verify import run

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))


@click.command()
@click.argument("names", nargs=-1)
@click.option("--groups", default="".join(rows.GROUPS), show_default=True, help="Groups of rows.")
@click.option("--jobs", default=2, show_default=True, help="Rows at a time.")
@click.option("--timeout", default=1200.0, show_default=True, help="Seconds per row and side.")
@click.option("--old-python", metavar="EXE", help="Interpreter with TensorFlow 1.15.")
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    default=CACHE / "slimport" / "object-detection-api",
    show_default=True,
    help="Folder outside the repository for sources, answers and results.",
)
@click.option("--write", type=click.Path(dir_okay=False, path_type=Path), help="Write the table.")
def main(
    names: tuple[str, ...],
    groups: str,
    jobs: int,
    timeout: float,
    old_python: str | None,
    work: Path,
    write: Path | None,
) -> None:
    """Runs the rows (all, those of GROUPS, or those whose names hold one of NAMES)."""
    legacy = tree.legacy_tree(work)
    migrated = tree.migrated_tree(work, legacy)
    click.echo(table.of_rewrite(migrated))
    chosen = rows.chosen(groups, names)
    settings = run.Settings(old_python=old_python, timeout=timeout, cache=work / "answers", jobs=1)
    results = work / ("results" if old_python is None else "results-tf1")
    results.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(jobs) as pool:
        begun = [
            pool.submit(_rows, batch, legacy, migrated.folder, settings)
            for batch in rows.batches(chosen)
        ]
        for found in (row for future in as_completed(begun) for row in future.result()):
            place = results / (found["name"].replace("/", "-") + ".json")
            place.write_text(json.dumps(found, indent=1))
            click.echo(table.line(found))
    kept = [json.loads(path.read_text()) for path in sorted(results.glob("*.json"))]
    text = table.of_rows(kept, migrated)
    (write or work / "table.md").write_text(text)
    click.echo(text)


def _rows(
    batch: list[dict[str, Any]], legacy: Path, migrated: Path, settings: run.Settings
) -> list[dict[str, Any]]:
    """Runs some rows in one set of workers; whatever happens is their result."""
    try:
        result = run.verify_cases(rows.case_file(batch, legacy, migrated), settings)
        return [rows.summary(case) for case in result.cases]
    except Exception:  # rows that cannot even be started must not end the others
        text = traceback.format_exc()
        return [{"name": case["name"], "status": "failed", "error": text} for case in batch]


if __name__ == "__main__":
    main()
