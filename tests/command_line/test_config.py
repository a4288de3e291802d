"""[tool.slimport]: every key is checked and documented, and the command line outweighs it."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from slimport.cli import main
from slimport.config import FORMATS, KEYS, VERIFY_KEYS, Config, ConfigError, load
from slimport.report import faces
from slimport.verify.command import verify_command

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "configuration.md"
NET = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3, scope='c')\n"


def configured(folder: Path, text: str, table: str = "tool.slimport") -> Path:
    (folder / "pyproject.toml").write_text(f"[{table}]\n{text}\n", "utf-8")
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["rewrite", *map(str, arguments)])


def test_formats_are_those_of_the_report() -> None:
    assert FORMATS == faces.FORMATS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exlude = []", "unknown key 'exlude' in [tool.slimport]; the nearest is exclude"),
        ("verfy = {}", "the nearest is verify"),
        ("xyz = 1", "unknown key 'xyz'"),
        ("paths = 'src'", "paths in [tool.slimport] must be a list of paths, not 'src'"),
        ("exclude = [1]", "exclude in [tool.slimport] must be a list of texts"),
        ("jobs = true", "jobs in [tool.slimport] must be a whole number from 1"),
        ("jobs = 0", "jobs in"),
        ("open-world = 'yes'", "must be true or false"),
        ("target = 'torch'", 'must be "keras"'),
        ("output-format = 'xml'", 'must be "text" or "json"'),
        ("module-name = 'a.b'", "must be the name of a Python module"),
        ("module-name = 'class'", "must be the name of a Python module"),
        ("open-functions = ['net']", 'must be a list of "package.module:function"'),
        ("[tool.slimport.verify]\nsed = 1", "unknown key 'sed' in [tool.slimport.verify]"),
        ("[tool.slimport.verify]\nseed = 1.5", "seed in [tool.slimport.verify] must be a whole"),
        ("verify = 3", "tool.slimport.verify is no table"),
        ("paths = [", "is no TOML"),
    ],
)
def test_a_wrong_configuration_is_an_error_of_usage(
    tmp_path: Path, text: str, message: str
) -> None:
    configured(tmp_path, text)
    (tmp_path / "net.py").write_text(NET)
    with pytest.raises(ConfigError, match=re.escape(message)) as error:
        load(tmp_path)
    assert str(tmp_path / "pyproject.toml") in str(error.value)
    done = run(tmp_path)
    assert done.exit_code == 2
    assert (tmp_path / "net.py").read_text() == NET


def test_the_nearest_file_with_the_table_counts(tmp_path: Path) -> None:
    configured(tmp_path, "jobs = 3")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    configured(tmp_path / "a", "line-length = 3", "tool.black")
    assert load(inner).get("jobs") == 3
    configured(inner, "jobs = 4")
    assert load(inner).get("jobs") == 4
    assert load(inner, isolated=True) == Config()


def test_a_file_that_is_named(tmp_path: Path) -> None:
    file = tmp_path / "slimport.toml"
    file.write_text("jobs = 5\n")
    assert load(tmp_path / "elsewhere", file).get("jobs") == 5
    other = tmp_path / "pyproject.toml"
    other.write_text("[tool.black]\n")
    with pytest.raises(ConfigError, match="no table"):
        load(tmp_path, other)
    assert run("--config", file, "--isolated", tmp_path).exit_code == 2


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(tmp_path, "paths = ['src']")
    (tmp_path / "src").mkdir()
    (tmp_path / "elsewhere").mkdir()
    for folder in ("src", "elsewhere"):
        (tmp_path / folder / "net.py").write_text(NET)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run().exit_code == 0
    assert "keras" in (tmp_path / "src" / "net.py").read_text()
    assert (tmp_path / "elsewhere" / "net.py").read_text() == NET


def test_the_command_line_outweighs_the_file(tmp_path: Path) -> None:
    configured(tmp_path, "open-world = true\noutput-format = 'json'")
    net = tmp_path / "net.py"
    net.write_text(NET)
    done = run("--check", "--no-open-world", "--output-format", "text", net)
    assert "{" not in done.stdout
    assert '"layers": "scoped"' in run("--check", net).stdout
    assert '"layers": "keras"' in run("--check", "--no-open-world", net).stdout
    assert run("--check", "--isolated", net).stdout == ""


def test_every_key_is_documented_and_no_other() -> None:
    text = PAGE.read_text("utf-8")
    main_table, _, verify_table = text.partition("## `[tool.slimport.verify]`")
    documented = [set(re.findall(r"^\| `([a-z0-9-]+)` \|", part, re.MULTILINE))
                  for part in (main_table, verify_table)]  # fmt: skip
    assert documented == [set(KEYS), set(VERIFY_KEYS)]


def test_keys_of_verify_are_its_options() -> None:
    names = {parameter.name for parameter in verify_command.params}
    assert {key.replace("-", "_") for key in VERIFY_KEYS} <= names


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], {"cases": "c.toml", "old": "old", "seed": 3}),
        (["--seed", "4"], {"cases": "c.toml", "old": "old", "seed": 4}),
        (["--base", "HEAD"], {"cases": "c.toml", "old": None, "base": "HEAD"}),
        (["--write-cases", "x"], {"cases": None, "old": "old"}),
    ],
)
def test_verify_without_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[str], expected: dict[str, object]
) -> None:
    configured(tmp_path, "cases = 'c.toml'\nold = 'old'\nseed = 3", "tool.slimport.verify")
    (tmp_path / "c.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    seen: dict[str, object] = {}
    monkeypatch.setattr(verify_command, "callback", lambda **found: seen.update(found))
    done = CliRunner().invoke(main, ["verify", *given])
    assert done.exit_code == 0, done.output
    complete = {k: tmp_path / str(v) if k in ("cases", "old") and v else v
                for k, v in expected.items()}  # fmt: skip
    assert {key: seen[key] for key in expected} == complete


def test_select_and_ignore(tmp_path: Path) -> None:
    configured(tmp_path, "ignore = ['SLIM101']")
    (tmp_path / "net.py").write_text(NET)
    assert "slim.conv2d" in run("--diff", tmp_path).output + NET
    assert run("--check", tmp_path).exit_code == 0
    configured(tmp_path, "ignore = ['SLIM101x']")
    done = run("--check", tmp_path)
    assert done.exit_code == 2 and "SLIM101x" in done.output


def test_options_of_rewrite_have_the_names_of_the_keys() -> None:
    command = main.get_command(click.Context(main), "rewrite")
    assert command is not None
    names = {parameter.name for parameter in command.params}
    of_file_alone = {"extend-exclude", "open-functions", "module-name"}
    assert {key.replace("-", "_") for key in KEYS.keys() - of_file_alone} <= names
