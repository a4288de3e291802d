"""A written module of another name, and the one copy that a program has of it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from slimport.cli import main

OPEN = (
    "import tf_slim as slim\n\n\ndef net(x, op=slim.conv2d):\n"
    "    with slim.arg_scope([slim.conv2d], stride=2):\n        return op(x, 8, 3, scope='c')\n"
    "\n\ndef train(op):\n    slim.learning.tune(op, '/tmp')\n"
)
NAMED = "[tool.slimport]\nmodule-name = 'layers_of_ours'\n"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["rewrite", *map(str, arguments)])


def real_modules(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if "This file was written by slimport" in path.read_text()
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(NAMED)
    (tmp_path / "net.py").write_text(OPEN)
    return tmp_path


def test_the_tree_has_the_name_that_was_asked_for(tree: Path) -> None:
    assert run(tree).exit_code == 1
    text = (tree / "net.py").read_text()
    assert "from layers_of_ours import" in text and "scoped_layers" not in text
    assert 'slim = legacy_import("tf_slim")' in text
    assert real_modules(tree) == ["layers_of_ours.py"]


def test_a_second_run_changes_nothing(tree: Path) -> None:
    run(tree)
    before = {path: path.read_bytes() for path in tree.iterdir()}
    assert run(tree).exit_code == 1, "what is left is still known as slim's"
    assert {path: path.read_bytes() for path in tree.iterdir()} == before
    assert run("--check", tree / "net.py").exit_code == 1


def test_inside_of_a_package_it_is_relative(tree: Path) -> None:
    package = tree / "pkg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (tree / "net.py").rename(package / "net.py")
    run(package)
    assert "from .layers_of_ours import" in (package / "net.py").read_text()
    assert real_modules(tree) == ["pkg/layers_of_ours.py"]
    (package / "more.py").write_text(OPEN.replace("net", "more"))
    done = run(package / "more.py")
    assert done.exit_code == 1, done.output
    assert "from .layers_of_ours import" in (package / "more.py").read_text(), "as before"
    assert real_modules(tree) == ["pkg/layers_of_ours.py"]


def test_a_loader_has_the_name_too(tree: Path) -> None:
    for name in ("one", "two"):
        (tree / name).mkdir()
        (tree / name / "helper.py").write_text(OPEN)
        (tree / name / "run.py").write_text("import helper\n")
    (tree / "two" / "link.py").write_text("import one.helper\n")
    run(tree)
    names = sorted(p.relative_to(tree).as_posix() for p in tree.rglob("layers_of_ours.py"))
    assert len(real_modules(tree)) == 1
    for name in names:
        ast.parse((tree / name).read_text())
        assert "scoped_layers.py" not in (tree / name).read_text()


def test_another_name_after_the_first_run_is_refused(tree: Path) -> None:
    run(tree)
    (tree / "pyproject.toml").write_text(NAMED.replace("ours", "mine"))
    (tree / "more.py").write_text(OPEN.replace("def net", "def more") + "\nimport net\n")
    done = run(tree)
    assert done.exit_code == 2
    assert "layers_of_ours.py was written by an earlier run" in " ".join(done.stderr.split())
    assert real_modules(tree) == ["layers_of_ours.py"]


def test_a_name_that_is_taken_is_refused(tree: Path) -> None:
    (tree / "layers_of_ours.py").write_text("x = 1\n")
    assert run(tree).exit_code == 2
    assert (tree / "layers_of_ours.py").read_text() == "x = 1\n"
    assert (tree / "net.py").read_text() == OPEN


def test_verify_and_weights_find_it(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys
    import types

    from slimport.verify.workers import migrated

    run(tree)
    path = tree / "layers_of_ours.py"
    module = types.ModuleType("layers_of_ours", ast.get_docstring(ast.parse(path.read_text())))
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, "layers_of_ours", module)
    assert migrated.scoped_layers() is module


# One copy ---------------------------------------------------------------------------------------


def test_a_file_above_an_earlier_home_gets_a_loader(tmp_path: Path) -> None:
    """Given one by one, files would get a module each: two stacks of defaults."""
    (tmp_path / ".git").mkdir()
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "net.py").write_text(OPEN)
    (inner / "run.py").write_text("import net\n")
    run(inner)
    assert real_modules(tmp_path) == ["inner/scoped_layers.py"]
    (tmp_path / "top.py").write_text(OPEN.replace("def net", "def top") + "\nimport inner.net\n")
    done = run("--alone", tmp_path / "top.py")
    assert done.exit_code == 1, done.output
    assert real_modules(tmp_path) == ["inner/scoped_layers.py"]
    assert '"inner" / "scoped_layers.py"' in (tmp_path / "scoped_layers.py").read_text()


def test_a_copy_by_another_name_is_refused(tmp_path: Path) -> None:
    """A package imports it as its part, a script beside would by its name alone."""
    (tmp_path / ".git").mkdir()
    package = tmp_path / "pkg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "net.py").write_text(OPEN)
    run(package)
    assert "from .scoped_layers import" in (package / "net.py").read_text()
    script = OPEN.replace("def net", "def script") + "\nfrom pkg import net\n"
    (tmp_path / "train.py").write_text(script)
    done = run(tmp_path / "train.py")
    assert done.exit_code == 2
    assert "two copies" in " ".join(done.stderr.split())
    assert (tmp_path / "train.py").read_text() == script


# Open functions ---------------------------------------------------------------------------------

CLOSED = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3, scope='c')\n"


@pytest.mark.parametrize(
    ("name", "is_open"),
    [("nets.foo:net", True), ("foo:net", True), ("nets.foo:*", True), ("nets.bar:net", False)],
)
def test_a_function_that_the_configuration_opens(tmp_path: Path, name: str, is_open: bool) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.slimport]\nopen-functions = ['{name}']\n")
    (tmp_path / "nets").mkdir()
    for file in ("foo", "bar"):
        (tmp_path / "nets" / f"{file}.py").write_text(CLOSED.replace("'c'", f"'{file}'"))
    assert run(tmp_path).exit_code == 0
    assert ("keras.layers" not in (tmp_path / "nets" / "foo.py").read_text()) is is_open
    assert run("--check", tmp_path).exit_code == 0, "the second pass opens it, too"


def test_an_open_function_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.slimport]\nopen-functions = ['foo:ent']\n")
    (tmp_path / "foo.py").write_text(CLOSED)
    done = run(tmp_path)
    assert done.exit_code == 2 and "foo:ent" in done.stderr
    assert (tmp_path / "foo.py").read_text() == CLOSED
