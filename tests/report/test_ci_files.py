"""The files for build servers: few rights, and commands that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from slimport.cli import main
from slimport.report.faces import FORMATS

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "ci"
FILES = ["github-rewrite.yml", "gitlab-rewrite.yml"]


def load(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text("utf-8"))


def commands(value: Any) -> list[str]:
    """The shell lines of a file that run slimport."""
    if isinstance(value, dict):
        return [line for item in value.values() for line in commands(item)]
    if isinstance(value, list):
        return [line for item in value for line in commands(item)]
    return [value] if isinstance(value, str) and " --" in value and "slimport " in value else []


@pytest.mark.parametrize("name", FILES)
def test_the_commands_have_options_that_exist(name: str) -> None:
    rewrite = main.get_command(click.Context(main), "rewrite")
    assert rewrite is not None
    known = {option for parameter in rewrite.params for option in parameter.opts}
    found = commands(load(name))
    assert found
    for command in found:
        assert {word for word in command.split() if word.startswith("--")} <= known
        (face,) = re.findall(r"--output-format (\w+)", command)
        assert face in FORMATS and command.startswith("slimport rewrite --check ")


def test_jobs_on_github_have_the_rights_they_need() -> None:
    file = load("github-rewrite.yml")
    assert file["permissions"] == {}
    assert set(file[True]) == {"pull_request", "push"}  # YAML reads `on` as true
    rights = {name: job["permissions"] for name, job in file["jobs"].items()}
    assert rights == {
        "annotations": {"contents": "read"},
        "code-scanning": {"contents": "read", "security-events": "write"},
    }
    for job in file["jobs"].values():
        assert job["steps"][0]["with"]["persist-credentials"] is False
        assert not any("${{" in step.get("run", "") for step in job["steps"])
    upload = file["jobs"]["code-scanning"]["steps"][-1]["with"]["sarif_file"]
    assert any(f"> {upload} " in command for command in commands(file))


def test_gitlab_takes_the_report_that_is_written() -> None:
    job = load("gitlab-rewrite.yml")["slimport-rewrite"]
    assert job["artifacts"]["when"] == "always"
    assert job["script"][0].endswith(f"> {job['artifacts']['reports']['codequality']}")
