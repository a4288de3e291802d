"""`==` and `!=` of tensors: objects in TF 1, values in TF 2."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import transform

HEAD = """import numpy as np
{tf}
import tf_slim as slim


def unit(x, n, other):
    x = slim.conv2d(x, n, 1)
    s = tf.shape(x)
    é = s[0] * 2
    parts = tf.split(x, 2, 3)
"""


def rewritten(line: str, tf: str = "import tensorflow as tf") -> list[str]:
    """What becomes of a line, with the comments above it."""
    head = HEAD.format(tf=tf)
    text = transform(f"{head}    {line}\n    return x\n")
    body = text.partition("parts = tf.split(x, 2, 3)\n")[2]
    return [part.strip() for part in body.splitlines()[:-1]]


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("y = tf.shape(x)[3] != n", "y = True"),
        ("y = tf.shape(x)[3] == n", "y = False"),
        ("y = n == tf.shape(x)[3]", "y = False"),
        ("y = s[3] != n", "y = True"),
        ("y = s[3] != s[2]", "y = True"),
        ("y = s[3] * 2 != 64", "y = True"),
        ("y = -s[3] != n", "y = True"),
        ("y = s == None", "y = False"),
        ("y = 'é' or s[3] == 64", "y = 'é' or False"),
        ("y = (s[3] != n) + 1", "y = (True) + 1"),
        ("y = é == 4", "y = False"),
        ("assert tf.rank(x) == 4, 'rank'", "assert False, 'rank'"),
        ("y = [i for i in range(n) if s[3] != i]", "y = [i for i in range(n) if True]"),
        ("y = lambda: tf.reduce_sum(x) == 0", "y = lambda: False"),
        ("y = tf.shape(x)[3]!=n  # why", "y = True  # why"),
    ],
)
def test_what_tf_1_made_of_it(line: str, after: str) -> None:
    comment, *rest = rewritten(line)
    assert rest == [after]
    assert comment.startswith("# TF 1 compared tensors as objects: ")


@pytest.mark.parametrize(
    "line",
    [
        "y = x.shape[3] != n",
        "y = x.get_shape()[3] != n",
        "y = x.get_shape().as_list() == [1, 2]",
        "y = n != 4",
        "y = other == 4",
        "y = other[3] == s",
        "y = s == other",
        "y = s is other",
        "y = s[3] != n != 4",
        "y = s[3] > n",
        "y = s in [other]",
        "y = np.shape(other)[3] != n",
        "y = parts == []",
        "y = [s] == [other]",
        "y = unit(x, n, other) == 4",
        "n = n or s",
    ],
)
def test_left_as_it_is(line: str) -> None:
    assert rewritten(line) == [line]


def test_a_name_that_may_be_a_number() -> None:
    lines = "n = s[3] if other else 4; y = n == 4"
    assert rewritten(lines) == [lines]


def test_who_wrote_compat_knew_both() -> None:
    line = "y = s[3] != n"
    assert rewritten(line, "import tensorflow.compat.v1 as tf") == [line]


def test_the_program_says_which_behaviour_it_runs_with() -> None:
    line = "y = s[3] != n"
    assert rewritten(line, "import tensorflow as tf\nsession = tf.Session()")[1:] == ["y = True"]
