"""slim's loops in session programs: every way to name one, and where it stays marked."""

from __future__ import annotations

import pytest

from slimport.rewrite.plan import Options
from tests.rewrite.tools import check_left, check_noop, output, report, rewrite_program, transform

USE = "\n\ndef go(*arguments):\n    return {}(*arguments)\n"

# By what is imported: how the function is called, and its name in the written module.
FORMS = {
    "slim": ("import tf_slim as slim", "slim.learning.train", "train_in_session"),
    "contrib.slim": (
        "import tensorflow.contrib.slim as slim", "slim.learning.train", "train_in_session"
    ),
    "a module": ("from tf_slim import learning", "learning.train", "train_in_session"),
    "a deep module": (
        "from tensorflow.contrib.slim.python.slim import learning as loop",
        "loop.train_step", "train_step",
    ),
    "a function": (
        "from tf_slim.learning import train as fit_model", "fit_model", "train_in_session"
    ),
    "its own name": ("from tf_slim.learning import train_step", "train_step", "train_step"),
    "a star": ("from tf_slim import *", "learning.train", "train_in_session"),
    "contrib.training": (
        "from tensorflow.contrib import training", "training.train", "train_monitored"
    ),
    "a path": (
        "import tensorflow.contrib.training as training", "training.evaluate_once", "evaluate_once"
    ),
    "slim.evaluation": (
        "import tf_slim as slim", "slim.evaluation.evaluate_once", "evaluate_checkpoint"
    ),
    "an evaluation module": (
        "from tensorflow.contrib.slim import evaluation",
        "evaluation.evaluation_loop", "evaluation_loop",
    ),
    "slim.train_eval": (
        "import tf_slim as slim", "slim.train_eval.evaluate_once", "evaluate_once"
    ),
    "evaluate_repeatedly": (
        "import tf_slim as slim", "slim.evaluation.evaluate_repeatedly", "evaluate_repeatedly"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_import_forms(name: str) -> None:
    imported, called, written = FORMS[name]
    after = transform(imported + "\n" + USE.format(called))
    assert after == f"from scoped_layers import {written}\n" + USE.format(written)
    check_noop(after)


@pytest.mark.parametrize("name", FORMS)
def test_without_sessions_they_are_marked(name: str) -> None:
    imported, called, _ = FORMS[name]
    result = rewrite_program({"net.py": imported + USE.format(called)}, Options(target="keras"))
    left = report(result, "net.py").left
    assert [entry.code for entry in left] in (["SLIM242"], ["SLIM243"])
    text = " ".join((output(result, "net.py") or "").replace("#", " ").split())
    assert "on graphs and sessions" in text
    assert "compile() and fit()" in text or "model.evaluate()" in text


def test_both_functions_evaluate_once() -> None:
    source = """
from tensorflow.contrib import slim, training


def go(path, op):
    slim.evaluation.evaluate_once('', path, '/tmp/eval', eval_op=op)
    training.evaluate_once(path, eval_ops=op)
"""
    text = transform(source)
    assert "    evaluate_checkpoint('', path, '/tmp/eval', eval_op=op)\n" in text
    assert "    evaluate_once(path, eval_ops=op)\n" in text


def test_a_loop_that_makes_a_step_of_the_authors_own() -> None:
    source = """
import tensorflow as tf
import tf_slim as slim


def step(session, train_op, global_step, kwargs, fetch=slim.learning.train_step):
    return fetch(session, train_op, global_step, kwargs)


def go(train_op):
    slim.learning.train(train_op, None, train_step_fn=step)
    slim.learning.train(train_op, None, slim.learning.train_step)
"""
    text = transform(source)
    assert "kwargs, fetch=train_step):" in text
    assert "    train_in_session(train_op, None, train_step)\n" in text
    check_noop(text)


def test_what_no_loop_is() -> None:
    check_left(
        "import tf_slim as slim\n\n\ndef go(s):\n    slim.learning._wait_for_step(s)\n",
        5,
        "SLIM401",
    )
    check_left(
        "import tf_slim as slim\n\n\ndef go(s):\n    slim.evaluation.summary(s)\n", 5, "SLIM402"
    )


def test_an_iterator_that_may_be_given_a_timeout_fn() -> None:
    source = "import tf_slim as slim\n" + USE.format("slim.evaluation.checkpoints_iterator")
    assert "    return checkpoints_iterator(*arguments)\n" in transform(source)
    source = source.replace("_iterator(*arguments)", "_iterator(*arguments, timeout=3)")
    assert "    return checkpoints_iterator(*arguments, timeout=3)\n" in transform(source)
    source = "import tf_slim as slim\n\nWAIT = slim.evaluation.checkpoints_iterator\n"
    assert "WAIT = checkpoints_iterator\n" in transform(source)
