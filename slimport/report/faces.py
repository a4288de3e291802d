"""The one way to every face of a report."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from slimport.config import FORMATS
from slimport.report.model import Report

#: JSON Schema of the JSON report, draft 2020-12.
SCHEMA_FILE = Path(__file__).with_name("rewrite-report.schema.json")


def write(
    report: Report,
    face: str,
    stream: TextIO,
    *,
    verbose: bool = False,
    then: Sequence[str] = (),
    exit_code: int = 0,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Writes a report.

    Args:
        face: one of `FORMATS`. The report for GitHub also goes into the summary of its step.
        stream: where to; colours are used on a terminal alone.
        verbose: whether the text also lists each function and each reference.
        then: what the text says that a reader may do next, after its own advice.
        exit_code: what the command ends with.
        environment: what a build server says of itself.

    Raises:
        ValueError: no such face.
    """
    if face == "text":
        _write_text(report, stream, verbose, then)
    elif face == "github":
        _write_github(report, stream, environment)
    elif face in FORMATS:
        data = _data(report, face, exit_code, environment)
        # ASCII, so that every stream can hold it.
        stream.write(json.dumps(data, indent=2) + "\n")
    else:
        raise ValueError(f"no face {face!r}; there are {', '.join(FORMATS)}")


def _write_text(report: Report, stream: TextIO, verbose: bool, then: Sequence[str]) -> None:
    from rich.console import Console

    from slimport.report.text import print_report

    console = Console(file=stream, highlight=False, emoji=False)
    print_report(report, console, verbose, then)


def _data(report: Report, face: str, exit_code: int, environment: Mapping[str, str]) -> object:
    """The faces that are JSON."""
    if face == "json":
        return report.to_json()
    from slimport.report.gitlab import to_gitlab
    from slimport.report.roots import Roots
    from slimport.report.sarif import to_sarif

    roots = Roots.of(environment)
    return to_sarif(report, exit_code, roots) if face == "sarif" else to_gitlab(report, roots)


def _write_github(report: Report, stream: TextIO, environment: Mapping[str, str]) -> None:
    from slimport.report.github import headline, to_github
    from slimport.report.markdown import repository_link, to_markdown
    from slimport.report.roots import Roots

    roots = Roots.of(environment)
    _put(stream, to_github(report, roots))
    summary = environment.get("GITHUB_STEP_SUMMARY")
    if not summary:
        return
    # Lines of files that were just written are in no commit.
    link = "" if report.written else repository_link(environment)
    page = to_markdown(report, headline(report), roots, link)
    try:
        with Path(summary).open("a", encoding="utf-8") as file:
            _put(file, f"{page}\n")
    except OSError as error:  # the files are written by now: that outcome is the run's
        _put(stream, f"::notice title=slimport::no summary: {error.strerror}\n")


def _put(stream: TextIO, text: str) -> None:
    """Writes what a stream can hold; a path that is no UTF-8 has lone surrogates."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
