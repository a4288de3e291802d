"""The hooks' manifest says what the command line has."""

from __future__ import annotations

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
