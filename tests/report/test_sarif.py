"""SARIF: valid, at the right places, the same marks after lines moved."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
import sarif_pydantic

from slimport.report.model import FileReport, LeftAlone, Report, Status
from slimport.report.roots import Roots
from slimport.report.sarif import FAILED, FINGERPRINT, SRCROOT, to_sarif
from slimport.rewrite.registry import all_rules
from tests.report.sample import program, reported

#: The schema that OASIS publishes, for those who have it: it is not part of this repository.
PUBLISHED = os.environ.get("SARIF_SCHEMA", "")


def checked(log: dict[str, Any]) -> Any:
    """The only run of a log, which is valid."""
    sarif_pydantic.Sarif.model_validate(json.loads(json.dumps(log)))
    if PUBLISHED:
        schema = json.loads(Path(PUBLISHED).read_text("utf-8"))
        validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
        validator.validate(log)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    for result in run["results"]:
        rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
    return run


def of(run: Any, level: str) -> list[Any]:
    return [result for result in run["results"] if result["level"] == level]


def physical(result: Any) -> Any:
    return result["locations"][0]["physicalLocation"]


@pytest.mark.parametrize("write", [False, True])
def test_levels_and_places(tmp_path: Path, write: bool) -> None:
    root = program(tmp_path)
    run = checked(to_sarif(reported(root, write), 2, Roots(root)))
    (failed,) = of(run, "error")
    assert failed["ruleId"] == FAILED and physical(failed)["region"] == {"startLine": 3}
    assert len(of(run, "warning")) == 5
    assert [r["ruleId"] for r in of(run, "note")] == ([] if write else ["SLIM101", "SLIM101"])
    assert run["columnKind"] == "unicodeCodePoints"
    for result in of(run, "warning"):
        place = physical(result)
        assert place["artifactLocation"] == {"uri": "my%20code/train.py", "uriBaseId": SRCROOT}
        region = place["region"]
        lines = (root / unquote(place["artifactLocation"]["uri"])).read_text("utf-8").split("\n")
        line = lines[region["startLine"] - 1]
        if region["endLine"] == region["startLine"]:
            found = line[region["startColumn"] - 1 : region["endColumn"] - 1]
            assert found == "slim.learning.tune"
        else:
            assert line.strip() == "(slim"
    assert run["invocations"][0]["executionSuccessful"] is False
    assert SRCROOT in run["originalUriBaseIds"]


def test_rules_come_with_their_pages(tmp_path: Path) -> None:
    run = checked(to_sarif(reported(program(tmp_path)), 2, Roots(tmp_path)))
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert set(rules) == {"SLIM101", "SLIM401", FAILED}
    assert rules["SLIM101"]["name"] == "Conv2d"
    assert rules["SLIM101"]["help"]["markdown"].startswith("# SLIM101 conv2d\n")
    assert "```python" in rules["SLIM101"]["help"]["markdown"]


def is_taken(rule: dict[str, Any]) -> bool:
    """Whether GitHub's code scanning takes a rule as its documentation has it: texts that are
    there and no longer than it allows, and no more tags than it shows."""
    texts = [rule[name]["text"] for name in ("shortDescription", "fullDescription")]
    return (
        all(0 < len(text) <= 1024 for text in texts)
        and 0 < len(rule["name"]) <= 255
        and bool(rule["help"]["text"])
        and len(rule.get("properties", {}).get("tags", [])) <= 10
    )


def test_code_scanning_takes_every_rule() -> None:
    codes = sorted({rule.code for rule in all_rules()})
    report = Report(
        "1", [FileReport("net.py", left=[LeftAlone(1, "slim.x", c, "why") for c in codes])]
    )
    rules = checked(to_sarif(report))["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == codes
    assert all(rule["help"]["markdown"].startswith(f"# {rule['id']} ") for rule in rules)
    assert [rule["id"] for rule in rules if not is_taken(rule)] == []


def test_code_scanning_takes_what_no_rule_stands_for(tmp_path: Path) -> None:
    root = str(tmp_path)
    files = [
        FileReport("a.py", Status.FAILED, error="no", root=root),
        FileReport("b.py", ignored=[LeftAlone(1, "", "", "the whole file")], root=root),
        FileReport("c.py", left=[LeftAlone(1, "", "", "why")], root=root),
    ]
    run = checked(to_sarif(Report("1", files), 2, Roots(tmp_path)))
    assert all(is_taken(rule) for rule in run["tool"]["driver"]["rules"])
    for result in run["results"]:
        assert result["message"]["text"] and len(result["locations"]) == 1
        assert result["partialFingerprints"]


def test_nothing_to_say(tmp_path: Path) -> None:
    (tmp_path / "clean.py").write_text("import os\n")
    run = checked(to_sarif(reported(tmp_path), 0, Roots(tmp_path)))
    assert run["results"] == [] and run["tool"]["driver"]["rules"] == []
    assert run["invocations"][0] == {
        "executionSuccessful": True,
        "exitCode": 0,
        "toolExecutionNotifications": [],
    }


def fingerprints(root: Path) -> list[str]:
    run = checked(to_sarif(reported(root), 1, Roots(root)))
    return [result["partialFingerprints"][FINGERPRINT] for result in run["results"]]


def test_fingerprints_stay_when_lines_move(tmp_path: Path) -> None:
    before = fingerprints(program(tmp_path))
    assert len(set(before)) == len(before) == 8
    for name in ("net.py", "train.py"):
        path = tmp_path / "my code" / name
        path.write_text(f"# A comment.\n\n{path.read_text('utf-8')}", "utf-8")
    broken = tmp_path / "my code" / "broken.py"
    broken.write_text(f"\n\n{broken.read_text()}")
    assert fingerprints(tmp_path) == before
    train = tmp_path / "my code" / "train.py"
    train.write_text(train.read_text("utf-8").replace("'/tmp', \"ü\"", "'/var'"), "utf-8")
    changed = set(before) ^ set(fingerprints(tmp_path))
    assert len(changed) == 2, "one line was edited: one old mark, one new"


def test_fingerprints_of_what_is_left_outlive_the_rewrite(tmp_path: Path) -> None:
    root = program(tmp_path)
    before, after = (
        checked(to_sarif(reported(root, write), 2, Roots(root))) for write in (False, True)
    )
    marks = [
        [r["partialFingerprints"][FINGERPRINT] for r in of(run, "warning")]
        for run in (before, after)
    ]
    assert marks[0] == marks[1]


def test_notes_are_notifications(tmp_path: Path) -> None:
    report = reported(program(tmp_path))
    report.notes = ["my code/net.py:6: look at {0} and [this](that)", "all of it"]
    run = checked(to_sarif(report, 1, Roots(tmp_path)))
    first, second = run["invocations"][0]["toolExecutionNotifications"]
    assert first["message"]["text"] == "look at {{0}} and \\[this](that)"
    assert physical(first)["region"] == {"startLine": 6}
    assert second == {"level": "note", "message": {"text": "all of it"}}


def test_a_file_outside_of_the_repository_has_a_whole_address(tmp_path: Path) -> None:
    root = program(tmp_path / "elsewhere")
    run = checked(to_sarif(reported(root), 2, Roots(tmp_path / "workspace")))
    place = physical(run["results"][0])["artifactLocation"]
    assert place["uri"].startswith("file:///") and "uriBaseId" not in place
    assert "my%20code" in place["uri"]


@pytest.mark.parametrize("name", ["a:b.py", "50%.py", "ü#?.py", "a b,c.py", "\udcff.py"])
def test_odd_names_are_uri_references(tmp_path: Path, name: str) -> None:
    report = Report("1", [FileReport(name, Status.FAILED, error="x", root=str(tmp_path))])
    run = checked(json.loads(json.dumps(to_sarif(report, 2, Roots(tmp_path)))))
    uri = physical(run["results"][0])["artifactLocation"]["uri"]
    assert unquote(uri, errors="surrogateescape") == name
    assert uri.isascii() and not set(uri) & set(" #?:")


def test_a_place_in_a_notebook_is_told_in_words(tmp_path: Path) -> None:
    left = LeftAlone(57, "slim.x", "SLIM999", "why", place="cell 3, line 2")
    report = Report("1", [FileReport("nb.ipynb", left=[left], root=str(tmp_path))])
    run = checked(to_sarif(report, 1, Roots(tmp_path)))
    (location,) = run["results"][0]["locations"]
    assert location["message"]["text"] == "cell 3, line 2"
    assert location["physicalLocation"]["region"] == {"startLine": 57}


def test_what_is_ignored_is_suppressed(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("slim.x  # slimport: ignore[SLIM999]\n")
    (tmp_path / "other.py").write_text("slim.x\n")
    ignored = [LeftAlone(1, "slim.x", "SLIM999", "why"), LeftAlone(1, "", "", "the whole file")]
    root = str(tmp_path)
    files = [FileReport(f"{name}.py", ignored=ignored, root=root) for name in ("net", "other")]
    run = checked(to_sarif(Report("1", files), 0, Roots(tmp_path)))
    kinds = [result["suppressions"][0]["kind"] for result in run["results"]]
    assert kinds == ["inSource", "inSource", "external", "external"]
    assert {result["ruleId"] for result in run["results"]} == {"SLIM999", "slimport-ignored"}
