"""The files for build servers: few rights, and one comment that is replaced."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import sample_results
import yaml

from slimport.verify.command import verify_command
from slimport.verify.faces.markdown import marker, to_markdown

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "ci"

#: Stands for `gh`: answers with comments.json where it is asked for comments, and notes its call.
GH = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$*" in
  *--jq*) for last; do :; done; jq -r "$last" "$COMMENTS" ;;
  *) cp comment.md "$BODY" ;;
esac
"""
CURL = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$*" in *--data-urlencode*) cp note.md "$BODY" ;; *) cat "$COMMENTS" ;; esac
"""


def load(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text("utf-8"))


@pytest.fixture
def github() -> Any:
    return load("github-verify.yml")


@pytest.fixture
def gitlab() -> Any:
    return load("gitlab-verify.yml")


def command_of(steps: list[str]) -> str:
    return next(step for step in steps if step.startswith("slimport verify"))


def test_the_commands_have_options_that_exist(github: Any, gitlab: Any) -> None:
    known = {name for option in verify_command.params for name in option.opts}
    runs = [step.get("run", "") for step in github["jobs"]["verify"]["steps"]]
    for command in (command_of(runs), command_of(gitlab["slimport-verify"]["script"])):
        assert "\n" not in command.strip()
        used = {word for word in command.split() if word.startswith("--")}
        assert used == {"--base", "--cache", "--json", "--markdown", "--html"}
        assert used <= known


def test_what_runs_code_of_a_pull_request_may_only_read(github: Any) -> None:
    jobs = github["jobs"]
    assert github["permissions"] == {}
    assert set(github[True]) == {"pull_request"}  # YAML reads `on` as true
    assert jobs["verify"]["permissions"] == {"contents": "read"}
    assert jobs["comment"]["permissions"] == {"pull-requests": "write"}
    assert not any("checkout" in step.get("uses", "") for step in jobs["comment"]["steps"])
    assert jobs["verify"]["steps"][0]["with"]["persist-credentials"] is False
    # What others may choose the text of gets into a shell as a variable alone.
    runs = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    assert not any("${{" in run for run in runs)


def test_the_comment_is_found_by_the_first_line_of_the_report(github: Any, gitlab: Any) -> None:
    result = sample_results.equal_run()
    assert to_markdown(result).splitlines()[0] == marker(result)
    assert github["jobs"]["comment"]["env"]["COMMENT"] == marker(result)
    assert gitlab["slimport-verify-note"]["variables"]["COMMENT"] == marker(result)


@pytest.mark.skipif(not all(map(shutil.which, ("jq", "bash"))), reason="needs jq and bash")
@pytest.mark.parametrize("server", ["github", "gitlab"])
@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("has_report", [True, False])
def test_one_comment_is_made_and_then_replaced(
    server: str, is_there: bool, has_report: bool, tmp_path: Path, request: Any
) -> None:
    loaded = request.getfixturevalue(server)
    if server == "github":
        job = loaded["jobs"]["comment"]
        script, mark, tool, stub = job["steps"][-1]["run"], job["env"]["COMMENT"], "gh", GH
        method = "--method PATCH repos/o/r/issues/comments/12" if is_there else "--method POST"
    else:
        job = loaded["slimport-verify-note"]
        script, mark, tool, stub = job["script"][-1], job["variables"]["COMMENT"], "curl", CURL
        method = "--request PUT" if is_there else "--request POST"
    user = {"type": "Bot"}
    other = {"id": 11, "body": f"no, I mean {mark}", "user": user}
    ours = {"id": 12, "body": f"{mark}\n### old", "user": user}
    comments = tmp_path / "comments.json"
    comments.write_text(json.dumps([other, ours] if is_there else [other]), "utf-8")
    (tmp_path / tool).write_text(stub, "utf-8")
    (tmp_path / tool).chmod(0o755)
    if has_report:
        (tmp_path / "slimport-verify").mkdir()
        report = to_markdown(sample_results.failing_run())
        (tmp_path / "slimport-verify" / "report.md").write_text(report, "utf-8")
    environment = {
        **{"CALLS": str(tmp_path / "calls"), "BODY": str(tmp_path / "body.md")},
        **{"COMMENTS": str(comments), "COMMENT": mark, "REPOSITORY": "o/r", "NUMBER": "7"},
        **{"RUN": "https://run", "CI_PIPELINE_URL": "https://run", "SLIMPORT_NOTE_TOKEN": "t"},
        **{"CI_API_V4_URL": "https://api", "CI_MERGE_REQUEST_PROJECT_ID": "1"},
        **{"CI_MERGE_REQUEST_IID": "7", "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    }
    command = ["bash", "-e", "-o", "pipefail", "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    calls = (tmp_path / "calls").read_text("utf-8").splitlines()
    assert len(calls) == 2 and method in calls[1]
    body = (tmp_path / "body.md").read_text("utf-8")
    assert body.startswith(f"{mark}\n### ❌ slimport verify")
    assert "https://run" in body
    assert ("2 of 4 cases not equal" in body) is has_report
