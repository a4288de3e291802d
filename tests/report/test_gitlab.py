"""GitLab's code quality report: what its documentation asks for, at the right lines."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from slimport.report import faces
from slimport.report.model import FileReport, Report, Status
from tests.report.sample import program, reported


def entries(report: Report, root: Path) -> list[Any]:
    stream = io.StringIO()
    faces.write(report, "gitlab", stream, environment={"CI_PROJECT_DIR": str(root)})
    found: list[Any] = json.loads(stream.getvalue())
    assert len({entry["fingerprint"] for entry in found}) == len(found)
    for entry in found:  # what GitLab's documentation asks for; it drops an entry that lacks it
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert all(entry[name] for name in ("description", "check_name", "fingerprint"))
        assert not entry["location"]["path"].startswith((".", "/"))
        assert entry["location"]["lines"]["begin"] >= 1
    return found


@pytest.mark.parametrize("write", [False, True])
def test_entries(tmp_path: Path, write: bool) -> None:
    root = program(tmp_path)
    found = entries(reported(root, write), root)
    assert [entry["severity"] for entry in found] == ["critical"] + ["major"] * 5 + (
        [] if write else ["minor"] * 2
    )
    for entry in found:
        lines = (root / entry["location"]["path"]).read_text("utf-8").splitlines()
        line = lines[entry["location"]["lines"]["begin"] - 1]
        assert "slim" in line
    assert found[0]["check_name"] == "slimport-error" and found[1]["check_name"] == "SLIM401"


def test_a_file_without_a_line_has_its_first(tmp_path: Path) -> None:
    report = Report("1", [FileReport("a b.py", Status.FAILED, error="no", root=str(tmp_path))])
    (entry,) = entries(report, tmp_path)
    assert entry["location"] == {"path": "a b.py", "lines": {"begin": 1}}
    assert entries(Report("1"), tmp_path) == []
