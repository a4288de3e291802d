"""The report as a code quality report, which GitLab shows beside the lines of a merge request."""

from __future__ import annotations

from typing import Any

from slimport.report.findings import Finding, Kind, findings
from slimport.report.fingerprints import fingerprints
from slimport.report.model import Report
from slimport.report.roots import Roots

_SEVERITIES = {Kind.ERROR: "critical", Kind.LEFT: "major", Kind.CHANGE: "minor", Kind.NOTE: "info"}


def to_gitlab(report: Report, roots: Roots | None = None) -> list[dict[str, Any]]:
    """One entry for each finding that has a file."""
    roots = roots or Roots()
    shown = [i for i in findings(report) if i.kind in _SEVERITIES and i.file is not None]
    marks = fingerprints(shown, roots)
    return [_entry(item, mark, roots) for item, mark in zip(shown, marks, strict=True)]


def _entry(item: Finding, mark: str, roots: Roots) -> dict[str, Any]:
    assert item.file is not None
    return {
        "description": item.placed,
        "check_name": item.code or f"slimport-{item.kind}",
        "fingerprint": mark,
        "severity": _SEVERITIES[item.kind],
        "location": {
            "path": roots.shown(item.file),
            "lines": {"begin": item.position.line if item.position is not None else 1},
        },
    }
