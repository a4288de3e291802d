"""The report as annotations of GitHub Actions, and as the summary of a step.

GitHub shows ten annotations of a kind for each step and drops the others without a word: these
are said in one notice, and stand in the log and in the summary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slimport.report.findings import Finding, Kind, counted, findings
from slimport.report.model import Report
from slimport.report.roots import Roots

SHOWN = 10


def to_github(report: Report, roots: Roots | None = None) -> str:
    """Workflow commands, a line each, for the standard output of a step."""
    roots = roots or Roots()
    found = findings(report)
    of_kind = {kind: [item for item in found if item.kind is kind] for kind in Kind}
    lines: list[str] = []
    rest: list[Finding] = []
    for kind, command in ((Kind.ERROR, "error"), (Kind.LEFT, "warning")):
        lines += [_command(command, item, roots) for item in of_kind[kind][:SHOWN]]
        rest += of_kind[kind][SHOWN:]
    notices = [*_changes(of_kind[Kind.CHANGE]), *of_kind[Kind.NOTE]]
    lines += [_command("notice", item, roots) for item in notices[: SHOWN - 1]]
    rest += notices[SHOWN - 1 :]
    if rest:
        lines += _log(rest, roots)
    if report.failed or report.left or report.changed or rest:
        lines.append(f"::notice title=slimport::{_data(headline(report, len(rest)))}")
    return "".join(f"{line}\n" for line in lines)


def _changes(found: Sequence[Finding]) -> Iterator[Finding]:
    """One notice for each file: a file is rewritten as a whole."""
    by_file: dict[int, list[Finding]] = {}
    for item in found:
        by_file.setdefault(id(item.file), []).append(item)
    for items in by_file.values():
        codes = list(dict.fromkeys(item.code for item in items))
        references = counted(len(items), "reference")
        text = f"slimport can rewrite {references} here ({', '.join(codes)})"
        yield Finding(Kind.CHANGE, text, items[0].file, items[0].position)


def _command(command: str, item: Finding, roots: Roots) -> str:
    position = item.position
    properties: dict[str, object] = {}
    if item.file is not None:
        properties["file"] = roots.shown(item.file)
    if position is not None:
        properties["line"] = position.line
        if position.end_line:
            properties["endLine"] = position.end_line
        if position.column and position.end_line == position.line:  # GitHub's columns are of a line
            properties |= {"col": position.column, "endColumn": position.end_column}
    properties["title"] = f"slimport {item.code}".strip()
    said = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{command} {said}::{_data(item.placed)}"


def _log(rest: Sequence[Finding], roots: Roots) -> Iterator[str]:
    """What is not annotated, folded, in lines that GitHub takes for nothing but text."""
    yield f"::group::{len(rest)} more"
    for item in rest:
        line = f":{item.position.line}" if item.position is not None else ""
        place = f"{roots.shown(item.file)}{line}: " if item.file is not None else ""
        code = f"{item.code} " if item.code else ""
        yield f"  {' '.join(f'{place}{code}{item.advised}'.split())}"
    yield "::endgroup::"


def headline(report: Report, rest: int = 0) -> str:
    """The run in a sentence.

    Args:
        rest: findings that are not annotated.
    """
    count = sum(len(file.rewritten) for file in report.changed)
    verb = "rewritten" if report.written else "can be rewritten"
    parts = []
    if report.changed:
        where = counted(len(report.changed), "file")
        parts.append(f"{counted(count, 'reference')} in {where} {verb}")
    if report.left:
        parts.append(f"{report.left} left and marked" if report.written else f"{report.left} left")
    if report.failed:
        parts.append(f"{counted(len(report.failed), 'file')} failed")
    text = ", ".join(parts) or "nothing to rewrite"
    return f"{text}. {rest} of all are in the log and the summary alone." if rest else f"{text}."


def _data(text: str) -> str:
    """The message of a command: the rest of a line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A property's value, which a colon or a comma would end."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
