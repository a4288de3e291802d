"""TRAINABLE_VARIABLES in variables_collections: a remark where a model differs, none elsewhere."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import report, rewrite_program

NET = """
{head}

def net(x):
    {line}
    return slim.conv2d(x, 4, [3, 3], normalizer_fn=slim.batch_norm)
"""
KEY = "tf.GraphKeys.TRAINABLE_VARIABLES"
HEADS = [
    "import tensorflow as tf\nimport tf_slim as slim\n",
    "import tensorflow.compat.v1 as tf\nimport tf_slim as slim\n",
    "import tensorflow as tf\nslim = tf.contrib.slim\nstep = tf.placeholder(tf.int32)\n",
]


def remarks(head: str, line: str) -> list[str]:
    found = report(rewrite_program({"net.py": NET.format(head=head, line=line)}), "net.py")
    assert not found.error and not found.left
    return [item.note for item in found.rewritten if item.note and item.api == KEY]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize(
    "line",
    [
        f"x = slim.batch_norm(x, variables_collections=[{KEY}])",
        f"params = {{'variables_collections': [{KEY}]}}",
        f"params = dict(variables_collections=[{KEY}])",
        f"x = slim.batch_norm(x, variables_collections={{'moving_mean': [{KEY}]}})",
        f"params = {{'variables_collections': {{'moving_mean': [{KEY}]}}}}",
    ],
)
def test_a_remark(head, line):
    assert [note[:29] for note in remarks(head, line)] == ["this makes moving averages tra"[:29]]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize(
    "line",
    [
        f"known = tf.get_collection({KEY})",
        f"x = slim.batch_norm(x, outputs_collections=[{KEY}])",
        f"params = {{'collections': [{KEY}]}}",
        f"slim.variable('v', [], variables_collections=tf.get_collection(key={KEY}))",
    ],
)
def test_no_remark(head, line):
    found = report(rewrite_program({"net.py": NET.format(head=head, line=line)}), "net.py")
    assert not [item for item in found.rewritten if item.note and item.api == KEY]
