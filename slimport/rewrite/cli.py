"""`slimport rewrite`, the command. Imports nothing heavy until it runs."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slimport.config import FORMATS
from slimport.options import (
    config_options,
    exclusion_options,
    program_options,
    selection_options,
)
from slimport.rewrite.asked import Asked

if TYPE_CHECKING:
    from slimport.report.model import Report
    from slimport.rewrite.command_result import CommandResult
    from slimport.rewrite.extent import Wanted

_FILE = click.Path(dir_okay=False, path_type=Path)
STDIN = Path("-")
#: As `slimport.rewrite.extent` calls standard input without a place.
NOWHERE = Path("<stdin>")
#: Exit status after Ctrl-C, as shells have it.
INTERRUPTED = 130

_CODES = re.compile(r"\s*SLIM\d{0,3}(\s*,\s*SLIM\d{0,3})*\s*", re.IGNORECASE)
_SHARD = re.compile(r"\d+/\d+")


@click.command("rewrite")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a migrated copy of the tree here; the original stays.",
)
@click.option("--overwrite", is_flag=True, help="--out may be a folder that holds files.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if there is something to do.")
@click.option("--diff", is_flag=True, help="Write nothing; print the changes as a patch.")
@click.option(
    "--stdin-filename",
    type=click.Path(path_type=Path),
    help="Where the code from standard input (-) belongs; the file need not be there.",
)
@program_options
@selection_options
@exclusion_options
@click.option(
    "--alone",
    is_flag=True,
    help="Write the files that are given though others of their program would change, too.",
)
@click.option(
    "--allow-dirty", is_flag=True, help="Write over changes that git could not bring back."
)
@click.option(
    "--notebooks/--no-notebooks", default=None, help="Whether notebooks are rewritten, too."
)
@click.option(
    "--module-cell/--no-module-cell",
    default=None,
    help="Whether a notebook that comes alone carries the written module in a cell.",
)
@click.option(
    "--python2/--no-python2",
    default=None,
    help="Whether files of Python 2 are converted also where nothing in them is rewritten.",
)
@click.option(
    "--output-format",
    type=click.Choice(FORMATS),
    help="Of the report: text to standard error, all others to standard output.",
)
@click.option("--report", "report_file", type=_FILE, help="Also write the report as JSON.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 where it would be 1.")
@click.option("--jobs", type=click.IntRange(1), help="Processes at once; as many as help.")
@click.option(
    "--shard", metavar="I/N", help="The I-th of N shares of the files; with --check or --diff."
)
@config_options
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("-v", "--verbose", is_flag=True, help="Also list each reference and function.")
def rewrite_command(**given: Any) -> None:
    """Rewrite TF-Slim code at PATHS into Keras 3, in place.

    PATHS are files and folders; `-` is standard input, whose new code goes to standard output.
    Without PATHS those of [tool.slimport] in pyproject.toml, or the current folder. A file is read
    with all others of its program, and written alone.

    Exit codes: 0 nothing is left to do, 1 something was left and marked (or, with --check or
    --diff, something would change), 2 an error, 130 interrupted.
    """
    from slimport.files.signals import Ended, ending_cleanly

    try:
        with ending_cleanly():
            code = _Invocation.of(given).run()
    except (Ended, KeyboardInterrupt) as error:
        click.echo("interrupted: every file is as it was, or as it is to be", err=True)
        sys.exit(error.code if isinstance(error, Ended) else INTERRUPTED)
    except (click.ClickException, BrokenPipeError):
        raise
    except Exception as error:
        from slimport.rewrite.failures import in_words

        click.echo(f"error: {in_words(error)}", err=True)
        sys.exit(2)
    sys.exit(code)


@dataclass(frozen=True)
class _Invocation:
    """One invocation of the command."""

    given: Mapping[str, Any]
    asked: Asked
    paths: tuple[Path, ...]

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> _Invocation:
        """Reads the configuration, and refuses what does not go together."""
        paths: tuple[Path, ...] = given["paths"]
        if STDIN in paths:
            _check_stdin(given)
        elif given["stdin_filename"] is not None:
            raise click.UsageError("--stdin-filename goes with `-`")
        start = given["stdin_filename"] or next((p for p in paths if p != STDIN), Path())
        asked = Asked.of(given, start)
        if STDIN in paths:
            paths = (given["stdin_filename"] or NOWHERE,)
        found = cls(given, asked, paths or asked.paths)
        found._check()
        return found

    def _check(self) -> None:
        given = self.given
        if self.out is not None and len(self.paths) > 1:
            raise click.UsageError("--out takes one path")
        if given["overwrite"] and self.out is None:
            raise click.UsageError("--overwrite goes with --out")
        if given["diff"] and self.face != "text":
            text = f"--diff and --output-format {self.face} both go to standard output"
            raise click.UsageError(text)
        if given["shard"] is not None and not _SHARD.fullmatch(given["shard"]):
            raise click.UsageError(f"--shard: {given['shard']!r} is not of the form I/N")
        if given["shard"] is not None and self.writes:
            raise click.UsageError("--shard goes with --check or --diff: a share is not written")

    @property
    def is_stdin(self) -> bool:
        return STDIN in self.given["paths"]

    @property
    def writes(self) -> bool:
        return not (self.given["check"] or self.given["diff"] or self.is_stdin)

    @property
    def out(self) -> Path | None:
        found = self.asked.value("out") if self.writes else None
        return Path(found) if found is not None else None

    @property
    def face(self) -> str:
        return str(self.asked.value("output_format") or "text")

    @cached_property
    def stdin(self) -> bytes | None:
        """What came from standard input, which can be read once."""
        return sys.stdin.buffer.read() if self.is_stdin else None

    def run(self) -> int:
        """Runs the command; the exit code."""
        result = self._clean() or self._rewritten()
        report = result.report
        if self.given["diff"]:
            _print_patch(result)
        elif self.is_stdin and not self.given["check"] and not report.failed:
            _print_code(result, self.stdin)
        code = self._exit_code(report)
        self._print(result, code)
        file = self.given["report_file"]
        if file is not None:
            _write_report(file, report)
        return code

    def _exit_code(self, report: Report) -> int:
        if report.failed:
            return 2
        would_change = bool(self.given["check"] or self.given["diff"]) and bool(report.changed)
        return int(bool(report.left or would_change) and not self.given["exit_zero"])

    def _wanted(self) -> Wanted:
        from slimport.rewrite.extent import Wanted

        return Wanted(
            self.paths,
            self.asked.config.folder,
            self.asked.excludes,
            bool(self.asked.value("force_exclude")),
            self.asked.suffixes,
            self.given["alone"],
            copied=self.out is not None,
            stdin=self.stdin,
            selected=bool(self.asked.selection),
        )

    def _clean(self) -> CommandResult | None:
        """The answer for files that have nothing to do with slim, which is known at once."""
        from slimport.rewrite.clean import clean_result

        # A name has to be looked up, which loads the rules.
        is_known = all(_CODES.fullmatch(text) for text in self.asked.selection)
        is_plain = is_known and self.out is None and not self.asked.value("python2")
        return clean_result(self._wanted()) if is_plain else None

    def _rewritten(self) -> CommandResult:
        from slimport.rewrite.command import Request, UnknownFunction, run
        from slimport.rewrite.progress import Bar
        from slimport.rewrite.shards import Shard

        given = self.given
        if self.out is not None:
            self._check_target(self.out)
        try:
            shard = Shard.parse(given["shard"]) if given["shard"] is not None else None
        except ValueError as error:
            raise click.UsageError(f"--shard: {error}") from error
        if given["verbose"]:
            import logging

            logging.basicConfig(level=logging.INFO, format="%(message)s")
        with Bar(quiet=given["quiet"]) as bar:
            request = Request(
                self.paths,
                self.out,
                write=self.writes,
                options=self.asked.options,
                wanted=self._wanted(),
                allow_dirty=given["allow_dirty"],
                jobs=self.asked.value("jobs"),
                shard=shard,
                progress=bar.update,
            )
            try:
                return run(request)
            except UnknownFunction as error:
                raise click.UsageError(f"{self.asked.config.file}: {error}") from error

    def _check_target(self, out: Path) -> None:
        from slimport.files.copy import CannotCopy, check_target

        if self.paths[0].exists():
            try:
                check_target(self.paths[0], out, self.given["overwrite"])
            except CannotCopy as error:
                raise click.UsageError(f"--out: {error}") from error

    def _print(self, result: CommandResult, code: int) -> None:
        from slimport.report import faces

        report = result.report
        if self.face != "text":
            faces.write(report, self.face, sys.stdout, exit_code=code)
        elif self.given["quiet"]:
            for file in report.failed:
                click.echo(f"error: {file.shown}: {file.error}", err=True)
        else:
            from slimport.rewrite.next_step import comparison

            step = comparison(result, self.paths, self.out, not self.given["allow_dirty"])
            then, verbose = [step] if step is not None else [], self.given["verbose"]
            faces.write(report, "text", sys.stderr, verbose=verbose, then=then, exit_code=code)


def _check_stdin(given: Mapping[str, Any]) -> None:
    if len(given["paths"]) > 1:
        raise click.UsageError("`-` goes alone")
    if given["out"] is not None:
        raise click.UsageError("`-` writes to standard output: no --out")
    faces = given["output_format"] not in (None, "text")
    if faces and not given["check"]:
        raise click.UsageError(
            "with `-` standard output has the code: --output-format needs --check"
        )


def _print_patch(result: CommandResult) -> None:
    from slimport.report.diff import patch
    from slimport.rewrite.terminal import colored

    paint = colored(sys.stdout)
    for name, old, new in result.changes():
        for line in patch(name, old, new):
            sys.stdout.buffer.write(paint(line))
    sys.stdout.buffer.flush()


def _print_code(result: CommandResult, old: bytes | None) -> None:
    changed = [data for tree in result.trees for path, data in tree.outputs.items()
               if path.as_posix() not in tree.report.written_modules]  # fmt: skip
    sys.stdout.buffer.write(changed[0] if changed else old or b"")
    sys.stdout.buffer.flush()


def _write_report(file: Path, report: Report) -> None:
    from slimport.report import faces

    try:
        with file.open("w", encoding="utf-8") as stream:
            faces.write(report, "json", stream)
    except OSError as error:
        click.echo(f"error: --report {file}: {error.strerror}", err=True)
        sys.exit(2)
