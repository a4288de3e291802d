"""HParams answers as tf.contrib.training.HParams of TensorFlow 1.15.5 does."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from slimport.written import hparams
from slimport.written.hparams import HParams, parse_values
from tests.written.hparams_questions import answers

RIGHT = Path(__file__).parent / "data" / "hparams_tf115.txt"


def test_every_answer_is_tensorflows() -> None:
    right = RIGHT.read_text("utf-8").splitlines()
    given = list(answers(HParams, parse_values))
    assert len(given) > 1400
    assert [pair for pair in zip(right, given, strict=True) if pair[0] != pair[1]] == []


def test_it_runs_where_tensorflow_1_does() -> None:
    text = Path(hparams.__file__ or "").read_text("utf-8")
    tree = ast.parse(text, feature_version=(3, 7))
    modules = [node.module for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert modules == ["__future__", "typing"], "verify's stand-in loads it under CPython 3.7"


def test_a_protocol_buffer_is_refused() -> None:
    with pytest.raises(NotImplementedError):
        HParams(object())


def test_messages_name_what_is_wrong() -> None:
    params = HParams(depth=3)
    with pytest.raises(ValueError, match=r"depth .*int.* 'a'"):
        params.set_hparam("depth", "a")
    with pytest.raises(ValueError, match="Unknown hyperparameter type for width"):
        params.parse("width=3")
    with pytest.raises(ValueError, match="depth in depth=x"):
        params.parse("depth=x")
