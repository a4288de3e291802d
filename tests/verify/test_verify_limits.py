"""What a case does not reach is told: limits that cut nothing, and what only a second run shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from verify_answers import answer, case

from slimport.verify.comparing import compare
from slimport.verify.workers.limits import Limits

tf = pytest.importorskip("tensorflow")
tf1 = tf.compat.v1
SMALL = np.linspace(-3.0, 3.0, 8, dtype="float32")


def told(network: Any, value: Any = SMALL) -> list[str]:
    """The notes on a network of one input."""
    with tf.Graph().as_default(), tf1.Session() as session:
        x = tf1.placeholder(value.dtype, value.shape)
        limits = Limits(tf1, [network(x)], lambda operation: "net.py:1")
        return limits.notes(session.run(limits.fetches, {x: value}) if limits.fetches else [])


# name: (network, what is said where nothing is above 3, the same where numbers reach 9)
NETWORKS = {
    "relu6": (tf.nn.relu6, "1 of 1 relu6 (first: net.py:1)", ""),
    "minimum": (lambda x: tf.minimum(x, 5.0), "1 of 1 minimum", ""),
    "maximum": (lambda x: tf.maximum(-5.0, x), "1 of 1 maximum", ""),
    "clip_by_value": (lambda x: tf.clip_by_value(x, -2.0, 6.0), "1 of 1 minimum", ""),
    "where": (lambda x: tf.where(x > 4.0, x, -x), "1 of 1 where", ""),
    "mask": (lambda x: tf.cast(x < 4.0, "float32") * x, "1 of 1 mask (first: net.py:1)", ""),
    "boolean_mask": (lambda x: tf.boolean_mask(x, x < 4.0), "1 of 1 mask", ""),
    "one condition": (lambda x: tf.cast(x[0] < 9.0, "float32") * x, "", ""),
    "one of two": (lambda x: tf.nn.relu6(x) + tf.nn.relu6(4.0 * x), "1 of 2 relu6", ""),
    "whole numbers": (lambda x: tf.minimum(tf.cast(x, "int64"), 5), "1 of 1 minimum", ""),
    "none": (lambda x: tf.nn.relu(x) * 2.0, "", ""),
    "cond": (
        lambda x: tf.cond(x[0] < 0.0, lambda: x, lambda: -x), "1 of 1 cond", "1 of 1 cond"),
    "a loop": (lambda x: _looped(x), "", ""),
    "beside the way": (lambda x: (tf.nn.relu6(x), x * 2.0)[1], "", ""),
}  # fmt: skip


def _looped(x: Any) -> Any:
    return tf1.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, tf.nn.relu6(y)), [0, x])[1]


@pytest.mark.parametrize("name", NETWORKS)
def test_limits_that_no_value_reaches(name: str) -> None:
    network, small, large = NETWORKS[name]
    for value, expected in ((SMALL, small), (3.0 * SMALL, large)):
        notes = told(network, value)
        assert len(notes) == bool(expected)
        assert all(expected in note for note in notes), notes


def moving(old: Any, new: Any) -> list[str]:
    sides = [answer({"a": SMALL}, **({} if names is None else {"moves": names}))
             for names in (old, new)]  # fmt: skip
    mode = compare.compare_mode(case(), "inference", *sides)
    assert mode.status == "equal"
    return mode.notes


def test_variables_that_inference_changes_on_one_side_alone() -> None:
    assert moving(["u"], ["u"]) == moving(None, ["u"]) == moving([], []) == []
    (lost,) = moving(["u", "v"], ["v"])
    assert "1 variables on the old side alone (first: u)" in lost
    assert len(moving(["u"], ["v"])) == 2
