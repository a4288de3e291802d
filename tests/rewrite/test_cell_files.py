"""Modules that cells write with ``%%writefile`` are files of the program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from slimport.rewrite.plan import Options
from slimport.rewrite.shards import Shard
from slimport.rewrite.tree import rewrite_tree
from tests.rewrite.test_notebooks import IMPORTS, notebook, rewritten, rewritten_with, sources_of

MODULE = """\
# my net
import tf_slim as slim


def net(x, n):
    for i in range(n):
        x = slim.conv2d(x, 8, 3, scope='c%d' % i)
    return x"""
NEW_MODULE = """\
# my net
from scoped_layers import conv2d


def net(x, n):
    for i in range(n):
        x = conv2d(x, 8, 3, name='c%d' % i)
    return x"""
CALL = "from net import net\nwith slim.arg_scope([slim.conv2d], stride=2):\n    y = net(x, 2)"
NEW_CALL = "from net import net\nwith layer_defaults([conv2d], strides=2):\n    y = net(x, 2)"


@pytest.mark.parametrize("head", ["%%writefile net.py", "%%writefile 'net.py'", "%%file ./net.py "])
def test_a_module_is_rewritten_in_its_cell(tmp_path: Path, head: str) -> None:
    result = rewritten(tmp_path, IMPORTS, f"{head}\n{MODULE}", CALL)
    _, module, call = sources_of(result)
    assert module == f"{head}\n{NEW_MODULE}"
    assert call == NEW_CALL, "the scope reaches what the module has"
    assert sorted(path.name for path in result.outputs) == ["net.ipynb", "scoped_layers.py"]
    (report,) = result.report.files
    assert {item.place for item in report.rewritten if item.code == "SLIM101"} >= {"cell 3, line 8"}


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    result = rewritten(tmp_path, IMPORTS, f"%%writefile net.py\n{MODULE}", CALL)
    for path, data in result.outputs.items():
        (tmp_path / path).write_bytes(data)
    assert not rewrite_tree(tmp_path).outputs


def test_what_is_left_has_its_places(tmp_path: Path) -> None:
    odd = f"%%writefile net.py\n{MODULE}\nslim.learning.tune(1, 2)"
    result = rewritten(tmp_path, IMPORTS, odd, "slim.learning.tune(3, 4)")
    (report,) = result.report.files
    old = (tmp_path / "net.ipynb").read_text("utf-8").split("\n")
    (data,) = (data for path, data in result.outputs.items() if path.suffix == ".ipynb")
    new = data.decode().split("\n")
    assert len(report.left) == 2
    for left in report.left:
        assert "slim.learning.tune(" in old[left.line - 1]
        assert left.new is not None
        assert old[left.line - 1] == new[left.new.line - 1]
    assert report.left[1].new is not None
    assert report.left[1].new.place == "cell 3, line 14"
    assert "slim.learning.tune(" in sources_of(result)[1].split("\n")[13]


def test_a_module_that_is_there_too(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(f"{MODULE}\n", "utf-8")
    result = rewritten(tmp_path, IMPORTS, f"%%writefile net.py\n{MODULE}", CALL)
    assert sources_of(result)[1] == f"%%writefile net.py\n{NEW_MODULE}"
    texts = {path.name: data.decode() for path, data in result.outputs.items()}
    assert texts["net.py"] == f"{NEW_MODULE}\n"


STAY = {
    "a file of that name has another text": [f"%%writefile there.py\n{MODULE}"],
    "two cells write it": [f"%%writefile net.py\n{MODULE}", f"%%writefile net.py\n{MODULE}\n1"],
}


@pytest.mark.parametrize("why", STAY)
def test_what_is_no_module_for_certain_stays(tmp_path: Path, why: str) -> None:
    (tmp_path / "there.py").write_text("x = 1\n", "utf-8")
    result = rewritten(tmp_path, IMPORTS, *STAY[why], CALL)
    assert sources_of(result)[1:-1] == STAY[why]
    report = next(file for file in result.report.files if file.path == "net.ipynb")
    left = [item for item in report.left if item.code == "SLIM991"]
    assert len(left) == len(STAY[why])
    assert all(item.reason.endswith(f"that it writes stays as it is: {why}") for item in left)


@pytest.mark.parametrize(
    "cell",
    [
        f"%%writefile -a net.py\n{MODULE}",
        f"%%writefile ../net.py\n{MODULE}",
        f"%%writefile /tmp/net.py\n{MODULE}",
        "%%writefile net.py\nprint 'tf_slim'",
        "%%writefile net.sh\npip install tf_slim",
    ],
)
def test_other_files_are_reported(tmp_path: Path, cell: str) -> None:
    result = rewritten(tmp_path, IMPORTS, cell, "slim.flatten(x)")
    assert sources_of(result)[1] == cell
    assert [item.code for item in result.report.files[0].left] == ["SLIM991"]


def test_a_module_of_a_notebook_that_carries_the_written_module(tmp_path: Path) -> None:
    result = rewritten_with(
        tmp_path, Options(module_cell=True), IMPORTS, f"%%writefile net.py\n{MODULE}", CALL
    )
    assert [path.name for path in result.outputs] == ["net.ipynb"]
    first, *_ = sources_of(result)
    assert "def conv2d(" in first
    assert "class layer_defaults" in first or "def layer_defaults" in first


def test_a_module_is_in_the_shard_of_its_notebook(tmp_path: Path) -> None:
    rewritten(tmp_path, IMPORTS, f"%%writefile net.py\n{MODULE}", CALL)
    outputs = [rewrite_tree(tmp_path, shard=Shard(number, 2)).outputs.values() for number in (1, 2)]
    (data,) = (data for found in outputs for data in found)
    assert json.dumps(NEW_MODULE.split("\n")[-1]).encode() in data
    assert b"layer_defaults" in data


def test_what_fails_stays_in_its_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from slimport.rewrite import tree

    original = tree.rewrite_module

    def failing(source: Any, module: Any, *rest: Any) -> Any:
        if module.path.name == "net.py":
            raise RuntimeError("odd")
        return original(source, module, *rest)

    monkeypatch.setattr(tree, "rewrite_module", failing)
    (tmp_path / "net.ipynb").write_text(
        json.dumps(notebook(IMPORTS, f"%%writefile net.py\n{MODULE}", CALL)), "utf-8"
    )
    result = rewrite_tree(tmp_path)
    (report,) = result.report.files
    (left,) = (item for item in report.left if item.code == "SLIM991")
    assert "odd" in left.reason
    assert not any(path.name == "net.py" for path in result.outputs)
