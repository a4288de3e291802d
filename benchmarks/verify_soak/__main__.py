"""Equal pairs with varied seeds, shapes, batches and inputs; no alarm may be raised.

    python -m benchmarks.verify_soak [--rounds N] [--old-python EXE] [--work FOLDER] [NAME]...

A round runs every pair once (40 cases) and is kept: a second call goes on with what is missing.
Legacy code is migrated by slimport; every third round runs it in a TensorFlow 1 graph, every fourth
has its old side under --old-python. Writes report.md with the largest differences by group, and
ends with 1 after an alarm. After a change of `slimport verify` take another folder.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from benchmarks.verify_soak import table
from benchmarks.verify_soak.rounds import Round, Unsound


@click.command()
@click.argument("names", nargs=-1)
@click.option("--rounds", default=6, show_default=True, type=click.IntRange(1))
@click.option("--first", default=0, show_default=True, help="Number of the first round.")
@click.option("--old-python", help="Interpreter with TensorFlow 1.15, for every fourth round.")
@click.option(
    "--work",
    default=Path("build/verify-soak"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
)
def main(
    names: tuple[str, ...], rounds: int, first: int, old_python: str | None, work: Path
) -> None:
    """Runs rounds that are not done yet, and prints what all of them say."""
    work = work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(first, first + rounds):
        try:
            found = Round(work, number, old_python, names).run()
        except Unsound as error:
            raise click.ClickException(str(error)) from error
        rows += [{**row, "seed": number} for row in found]
        alarms = sum(row["status"] != "equal" for row in found)
        click.echo(f"round {number}: {len(found)} pairs, {alarms} alarms", err=True)
    text = table.markdown(rows)
    (work / "report.md").write_text(text, "utf-8")
    click.echo(text)
    sys.exit(any(row["status"] != "equal" for row in rows))


if __name__ == "__main__":
    main()
