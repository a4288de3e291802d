"""What programs took from tf.contrib.framework: TensorFlow 1.15's answers."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")


@pytest.mark.parametrize("pred", [True, False, 1, 0, 1.0, np.bool_(True)])
def test_a_value_is_known(new: Any, pred: Any) -> None:
    assert new.smart_value(pred) is bool(pred)
    assert new.smart_branch(pred, lambda: "yes", false_fn=lambda: "no") == ("yes" if pred else "no")


@pytest.mark.parametrize("pred", [None, 2, "True"])
def test_other_values_are_refused(new: Any, pred: Any) -> None:
    with pytest.raises(TypeError, match="`pred` must be a Tensor"):
        new.smart_branch(pred, lambda: 1, lambda: 2)
    with pytest.raises(TypeError, match="must be callable"):
        new.smart_branch(True, lambda: 1)


def test_a_tensor_decides_when_it_is_run(new: Any) -> None:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        pred = tf.compat.v1.placeholder(tf.bool, [])
        assert new.smart_value(pred) is None and new.smart_value(tf.constant(False)) is False
        chosen = new.smart_branch(pred, lambda: tf.constant(1), lambda: tf.constant(2), name="at")
        assert [session.run(chosen, {pred: value}) for value in (True, False)] == [1, 2]
        assert new.get_placeholders(session.graph) == [pred]
    with pytest.raises(TypeError, match="needs to be a Graph"):
        new.get_placeholders(None)


def test_the_name_scope(new: Any) -> None:
    with tf.Graph().as_default(), tf.name_scope("a"), tf.name_scope("b"):
        assert new.get_name_scope() == "a/b"
    with new.layer_graph(), new.name_scope("a"), new.name_scope("b"):
        assert new.get_name_scope() == "a/b"


@pytest.mark.parametrize(("warn_once", "warnings"), [(True, 1), (False, 2)])
def test_a_deprecated_function_warns(
    new: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    warn_once: bool,
    warnings: int,
) -> None:
    monkeypatch.setattr(logging.getLogger("tensorflow"), "propagate", True)

    @new.deprecated("2019-01-31", "Use that.", warn_once=warn_once)
    def this(x: int) -> int:
        """Adds 1."""
        return x + 1

    assert [this(1), this(x=2)] == [2, 3]
    texts = [record.getMessage() for record in caplog.records]
    assert len(texts) == warnings and this.__doc__ == "Adds 1."
    assert "this (from " in texts[0] and "removed after 2019-01-31.\nUse that." in texts[0]
