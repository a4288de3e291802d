"""Known error messages: each entry answers its own, and those that can be made are made."""

from __future__ import annotations

import subprocess
import sys

import pytest

from slimport.scan.failures import Failure, explain_error, failures

_EXAMPLES = [(failure, text) for failure in failures() for text in failure.examples]
_MADE = [failure for failure in failures() if failure.made_by]


def _ids(text: str) -> list[str]:
    return [answer.failure.id for answer in explain_error(text)]


@pytest.mark.parametrize(
    ("failure", "text"), _EXAMPLES, ids=[f"{f.id}-{n}" for n, (f, _) in enumerate(_EXAMPLES)]
)
def test_each_entry_answers_its_examples(failure: Failure, text: str) -> None:
    assert _ids(text) == [failure.id]


def test_entries_are_whole() -> None:
    ids = [failure.id for failure in failures()]
    assert len(ids) == len(set(ids)) > 40
    for failure in failures():
        assert failure.title and failure.why and failure.do and failure.examples, failure.id


def test_each_pattern_has_an_example() -> None:
    import re

    for failure in failures():
        for pattern in failure.patterns:
            assert any(re.search(pattern, text) for text in failure.examples), (failure.id, pattern)


@pytest.mark.slow
@pytest.mark.parametrize("failure", _MADE, ids=lambda failure: failure.id)
def test_messages_are_really_made(failure: Failure) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", failure.made_by],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert _ids(done.stderr)[:1] == [failure.id], done.stderr[-2000:]


@pytest.mark.parametrize(
    ("message", "about", "rule"),
    [
        ("module 'tensorflow' has no attribute 'placeholder'", "compat.v1.placeholder", "SLIM310"),
        ("module 'tensorflow' has no attribute 'random_normal'", "tf.random.normal", "SLIM310"),
        ("module 'tensorflow' has no attribute 'app'", "tf.compat.v1.app", ""),
        ("module 'tensorflow' has no attribute 'mul'", "tf.multiply", ""),
        ("module 'tensorflow' has no attribute 'nosuch'", "spelling", ""),
        ("module 'tensorflow' has no attribute 'GradientTape'", "older", ""),
        ("module 'tensorflow._api.v2.train' has no attribute 'AdamOptimizer'", "Adam", "SLIM280"),
        ("No module named 'tensorflow.contrib.quantize'", "model_optimization", "SLIM499"),
        ("No module named 'tensorflow.contrib.rnn.python.ops'", "cells", "SLIM499"),
        ("No module named 'tensorflow.contrib.slim.python.slim'", "", ""),
        ("module 'numpy' has no attribute 'int'.", "numpy.int is int", "SLIM330"),
    ],
)  # fmt: skip
def test_what_is_known_of_the_very_name(message: str, about: str, rule: str) -> None:
    (answer,) = explain_error(message)
    assert about in answer.about
    assert answer.rule == rule


_LOG = """Traceback (most recent call last):
  File "train.py", line 3, in <module>
    import tensorflow.contrib.slim as slim
ModuleNotFoundError: No module named 'tensorflow.contrib'

ERROR: No matching distribution found for tensorflow==1.15
"""


def test_the_last_error_of_a_log_comes_first() -> None:
    assert _ids(_LOG) == ["no-wheel", "contrib"]


def test_a_line_of_code_is_no_message() -> None:
    assert _ids('  File "/src/No module named tf_slim/a.py", line 3, in <module>') == []


def test_an_unknown_message_has_no_answer() -> None:
    assert _ids("ZeroDivisionError: division by zero") == []
    assert _ids("") == []
