"""The report as Markdown: the summary of a step on GitHub, or a comment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from slimport.report.findings import Finding, Kind, counted, findings
from slimport.report.grouping import Group, groups
from slimport.report.model import Report
from slimport.report.roots import Roots

#: Reasons of a table, and places of all of them; GitHub refuses summaries of more than 1 MiB.
ROWS, PLACES = 200, 1000
#: As many places of a reason are shown; more are folded.
SHOWN = 10
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
    """A row for each reason, the most frequent one first, with all its places."""
    coded = any(item.code for item in items)
    head = ("Rule", "What", "Where") if coded else ("What", "Where")
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    room = PLACES
    for group in groups(items)[:ROWS]:
        shown = group.first(room)
        if shown.count:
            what = text(f"{group.said}; {group.advice}" if group.advice else group.said)
            cells = [*([group.code] if coded else []), what, _where(shown, roots, link)]
            yield f"| {' | '.join(cells)} |"
        room -= shown.count
    rest = len(items) - (PLACES - room)
    if rest:
        yield f"\n{rest} more are in the log."


def _where(group: Group, roots: Roots, link: str) -> str:
    """The places of a reason: a line for each file, behind the name of the API where it matters."""
    lines = []
    for api, items in group.by_api:
        by_file: dict[str, list[Finding]] = {}
        for item in items:
            by_file.setdefault(roots.shown(item.file) if item.file is not None else "", []).append(
                item
            )
        of_api = [", ".join(_places(found, roots, link)) for found in by_file.values()]
        if group.names_differ:
            of_api[0] = f"**{text(api)}** {of_api[0]}"
        lines += of_api
    whole = "<br>".join(lines)
    if group.count <= SHOWN:
        return whole
    return f"<details><summary>{counted(group.count, 'place')}</summary>{whole}</details>"


def _places(items: list[Finding], roots: Roots, link: str) -> Iterator[str]:
    """Places of one file, each once: its name is with the first."""
    for index, item in enumerate({item.place: item for item in items}.values()):
        yield _place(item, roots, link, named=index == 0)


def _place(item: Finding, roots: Roots, link: str, named: bool) -> str:
    if item.file is None:
        return ""
    name = roots.shown(item.file)
    line = item.position.line if item.position is not None else 0
    words = f" ({item.position.place})" if item.position is not None and item.position.place else ""
    place = f"{name}:{line}" if line else name
    shown = text(place if named or not line else str(line))
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
