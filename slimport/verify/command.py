"""`slimport verify`, the command. Imports nothing heavy until it runs."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from slimport.verify.result import VerifyResult
    from slimport.verify.run import Settings
    from slimport.verify.running.news import Progress

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)

_ASKED = ("cases", "old", "new", "base", "write_cases")

#: Exit status after Ctrl-C, as shells have it.
INTERRUPTED = 130

MISSING = (
    "slimport verify needs TensorFlow, tf-keras, tf-slim, jinja2 and matplotlib: "
    "pip install 'slimport[verify]'"
)


#: What every run imports somewhere; the legacy side may be another interpreter's.
_NEEDED = ("numpy", "tensorflow", "keras")
_FOR_HTML = ("jinja2", "matplotlib")


@click.command("verify")
@click.argument(
    "cases", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@click.option("--old", type=_FOLDER, help="Root of the legacy tree.")
@click.option("--new", type=_FOLDER, help="Root of the migrated tree.")
@click.option("--base", metavar="REV", help="Take the legacy tree from this git revision.")
@click.option("--write-cases", type=_FILE, help="Write the cases that were found, to be kept.")
@click.option("--old-python", metavar="EXE", help="Interpreter of the old side (TF 1.15).")
@click.option("--old-worker", type=_FILE, help="Script that answers on the old side.")
@click.option("--case", "only", metavar="NAME", multiple=True, help="Run this case; repeatable.")
@click.option("--seed", type=int, help="Seed of weights and inputs.")
@click.option("--timeout", type=float, default=900.0, show_default=True, help="Seconds per case.")
@click.option("--jobs", type=click.IntRange(1), help="Workers at once; as the machine allows.")
@click.option("--memory", type=click.FloatRange(0), metavar="GIB", help="All workers together.")
@click.option("--isolated", is_flag=True, help="Give each case workers of its own.")
@click.option("--float64", is_flag=True, help="Compute everything in double precision, too.")
@click.option("--bisect", is_flag=True, help="Search on behind the first divergence.")
@click.option("--cost", is_flag=True, help="Measure time and memory of both sides in turns.")
@click.option("--cost-case", "cost_cases", metavar="NAME", multiple=True, help="Of this one only.")
@click.option("--keep", type=_FOLDER, help="Keep requests, answers and logs in this folder.")
@click.option("--cache", type=_FOLDER, help="Folder of answers, used while nothing has changed.")
@click.option("--no-cache", is_flag=True, help="Run every case, and keep no answers.")
@click.option("--json", type=_FILE, help="Write the result as JSON.")
@click.option("--markdown", type=_FILE, help="Write a short report for a pull request.")
@click.option("--html", type=_FILE, help="Write the full report, one self-contained page.")
def verify_command(**given: Any) -> None:
    """Prove on numbers that migrated code computes what the legacy code did.

    CASES is a TOML file that names entry points, arguments and input shapes; without it functions
    that take a tensor and build layers are found, tried, and printed as such a file. Both trees run
    in processes of their own, with the same random weights by variable name. Exit status: 0 every
    case is equal, 1 a case differs, fails or compared nothing, 2 wrong usage.
    """
    _check_installed(*_NEEDED, *(_FOR_HTML if given["html"] else ()))
    from slimport.verify.faces import report_files

    files = {name: given[name] for name in ("json", "markdown", "html")}
    try:
        report_files.check(files)
        result = _compared(given)
        _print(result)
        _print_cases(result, given["write_cases"])
        for path in report_files.write(result, files):
            _say(f"wrote {path}")
    except OSError as error:  # a folder that cannot be made, a disk that is full
        raise click.UsageError(str(error)) from error
    except KeyboardInterrupt:
        _say("interrupted")
        sys.exit(INTERRUPTED)
    sys.exit(0 if result.is_equal else 1)


def _check_installed(*names: str) -> None:
    """Says what is missing before anything runs: workers and pages ask for it late."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise click.UsageError(f"{MISSING} (no module named {', '.join(missing)})")


def _compared(given: Mapping[str, Any]) -> VerifyResult:
    """Runs what the command line asks for."""
    from slimport.verify import comparison, run
    from slimport.verify.case_files.git_base import GitError
    from slimport.verify.case_files.tables import CaseFileError
    from slimport.verify.faces import progress

    try:
        with progress.shown() as watched:
            settings = _settings(given, watched)
            asked = comparison.Asked(**{name: given[name] for name in _ASKED})
            return comparison.compare(asked, settings, _say)
    except (CaseFileError, GitError, run.UsageError) as error:
        raise click.UsageError(str(error)) from error


def _settings(given: Mapping[str, Any], progress: Progress) -> Settings:
    """The settings of a run: each option that is named as one of their fields."""
    from slimport.verify import run
    from slimport.verify.running.cache import default_folder

    names = {field.name for field in dataclasses.fields(run.Settings)}
    options = {name: value for name, value in given.items() if name in names}
    options["cache"] = None if given["no_cache"] else given["cache"] or default_folder()
    return run.Settings(**options, progress=progress)


def _say(text: str) -> None:
    click.echo(text, err=True)


def _print_cases(result: VerifyResult, written: Path | None) -> None:
    """Shows the cases that were found, unless they are in a file."""
    if written is not None:
        _say(f"wrote {written}")
    elif result.case_text:
        click.echo("\nThe cases, to be kept in a file (--write-cases FILE) and given next time:\n")
        click.echo(result.case_text)


def _print(result: VerifyResult) -> None:
    from slimport.verify.faces.text import console_of_command, print_result

    print_result(result, console_of_command())
