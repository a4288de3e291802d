"""The command line's promises: exit codes, --check, --diff, --out, --report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from slimport.cli import main

CLOSED = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3, scope='c')\n"
LEFT = "import tf_slim as slim\n\n\ndef train(op):\n    slim.learning.tune(op, '/tmp')\n"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["rewrite", *map(str, arguments)])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "legacy"
    root.mkdir()
    (root / "net.py").write_text(CLOSED)
    (root / "data.txt").write_text("kept")
    return root


def test_all_rewritten(tree: Path) -> None:
    assert run(tree).exit_code == 0
    assert run(tree).exit_code == 0, "a second run has nothing to do"


def test_something_left(tree: Path) -> None:
    (tree / "train.py").write_text(LEFT)
    result = run(tree)
    assert result.exit_code == 1
    text = (tree / "train.py").read_text()
    place = 1 + text.splitlines().index("    slim.learning.tune(op, '/tmp')")
    assert f"train.py:{place}: SLIM401 slim.learning.tune" in " ".join(result.output.split())
    assert 'slim = legacy_import("tf_slim")\n' in text, "what is left keeps its import"
    assert "1 import in 1 file became legacy_import()" in " ".join(result.output.split())
    assert "    # TODO(slimport): SLIM401 slim.learning.tune: a training loop" in text


def test_marks_are_not_repeated(tree: Path) -> None:
    (tree / "train.py").write_text(LEFT)
    run(tree)
    once = (tree / "train.py").read_text()
    assert run(tree).exit_code == 1
    assert (tree / "train.py").read_text() == once


def test_check_writes_nothing(tree: Path) -> None:
    assert run(tree, "--check").exit_code == 1
    assert (tree / "net.py").read_text() == CLOSED
    run(tree)
    assert run(tree, "--check").exit_code == 0


def test_diff_goes_to_standard_output_and_writes_nothing(tree: Path) -> None:
    result = run(tree, "--diff")
    assert "-import tf_slim as slim" in result.stdout
    assert "+import keras" in result.stdout
    assert "rewritten" not in result.stdout
    assert (tree / "net.py").read_text() == CLOSED


def test_out_writes_a_whole_copy(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "new"
    assert run(tree, "--out", out).exit_code == 0
    assert (tree / "net.py").read_text() == CLOSED
    assert "keras.layers.Conv2D" in (out / "net.py").read_text()
    assert (out / "data.txt").read_text() == "kept"


def test_out_of_one_file(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "new"
    assert run(tree / "net.py", "--out", out).exit_code == 0
    assert "keras.layers.Conv2D" in (out / "net.py").read_text()


def test_out_takes_one_path(tree: Path) -> None:
    assert run(tree, tree, "--out", tree / "x").exit_code == 2


def test_report(tree: Path, tmp_path: Path) -> None:
    (tree / "train.py").write_text(LEFT)
    target = tmp_path / "report.json"
    run(tree, "--report", target)
    data = json.loads(target.read_text())
    assert data["schema"] == "slimport.rewrite/1"
    assert data["summary"]["left"] == 1
    files = {file["path"]: file for file in data["files"]}
    assert files["net.py"]["rewritten"][0]["code"] == "SLIM101"
    assert files["net.py"]["functions"][0]["layers"] == "keras"
    assert files["train.py"]["left"][0]["line"] == 5


def test_open_world_keeps_layers_open_to_scopes(tree: Path) -> None:
    run(tree, "--open-world")
    assert "conv2d(x, 8, 3, name='c')" in (tree / "net.py").read_text()
    module = (tree / "scoped_layers.py").read_text()
    assert "def conv2d(" in module
    assert "import slimport" not in module and "from slimport" not in module
