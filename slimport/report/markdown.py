"""The report as Markdown: the summary of a step on GitHub, or a comment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from slimport.report.findings import Finding, Kind, findings
from slimport.report.model import Report
from slimport.report.roots import Roots

#: Rows of a table; GitHub refuses summaries of more than 1 MiB.
ROWS = 200
_SIGNS = re.compile(r"([\\`*_{}\[\]<>|~#])")


def to_markdown(report: Report, headline: str, roots: Roots, link: str = "") -> str:
    """A page.

    Args:
        headline: the outcome in a sentence.
        link: a format with ``{path}`` and ``{line}`` that leads to a line; empty for none.
    """
    found = findings(report)
    parts = ["### slimport rewrite\n", f"{text(headline)}\n"]
    titles = {
        Kind.ERROR: "Failed, and unchanged",
        Kind.LEFT: "Left",
        Kind.NOTE: "Notes",
        Kind.IGNORED: "Ignored in the source",
    }
    for kind, title in titles.items():
        items = [item for item in found if item.kind is kind]
        if items:
            parts.append(f"#### {title} ({len(items)})\n")
            parts.append("\n".join(_table(items, roots, link)) + "\n")
    counts = report.by_rule()
    if counts:
        parts.append("\n".join(_rules(counts)) + "\n")
    return "\n".join(parts)


def text(said: str) -> str:
    """Text in which no sign means anything, on one line."""
    return _SIGNS.sub(r"\\\1", " ".join(said.split()))


def repository_link(environment: Mapping[str, str]) -> str:
    """Where GitHub shows the lines of the commit that a workflow runs for."""
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA")
    server, repository, commit = (environment.get(name, "") for name in names)
    if not (server and repository and commit):
        return ""
    return f"{server}/{repository}/blob/{commit}/{{path}}#L{{line}}"


def _table(items: list[Finding], roots: Roots, link: str) -> Iterator[str]:
    coded = any(item.code for item in items)
    head = ("Place", "Rule", "What") if coded else ("Place", "What")
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for item in items[:ROWS]:
        cells = [_place(item, roots, link), *([item.code] if coded else []), text(item.advised)]
        yield f"| {' | '.join(cells)} |"
    if len(items) > ROWS:
        yield f"\n{len(items) - ROWS} more are in the log."


def _place(item: Finding, roots: Roots, link: str) -> str:
    if item.file is None:
        return ""
    name = roots.shown(item.file)
    line = item.position.line if item.position is not None else 0
    words = f" ({item.position.place})" if item.position is not None and item.position.place else ""
    shown = text(f"{name}:{line}" if line else name)
    uri, in_repository = roots.uri(item.file)
    if link and in_repository:
        address = link.format(path=uri, line=line or 1)
        return f"[{shown}]({address}){text(words)}"
    return f"{shown}{text(words)}"


def _rules(counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    yield f"<details><summary>By rule ({len(counts)})</summary>\n"
    yield "| Rule | Rewritten | Left |"
    yield "|---|---:|---:|"
    for code, count in counts.items():
        yield f"| {code} | {count['rewritten']} | {count['left']} |"
    yield "\n</details>"
