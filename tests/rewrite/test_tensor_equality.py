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
    blank = tf.zeros(s)  # which keeps the function on TensorFlow
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


UNKNOWN = "# TODO(slimport): SLIM303 TF 1 called unknown sizes neither equal nor unequal"


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("y = x.get_shape()[0] is None", "y = False"),
        ("y = x.get_shape()[0] is not None", "y = True"),
        ("y = x.get_shape()[0] == None", "y = False"),
        ("y = x.get_shape()[0] != None", "y = False"),
        ("size = x.get_shape()[1]; y = size is None", "size = x.get_shape()[1]; y = False"),
        ("a, b = x.get_shape()[1:3]; y = b is not None", "a, b = x.get_shape()[1:3]; y = True"),
    ],
)
def test_sizes_were_never_none(line: str, after: str) -> None:
    comment, *rest = rewritten(line)
    assert rest == [after]
    assert comment.startswith("# TF 1 had an object for each size: ")


@pytest.mark.parametrize(
    "line",
    [
        "y = x.get_shape() == s.get_shape()",
        "y = x.get_shape() != other.shape",
        "y = other.shape[1:] == x.get_shape()[1:]",
        "y = x.get_shape() == [None, 4]",
        "size = x.get_shape(); y = size == other.get_shape()",
        "y = x.get_shape()[1] != 1",
        "y = n != x.get_shape()[0]",
        "if x.get_shape()[1] != 1: y = n",
    ],
)
def test_what_depends_on_unknown_sizes_is_marked(line: str) -> None:
    mark, *_, rest = rewritten(line)
    assert mark.startswith(UNKNOWN)
    assert rest == line


@pytest.mark.parametrize(
    "line",
    [
        "assert x.get_shape() == [2, n]",
        "y = x.get_shape()[1:] == [n, 4]",
        "assert x.get_shape() == s.get_shape()",
    ],
)
def test_shapes_that_are_compared_stay_shapes(line: str) -> None:
    """`[2, 4] == (2, 4)` is false."""
    assert rewritten(line) == [line]


@pytest.mark.parametrize(
    "line",
    [
        "y = x.shape[0] is None",
        "y = np.zeros(n).shape == (4,)",
        "y = x.shape[3] == n",
        "y = x.shape[1] == other.shape[1]",
        "if x.shape[1] != other.shape[2]: raise ValueError(n)",
        "y = list(x.shape) == list(other.shape)",
        "size = x.get_shape(); size = size[1:]; y = size == other",
        "size = size[1:]; y = size[0] is None",
        "a = b[1:]; b = a[1:]; y = a == b",
    ],
)
def test_other_shapes_are_tuples_or_not_tensors(line: str) -> None:
    assert rewritten(line) == [line]


def test_what_is_compared_away_keeps_no_function_on_tensorflow() -> None:
    text = transform(
        "import tensorflow as tf\nimport tf_slim as slim\n\n\n"
        "def unit(x, n):\n    x = slim.conv2d(x, n, 1, scope='conv')\n"
        "    return tf.nn.relu(x) if tf.shape(x)[3] != n else x\n"
    )
    assert "return keras.ops.relu(x) if True else x" in text
    assert "tensorflow" not in text
