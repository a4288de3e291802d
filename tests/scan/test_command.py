"""`slimport scan` on the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from slimport.cli import main
from slimport.scan import imports
from slimport.scan.text import percent
from tests.scan.trees import PROGRAM, make
from tests.test_startup import run_slimport

ROOT = Path(__file__).resolve().parents[2]


def scan(*arguments: str | Path, text: str = "") -> Result:
    return CliRunner().invoke(main, ["scan", *map(str, arguments)], input=text)


def data_of(result: Result) -> dict[str, Any]:
    """The JSON of a run, held to its schema."""
    data: dict[str, Any] = json.loads(result.stdout)
    schema = resources.files("slimport.scan").joinpath("scan.schema.json").read_text("utf-8")
    jsonschema.validate(data, json.loads(schema))
    return data


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("tree"), PROGRAM)


def test_what_would_be_left_is_no_error(root: Path) -> None:
    result = scan(root)
    assert result.exit_code == 0
    assert "6 of 7 references to slim would be rewritten (86 %)" in result.output
    assert "tf.contrib.quantize.create_eval_graph" in result.output
    assert "environment: Python" in result.output


def test_json_of_a_tree_and_the_environment(root: Path) -> None:
    result = scan(root, "--output-format", "json")
    data = data_of(result)
    assert result.exit_code == 0
    summary = data["trees"][0]["summary"]
    assert summary["references"]["slim"]["left"] == 1
    assert summary["files"]["marked"] == 1
    assert summary["layer_calls"]["closed"] == 3
    assert data["environment"]["packages"]["libcst"]


def test_json_without_an_environment(root: Path) -> None:
    assert data_of(scan(root, "--no-environment", "--output-format=json"))["environment"] is None


def test_an_environment_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make(tmp_path, PROGRAM))
    data = data_of(scan("--environment", "--output-format", "json"))
    assert data["trees"] == []
    assert "runs what slimport writes" in scan("--environment").output


def test_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make(tmp_path, PROGRAM))
    data = data_of(scan("--no-environment", "--output-format", "json"))
    assert data["trees"][0]["summary"]["references"]["slim"]["total"] == 7


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    make(tmp_path, PROGRAM | {"bad.py": "import tensorflow as tf\ntf.Session(\n"})
    result = scan(tmp_path, "--no-environment")
    assert result.exit_code == 2
    assert "refused bad.py: line 2" in result.output
    assert "6 of 7 references" in result.output


def test_a_path_that_is_not_there_does_not_stop_the_others(root: Path, tmp_path: Path) -> None:
    result = scan(root, tmp_path / "nothing", "--no-environment")
    assert result.exit_code == 2
    assert "6 of 7 references" in result.output
    assert "nothing: no such file or directory" in result.stderr


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(999, 1000, "99 %"), (1, 1000, "1 %"), (0, 9, "0 %"), (9, 9, "100 %"), (0, 0, "-")],
)
def test_what_is_nearly_all_is_not_all(part: int, whole: int, text: str) -> None:
    assert percent(part, whole) == text


def test_many_import_roots_are_not_all_listed(tmp_path: Path) -> None:
    nets = {f"p{n}/net.py": PROGRAM["nets/scoped.py"] for n in range(6)}
    output = " ".join(scan(make(tmp_path, nets), "--no-environment").output.split())
    assert "p0/scoped_layers.py: the layer factories of the tree" in output
    assert "and 2 more lead to it" in output


def test_many_refused_files_are_not_all_listed(tmp_path: Path) -> None:
    make(tmp_path, {f"bad{n}.py": "import tensorflow\n(\n" for n in range(12)})
    output = scan(tmp_path, "--no-environment").output
    assert output.count("refused bad") == 8
    assert "and 4 other files refused: -v" in output
    assert "12 files beside, not counted, with 12 lines that may name it" in " ".join(
        output.split()
    )
    assert scan(tmp_path, "-v", "--no-environment").output.count("refused bad") == 12


def test_names_of_files_that_no_terminal_shows(tmp_path: Path) -> None:
    """In a process of its own: what a test's stream takes, a terminal may not."""
    name = b"\xff\xfename.py".decode("utf-8", "surrogateescape")
    (tmp_path / name).write_text("import tensorflow as tf\ntf.contrib.quantize.f()\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "slimport", "scan", "--no-environment", "-v", tmp_path],
        capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"name.py" in done.stdout


def test_nothing_heavy_is_imported(root: Path) -> None:
    status, heavy, text = run_slimport("scan", str(root), "-v")
    assert (status, heavy) == (0, []), text


def test_a_tree_without_slim(tmp_path: Path) -> None:
    make(tmp_path, {"plain.py": "import os\n"})
    result = scan(tmp_path, "--no-environment")
    assert (result.exit_code, "no reference to slim" in result.output) == (0, True)


def test_verbose_lists_functions_marks_and_apis(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    output = " ".join(scan(root, "-v", "--no-environment").output.split())
    assert (
        "5: small: 3 layer calls, closed; layer factories, keras.ops, functional and graph"
        in output
    )
    assert "3: SLIM499" in output
    assert "slim.conv2d SLIM101: 4 rewritten (slim.conv2d 4)" in output


def test_the_configuration_counts(tmp_path: Path) -> None:
    make(tmp_path, PROGRAM | {"pyproject.toml": """
        [tool.slimport]
        exclude = ["quantize.py"]
        open-functions = ["nets.small:small"]
        module-name = "our_layers"
        """})  # fmt: skip
    (tree,) = data_of(scan(tmp_path, "--no-environment", "--output-format", "json"))["trees"]
    assert tree["still_needed"] == {}
    assert tree["written_modules"] == ["our_layers.py"]
    assert tree["summary"]["layer_calls"]["closed"] == 0


def test_the_configuration_that_slimport_itself_is_given_counts(tmp_path: Path) -> None:
    make(tmp_path, PROGRAM | {"other.toml": 'module-name = "our_layers"\n'})
    words = ["--config", str(tmp_path / "other.toml"), "scan", "--no-environment", str(tmp_path)]
    assert "our_layers.py: the layer factories" in CliRunner().invoke(main, words).stdout


def test_rules_that_are_not_selected_are_counted_as_ignored(root: Path) -> None:
    result = scan(root, "--no-environment", "--ignore", "SLIM499", "--output-format", "json")
    (tree,) = data_of(result)["trees"]
    counts = tree["summary"]["references"]["slim"]
    assert (counts["left"], counts["ignored"], counts["total"]) == (0, 1, 7)
    assert tree["still_needed"] == {"tf.contrib.quantize.create_eval_graph": 1}


def test_an_error_message(tmp_path: Path) -> None:
    result = scan("--explain-error", "ModuleNotFoundError: No module named 'tensorflow.contrib'")
    assert result.exit_code == 0
    assert "tf.contrib does not exist in TensorFlow 2" in result.output


def test_an_error_message_from_standard_input() -> None:
    text = "x\nAttributeError: module 'numpy' has no attribute 'int'.\n"
    result = scan("--explain-error", "-", "--output-format", "json", text=text)
    (answer,) = json.loads(result.stdout)["answers"]
    assert (answer["id"], answer["rule"]) == ("numpy-name", "SLIM330")


def test_a_log_in_no_encoding() -> None:
    log = b"\xff\xfe\nModuleNotFoundError: No module named 'tf_slim'\n"
    result = CliRunner().invoke(main, ["scan", "--explain-error", "-"], input=log)
    assert (result.exit_code, "tf-slim is not installed" in result.output) == (0, True)


def test_an_unknown_error_message() -> None:
    assert scan("--explain-error", "division by zero").exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [("--explain-error", "x", "--environment"), ("--no-environment", "--import"),
     ("--no-environment", "--python", "python3")],
)  # fmt: skip
def test_what_does_not_go_together(arguments: tuple[str, ...]) -> None:
    assert scan(*arguments).exit_code == 2


def test_no_answer_of_an_interpreter(tmp_path: Path) -> None:
    result = scan("--python", tmp_path / "python", "--environment")
    assert (result.exit_code, "no such interpreter" in result.stderr) == (2, True)


def test_imports_are_tried_in_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    failing = (("import nothing", "tensorflow", "import tensorflow.contrib.no_such_module_at_all"),
               ("import json", "tensorflow", "import json"))  # fmt: skip
    monkeypatch.setattr(imports, "_STATEMENTS", failing[1:])
    output = scan("--environment", "--import").output
    assert "tried import json: works" in output
    code = "raise ModuleNotFoundError(\"No module named 'tensorflow.contrib'\")"
    monkeypatch.setattr(imports, "_STATEMENTS", (("contrib", "tensorflow", code),))
    output = scan("--environment", "--import").output
    assert "tried contrib: ModuleNotFoundError: No module named 'tensorflow.contrib'" in output
    assert "tf.contrib does not exist in TensorFlow 2" in output


def test_lines_fit_a_narrow_terminal(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    output = scan(root, "--no-environment").output
    assert max(map(len, output.splitlines()[1:])) <= 80
    assert "\x1b" not in output
    assert "…" not in output


@pytest.mark.parametrize(
    ("page", "begin", "width"),
    [("README.md", "begins with\n\n```\n", 80), ("docs/scan.md", "```\nlegacy\n", 100)],
)
def test_what_pages_show_is_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str, begin: str, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    shown = (ROOT / page).read_text("utf-8").partition(begin)[2].partition("```")[0].strip("\n")
    shutil.copytree(ROOT / "fixtures" / "legacy" / "ssd_inception_v2", tmp_path / "legacy")
    found = [
        line.rstrip() for line in scan(tmp_path / "legacy", "--no-environment").stdout.split("\n")
    ]
    assert shown and shown in "\n".join(found), found


def test_a_narrow_terminal_cuts_no_word_off(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    assert "…" not in scan(root).stdout
