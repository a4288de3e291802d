"""Sizes of shapes, which TF 1 had objects for: compared under a name, asked for truth, in texts."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import transform

HEAD = """import tensorflow as tf
import tf_slim as slim


def net(x):
    h = slim.conv2d(x, 8, 3, scope='c')
"""
UNKNOWN = "TF 1 called unknown sizes neither equal nor unequal"
OBJECTS = "TF 1 took unknown sizes for true and never for None"


def rewritten(*lines: str) -> str:
    return transform(HEAD + "".join(f"    {line}\n" for line in (*lines, "return tf.nn.relu(h)")))


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["n, a, b, c = h.get_shape()", "h = h * 2 if n != 3 else h"], UNKNOWN),
        (["n = h.get_shape()[0]", "h = h * 2 if n != 3 else h"], UNKNOWN),
        (["a, b = h.get_shape()[1:3]", "h = h * 2 if 3 != b else h"], UNKNOWN),
        (["n = h.get_shape()[0] or 32"], OBJECTS),
        (["n = h.get_shape()[0]", "h = h if n else h * 2"], OBJECTS),
        (["h = h if not h.get_shape()[0] else h * 2"], OBJECTS),
        (["h = h if None in h.get_shape() else h * 2"], OBJECTS),
    ],
)
def test_what_an_unknown_size_changes_is_marked(lines, why):
    text = rewritten(*lines)
    assert why in " ".join(text.replace("#   ", "").split())
    assert text.count("TODO(slimport)") == 1


@pytest.mark.parametrize(
    "lines",
    [
        ["n, a, b, c = h.get_shape()", "h = h * 2 if c != 3 else h"],
        ["n, a, b, c = h.get_shape().as_list()", "h = h * 2 if n != 3 else h"],
        ["c = h.get_shape()[-1]", "h = h * 2 if c != 3 else h"],
        ["n = h.get_shape().as_list()[0] or 32"],
        ["n = h.get_shape()[0].value or 32"],
        ["h = h if None in h.get_shape().as_list() else h * 2"],
    ],
)
def test_what_stays_as_it_was_is_not(lines):
    assert "TODO(slimport)" not in rewritten(*lines)


def test_a_shape_in_a_text_is_one_value():
    text = rewritten("print('conv: %s' % h.get_shape())", "print('conv: %s' % h.shape)")
    assert text.count("'conv: %s' % (h.shape,)") == 2
    assert "keras.ops.relu" in text
