"""The report as SARIF 2.1.0, which code scanning and editors read.

There are no `fixes`: one reference cannot be rewritten by itself, since its imports, the calls
around it and the module of layer factories go with it. `slimport rewrite` makes them all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from typing import Any

from slimport.report.findings import Finding, Kind, findings
from slimport.report.fingerprints import fingerprints
from slimport.report.model import Position, Report
from slimport.report.roots import Roots, full_path

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
#: Stands for the root of the repository; who reads the file knows where it is.
SRCROOT = "SRCROOT"
#: The rule of a file that could not be rewritten at all.
FAILED = "slimport-error"
FINGERPRINT = "slimportFinding/v1"

_LEVELS = {
    Kind.ERROR: "error",
    Kind.LEFT: "warning",
    Kind.CHANGE: "note",
    Kind.IGNORED: "note",
    Kind.NOTE: "note",
}
#: What code scanning asks of each rule, where a finding is of no rule of slimport's.
_NO_RULE = (
    "A place that no rule of its own stands for.",
    "The message says what was found here.",
)
_IGNORES = re.compile(rb"#.*slimport:\s*ignore", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{(\d+)\}")
_LINK = re.compile(r"\[(?=[^\[\]]*\]\()")


def to_sarif(report: Report, exit_code: int = 0, roots: Roots | None = None) -> dict[str, Any]:
    """The report as one SARIF log."""
    roots = roots or Roots()
    found = findings(report)
    said = [item for item in found if item.kind is not Kind.NOTE]
    rules = _rules(said)
    indices = {rule["id"]: index for index, rule in enumerate(rules)}
    marks = fingerprints(said, roots)
    results = [
        {**_result(item, roots, indices), "partialFingerprints": {FINGERPRINT: mark}}
        for item, mark in zip(said, marks, strict=True)
    ]
    notes = [item for item in found if item.kind is Kind.NOTE]
    run = {
        "tool": {"driver": _driver(report.version, rules)},
        "invocations": [_invocation(notes, exit_code, roots)],
        "originalUriBaseIds": {SRCROOT: {"description": {"text": "Root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": report.summary() | {"written": report.written},
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _driver(version: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    driver: dict[str, Any] = {"name": "slimport", "version": version}
    home = _project_url("Homepage") or _project_url("Repository")
    if home:
        driver["informationUri"] = home
    return {**driver, "rules": rules}


def _rules(found: Sequence[Finding]) -> list[dict[str, Any]]:
    """The rules that something was found for, by their code."""
    codes = sorted({_rule_of(item) for item in found} - {FAILED})
    rules = [_rule(code) for code in codes]
    if any(item.kind is Kind.ERROR for item in found):
        rules.append(_failure())
    return rules


def _rule_of(item: Finding) -> str:
    if item.kind is Kind.ERROR:
        return FAILED
    return item.code or f"slimport-{item.kind}"


def _rule(code: str) -> dict[str, Any]:
    # Rules are many: they are loaded where a face tells of them, not at the start.
    from slimport.explain import markdown
    from slimport.explain.find import find

    known = find(code)
    if known is None:
        return _described(code, _pascal(code), *_NO_RULE)
    rule = known.rule
    headline = markdown.headline(rule)
    details = rule.details or headline
    data = _described(code, _pascal(rule.name), headline, details)
    data["help"]["markdown"] = markdown.page(rule)
    data["defaultConfiguration"] = {"level": "warning"}
    data["properties"] = {"tags": ["migration", "tensorflow", "keras"], "slug": rule.name}
    docs = _project_url("Documentation")
    if docs:
        data["helpUri"] = f"{docs.rstrip('/')}/rules/{code}.html"
    return data


def _failure() -> dict[str, Any]:
    return {
        **_described(
            FAILED,
            "FileNotRewritten",
            "A file could not be read, rewritten or written.",
            "The file stays as it was; the message says why."
            " Correct what it names, or exclude the file.",
        ),
        "defaultConfiguration": {"level": "error"},
    }


def _described(code: str, name: str, short: str, full: str) -> dict[str, Any]:
    """What code scanning asks of each rule; none of the texts may be empty."""
    return {
        "id": code,
        "name": name,
        "shortDescription": _text(short),
        "fullDescription": _text(full),
        "help": _text(full),
    }


def _result(item: Finding, roots: Roots, indices: dict[str, int]) -> dict[str, Any]:
    rule = _rule_of(item)
    data: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": indices[rule],
        "level": _LEVELS[item.kind],
        "message": {"text": _message(item.advised)},
        "locations": _locations(item, roots),
    }
    if item.kind is Kind.IGNORED:
        data["suppressions"] = [{"kind": "inSource" if _has_comments(item) else "external"}]
    data["properties"] = {"kind": item.kind.value} | ({"api": item.api} if item.api else {})
    return data


def _has_comments(item: Finding) -> bool:
    """Whether the file itself says what is ignored; otherwise options or the configuration do."""
    try:
        return item.file is not None and bool(_IGNORES.search(full_path(item.file).read_bytes()))
    except OSError:
        return False


def _invocation(notes: Sequence[Finding], exit_code: int, roots: Roots) -> dict[str, Any]:
    return {
        "executionSuccessful": exit_code in (0, 1),
        "exitCode": exit_code,
        "toolExecutionNotifications": [
            {
                "level": "note",
                "message": {"text": _message(note.text)},
                **({"locations": _locations(note, roots)} if note.file is not None else {}),
            }
            for note in notes
        ],
    }


def _locations(item: Finding, roots: Roots) -> list[dict[str, Any]]:
    if item.file is None:
        return []
    uri, inside = roots.uri(item.file)
    artifact = {"uri": uri, **({"uriBaseId": SRCROOT} if inside else {})}
    physical: dict[str, Any] = {"artifactLocation": artifact}
    if item.position is not None:
        physical["region"] = _region(item.position)
    elif item.kind is Kind.ERROR:
        physical["region"] = {"startLine": 1}  # code scanning shows no result without a line
    location: dict[str, Any] = {"physicalLocation": physical}
    if item.position is not None and item.position.place:
        location["message"] = {"text": item.position.place}
    return [location]


def _region(position: Position) -> dict[str, int]:
    region = {
        "startLine": position.line,
        "startColumn": position.column,
        "endLine": position.end_line,
        "endColumn": position.end_column,
    }
    return {name: value for name, value in region.items() if value}


@cache
def _project_url(label: str) -> str:
    """An address out of the package's metadata, empty where it names none."""
    try:
        urls = metadata.metadata("slimport").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        return ""
    pairs = (url.partition(",") for url in urls)
    return next((url.strip() for name, _, url in pairs if name.strip() == label), "")


def _pascal(slug: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[\W_]+", slug))


def _text(text: str) -> dict[str, str]:
    return {"text": _message(" ".join(text.split()))}


def _message(text: str) -> str:
    """Plain text, in which neither ``{0}`` nor ``[text](target)`` means what SARIF takes it for."""
    return _LINK.sub(lambda found: "\\" + found.group(), _PLACEHOLDER.sub(r"{{\1}}", text))
