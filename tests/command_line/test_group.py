"""The group of commands: nothing is loaded for a list of them, and the list is right."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from slimport.cli import COMMANDS, main

#: What `--help` may load is counted, so that it stays little.
DRIVER = """
import sys
from slimport.cli import main
try:
    main(["--help"])
except SystemExit:
    pass
print("loaded", *(n for n in sys.modules if n.startswith(("libcst", "rich", "slimport."))))
"""


def test_help_loads_no_command() -> None:
    done = subprocess.run([sys.executable, "-c", DRIVER], capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert "  rewrite" in done.stdout
    loaded = set(lines[-1].split()[1:])
    assert loaded <= {"slimport.cli", "slimport.config", "slimport.options"}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_loads_and_is_called_so(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None and command.name == name
    assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_list_is_a_sentence(name: str) -> None:
    help_text = COMMANDS[name].help
    assert help_text.endswith(".") and len(help_text) < 60
    assert "," not in help_text, "completion in fish would cut it there"
    assert f"  {name}" in CliRunner().invoke(main, ["--help"]).output


def test_an_unknown_command_has_a_nearest_one() -> None:
    done = CliRunner().invoke(main, ["rewirte"])
    assert done.exit_code == 2
    assert "Did you mean 'rewrite'?" in done.output


@pytest.mark.parametrize(
    ("shell", "words", "index", "expected"),
    [
        ("bash", "slimport rew", "1", "plain,rewrite"),
        ("zsh", "slimport rew", "1", "plain\nrewrite\n"),
        ("fish", "slimport rew", "rew", "plain,rewrite"),
        ("bash", "slimport rewrite --output-format sa", "3", "plain,sarif"),
    ],
)
def test_completion(shell: str, words: str, index: str, expected: str) -> None:
    environment = {"_SLIMPORT_COMPLETE": f"{shell}_complete", "COMP_WORDS": words}
    environment["COMP_CWORD"] = index
    done = CliRunner().invoke(main, [], prog_name="slimport", env=environment)
    assert expected in done.output
