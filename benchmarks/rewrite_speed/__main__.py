"""How fast `slimport rewrite` is, as ratios to what is measured beside it in the same run.

    python -m benchmarks.rewrite_speed [TREE...] [--runs N] [--networks N]

Without trees it measures one that it generates. Prints a table in Markdown: seconds, and the ratio
that counts, which hardly depends on the machine.
"""

from __future__ import annotations

import platform
import tempfile
from pathlib import Path

import click

from benchmarks.rewrite_speed import measure
from benchmarks.rewrite_speed.trees import generate
from slimport.files.discover import discover
from slimport.rewrite.parallel import usable_cpus


@click.command()
@click.argument("trees", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--runs", default=3, show_default=True, help="The quickest of as many counts.")
@click.option("--networks", default=40, show_default=True, help="In the generated tree.")
@click.option("--upgrade/--no-upgrade", default=True, help="Also run tf_upgrade_v2.")
def main(trees: tuple[Path, ...], runs: int, networks: int, upgrade: bool) -> None:
    """Measures, and prints the table."""
    upgrade = upgrade and measure.has_upgrade()
    click.echo(f"CPython {platform.python_version()}, {usable_cpus()} processors, best of {runs}\n")
    click.echo("| tree | against | slimport | other | ratio |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        copies = [measure.copied(tree, Path(folder)) for tree in trees]
        for tree in copies or [generate(Path(folder, "generated"), networks)]:
            files = discover(tree)
            size = sum(path.stat().st_size for path in files) / 1e6
            name = f"{tree.name}: {len(files)} files, {size:.1f} MB"
            _print(name, [measure.against_libcst(tree, runs)])
            if upgrade:
                _print(name, measure.against_upgrade(tree, runs))
            _print(name, [measure.against_one_process(tree, runs)])
    _print("one file", measure.check_of_a_clean_file(runs))


def _print(name: str, rows: list[measure.Row]) -> None:
    for row in rows:
        numbers = f"{row.ours:.2f} s | {row.other:.2f} s | {row.ratio:.2f}"
        click.echo(f"| {name} | {row.what} | {numbers} |")


if __name__ == "__main__":
    main()
