"""The hooks' manifest says what the command line has."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from slimport.cli import main

ROOT = Path(__file__).resolve().parents[2]
HOOKS: list[Any] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))


def test_the_two_hooks() -> None:
    assert [hook["id"] for hook in HOOKS] == ["slimport-check", "slimport-rewrite"]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_entry_is_a_command_that_exists(hook: Any) -> None:
    program, name, *options = hook["entry"].split()
    assert program == "slimport"
    command = main.get_command(click.Context(main), name)
    assert command is not None
    known = {option for parameter in command.params for option in parameter.opts}
    assert set(options) <= known


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_one_process_sees_the_whole_program(hook: Any) -> None:
    assert hook["language"] == "python" and hook["require_serial"] is True
    assert hook["types_or"] == ["python", "pyi", "jupyter"]
    assert "additional_dependencies" not in hook, "no TensorFlow"


def test_pre_commit_takes_it() -> None:
    clientlib = pytest.importorskip("pre_commit.clientlib")
    assert clientlib.load_manifest(str(ROOT / ".pre-commit-hooks.yaml"))


def test_the_wheel_has_every_package_and_what_lies_in_it() -> None:
    """pre-commit installs a wheel; an editable installation would not miss a package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    setuptools = project["tool"]["setuptools"]
    folders = {path.parent for path in (ROOT / "slimport").rglob("__init__.py")}
    found = {".".join(folder.relative_to(ROOT).parts) for folder in folders} | {"slimport.rules"}
    assert set(setuptools["packages"]) == found
    kinds = {Path(pattern).suffix for pattern in setuptools["package-data"]["slimport"]}
    files = [path for path in (ROOT / "slimport").rglob("*.*") if path.is_file()]
    code = {".py", ".pyc", ".pyi", ""}
    assert {path.suffix for path in files if path.name != "py.typed"} - code <= kinds
