"""Names of slim and TensorFlow that the program itself assigns mean what it assigned."""

from __future__ import annotations

import pytest

from slimport.report.model import Report
from tests.rewrite.tools import output, rewrite_program

NET = """
def net(x):
    x = slim.conv2d(x, 8, 3, activation_fn=tf.nn.relu)
    return tf.nn.relu(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]))
"""
HEAD = "import tensorflow as tf\nimport tf_slim as slim\n"
PATCHES = {
    "assigned": ("slim.conv2d = mine\n", ["slim.conv2d"] * 2),
    "a longer name": (
        "tf.contrib.layers.convolution2d = mine\n",
        ["slim.conv2d"] * 2,
    ),
    "deleted": ("del slim.conv2d\n", ["slim.conv2d"] * 2),
    "of TensorFlow": ("tf.pad = mine\n", ["tf.pad"] * 2),
    "an activation": ("tf.nn.relu = mine\n", ["tf.nn.relu"] * 3),
    "put back": (
        "old = tf.pad\ndef f():\n    tf.pad = mine\n    tf.pad = old\n",
        ["tf.pad"] * 4,
    ),
    "by name": ("setattr(tf.nn, 'relu', mine)\n", ["tf.nn.relu"] * 2),
    "unpacked": (
        "tf.pad, tf.nn.relu = mine, mine\n",
        ["tf.pad", "tf.nn.relu"] * 2 + ["tf.nn.relu"],
    ),
}
HARMLESS = {
    "a name that is gone": "tf.mul = tf.multiply\n",
    "itself": "tf.pad = tf.pad\n",
    "an attribute of an object": "class A: pass\na = A()\na.pad = a.relu = 1\n",
    "a flag": "tf.app.flags.FLAGS.pad = 1\n",
    "an attribute of another library": "import os\nos.pad = 1\n",
}


def left(report: Report) -> list[str]:
    """The names that stayed with a mark, in the order of the code."""
    return [entry.api for file in report.files for entry in file.left]


@pytest.mark.parametrize(("patch", "names"), PATCHES.values(), ids=PATCHES.keys())
def test_what_the_program_assigns_is_left(patch: str, names: list[str]) -> None:
    result = rewrite_program({"net.py": HEAD + "from mine import mine\n" + patch + NET})
    assert sorted(left(result.report)) == sorted(names)
    for name in {name.rpartition(".")[2] for name in names}:
        assert f".{name}(" in output(result, "net.py")


@pytest.mark.parametrize("patch", HARMLESS.values(), ids=HARMLESS.keys())
def test_what_means_the_same_is_no_patch(patch: str) -> None:
    result = rewrite_program({"net.py": HEAD + patch + NET})
    assert not left(result.report)
    assert 'activation="relu"' in output(result, "net.py")


def test_all_files_of_a_process_are_concerned_and_no_others() -> None:
    files = {
        "net.py": HEAD + NET,
        "patch.py": "import tf_slim as slim\nfrom mine import mine\nslim.conv2d = mine\n",
        "train.py": "import net, patch\n",
        "alone.py": HEAD + NET,
    }
    result = rewrite_program(files)
    marked = {str(file.path) for file in result.report.files if file.left}
    assert marked == {"net.py", "patch.py"}


def test_a_name_that_no_rule_would_change_needs_no_mark() -> None:
    text = "tf.linalg.det = mine\ny = tf.linalg.det(1.0)\n"
    result = rewrite_program({"net.py": HEAD + "from mine import mine\n" + text + NET})
    assert not left(result.report)
