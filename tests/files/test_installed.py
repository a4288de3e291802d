"""Folders of installed packages: looked at package by package, and never written."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from slimport.cli import main
from slimport.rewrite.extent import Extent, Wanted, extents

NET = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3, scope='c')\n"
FILES = {
    "numbers_of/__init__.py": "import numpy as np\nKIND = np.int\n",
    "nets_of/__init__.py": "from nets_of.small import net\n",
    "nets_of/small.py": NET,
    "runs_nets/__init__.py": (
        "import nets_of\nimport tf_slim as slim\n\n\ndef run(x):\n"
        "    with slim.arg_scope([slim.conv2d], activation_fn=None):\n"
        "        return nets_of.net(x)\n"
    ),
    "old_python.py": "print 'no TensorFlow'\n",
    "reads_slim_files.py": "SUFFIXES = ('.slim', '.haml')\n",
    "alone/__init__.py": "import tensorflow.compat.v2 as tf\nx = tf.ones([2])\n",
    "nets_of-1.0.dist-info/METADATA": "Name: nets-of\n",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "site-packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "site-packages"


def tops(extent: Extent) -> set[str]:
    return {path.parts[0] for path in extent.given}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["rewrite", *map(str, arguments)])


def test_each_package_is_a_program_with_those_that_run_its_layers(site: Path) -> None:
    found = [tops(extent) for extent in extents(Wanted((site,)))]
    assert sorted(found, key=sorted) == [
        {"alone"},
        {"nets_of", "runs_nets"},
        {"numbers_of", "old_python.py"},
        {"reads_slim_files.py"},
    ]


def test_however_the_folder_is_written(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site)
    for path in (Path(), site / "nets_of" / "..", Path("..", "site-packages")):
        assert len(extents(Wanted((path,)))) == 4


def test_what_has_nothing_to_do_with_slim_does_not_change(site: Path) -> None:
    """NumPy's old names would, in a project that leaves TensorFlow 1."""
    result = run("--check", "--output-format", "json", site)
    assert result.exit_code == 1
    changed = [line for line in result.output.splitlines() if '"rewritten"' in line]
    assert "numbers_of" not in result.output.split('"files"')[0] and changed
    assert "np.int" not in run("--diff", site).output


def test_a_scope_of_another_package_counts(site: Path) -> None:
    diff = run("--diff", site).output
    assert "+    return conv2d(x, 8, 3, name='c')" in diff
    assert "+    with layer_defaults([conv2d], activation=None):" in diff


def test_nothing_is_written(site: Path, tmp_path: Path) -> None:
    for arguments in ([site], ["--out", tmp_path / "copy", site]):
        result = run(*arguments)
        assert result.exit_code == 2 and "an installer has put packages there" in result.output
    assert {n: (site / n).read_text() for n in FILES} == FILES and not (tmp_path / "copy").exists()


def test_a_package_of_it_is_written_where_it_is_given(site: Path) -> None:
    assert run(site / "nets_of").exit_code == 0
    assert "keras.layers.Conv2D" in (site / "nets_of" / "small.py").read_text()


def test_a_project_that_is_installed_for_work_is_a_project(tmp_path: Path) -> None:
    (tmp_path / "mine.egg-info").mkdir()
    (tmp_path / "mine.egg-info" / "PKG-INFO").write_text("Name: mine\n")
    (tmp_path / "net.py").write_text(NET)
    (extent,) = extents(Wanted((tmp_path,)))
    assert not extent.installed
