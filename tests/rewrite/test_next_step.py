"""What a run says of the way on: compare the tree with the old one on numbers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from slimport.cli import main

NET = (
    "import tf_slim as slim\n\n\n"
    "def net(images):\n    return slim.conv2d(images, 8, 3, scope='c1')\n"
)
NUMBERS = "import numpy as np\n\nWHOLE = np.int\n"
BESIDE = "import tensorflow as tf\n\nLOG = tf.log\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `old` with a network, below the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old").mkdir()
    (tmp_path / "old/net.py").write_text(NET)
    return tmp_path / "old"


def committed(folder: Path) -> None:
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        name = ["-c", "user.name=n", "-c", "user.email=n@n"]
        subprocess.run(["git", *name, *arguments], cwd=folder, check=True)


def last_line(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["rewrite", *arguments])
    return done.stderr.rstrip().splitlines()[-1]


def test_a_copy_is_compared_with_its_original(tree: Path) -> None:
    assert last_line("old", "--out", "new tree") == (
        "`slimport verify --old old --new 'new tree'` compares both on numbers"
    )


def test_what_was_overwritten_is_taken_from_git(tree: Path) -> None:
    committed(tree.parent)
    assert last_line("old") == (
        "`slimport verify --base HEAD` compares it with what is committed, on numbers"
    )


@pytest.mark.parametrize(
    ("options", "commits"),
    [
        (["--check"], True),  # nothing was written
        (["--diff"], True),
        ([], False),  # the old tree is gone
        (["--allow-dirty"], True),  # perhaps
    ],
)
def test_nothing_is_said_where_there_is_no_other_tree(
    tree: Path, options: list[str], commits: bool
) -> None:
    if commits:
        committed(tree.parent)
    assert "slimport verify" not in last_line("old", *options)


def test_another_checkout_than_that_of_the_working_folder_is_not_named(tree: Path) -> None:
    committed(tree)
    assert "slimport verify" not in last_line("old")


@pytest.mark.parametrize("text", [NUMBERS, BESIDE])
def test_nothing_is_said_where_nothing_builds_layers(tree: Path, text: str) -> None:
    (tree / "net.py").write_text(text)
    assert "slimport verify" not in last_line("old", "--out", "new")


def test_nothing_is_said_where_a_file_failed(tree: Path) -> None:
    (tree / "broken.py").write_text("import tf_slim as slim\nslim.conv2d(\n")
    assert "slimport verify" not in last_line("old", "--out", "new")


def test_a_patch_ends_with_the_written_module(tree: Path) -> None:
    (tree / "net.py").write_text(NET.replace("'c1'", "images.name"))
    (tree / "train.py").write_text("import tf_slim as slim\n\nflatten = slim.flatten\n")
    patch = CliRunner().invoke(main, ["rewrite", "old", "--diff"]).stdout
    names = [line.partition("b/")[2] for line in patch.splitlines() if line.startswith("+++ ")]
    assert names == ["old/net.py", "old/train.py", "old/scoped_layers.py"]
