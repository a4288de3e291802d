"""Statements between a reading and its batch: what a dataset maps, and what keeps its queues."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import output, report, rewrite_program

PROGRAM = """import numpy as np
import random
import tensorflow as tf
import tf_slim as slim

{head}
def load(dataset, size=None):
    {first}
    provider = slim.dataset_data_provider.DatasetDataProvider(dataset)
    {second}
    row, label = provider.get(['row', 'label'])
    {between}
    {batch}
    {after}
    return rows, labels


def train(dataset, folder):
    with tf.Graph().as_default():
        rows, labels = load(dataset)
        logits = slim.fully_connected(rows, 3, activation_fn=None)
        loss = tf.losses.softmax_cross_entropy(labels, logits)
        train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.1))
        slim.learning.train(train_op, folder, number_of_steps=9)
"""
PARTS = {
    "head": "",
    "first": "pass",
    "second": "pass",
    "between": "row = row * 2.0",
    "batch": "rows, labels = tf.train.batch([row, label], 4)",
    "after": "pass",
}


def rewritten(**parts: str) -> str:
    result = rewrite_program({"net.py": PROGRAM.format(**{**PARTS, **parts})})
    assert not report(result, "net.py").error
    text = output(result, "net.py")
    assert text is not None
    compile(text, "net.py", "exec")
    return text


MAPPED = {
    "as it is": {},
    "constants": {"first": "mean = tf.constant([1.0, 2.0])", "between": "row = row - mean"},
    "constants of constants": {
        "first": "mean = tf.constant([1.0, 2.0])\n    mean = tf.cast(mean, tf.float64)",
        "between": "row = row - mean",
    },
    "a function that is chosen": {
        "head": "def chosen(name):\n    def noise(x):\n        return x + tf.random_normal([])\n"
        "    return noise\n\n",
        "first": "change = chosen('noise')", "between": "row = change(row)",
    },
    "numbers of an object": {"between": "label -= dataset.offset"},
    "noise for each example": {"between": "row += tf.random_uniform([4])"},
    "noise for nothing": {"first": "noise = tf.random_uniform([4])\n    print(noise)"},
    "another value of that name": {
        "first": "noise = tf.random_uniform([4])\n    noise = 2.0", "between": "row += noise",
    },
    "numbers that are compared": {"between": "if size == 4:\n        row = row * 2.0"},
    "no object": {"between": "if label is not None:\n        row = row * 2.0"},
    "either": {
        "between": "if size:\n        one = row\n    else:\n        one = row * 2.0\n"
        "    row = tf.identity(one)"
    },
    "initial values of their own": {"between": "scale = 2.0\n    row = row * scale"},
}  # fmt: skip


@pytest.mark.parametrize("parts", MAPPED.values(), ids=list(MAPPED))
def test_what_a_dataset_maps(parts: dict[str, str]) -> None:
    text = rewritten(**parts)
    assert "    def prepare(example):\n" in text and "train_in_session" not in text
    assert "tf.train.batch" not in text


STAYS = {
    "a tensor that is drawn above": {
        "second": "noise = tf.random_uniform([4])", "between": "row = row + noise",
    },
    "one that is drawn above the provider": {
        "first": "flip = tf.random_uniform([]) > 0.5",
        "between": "row = tf.cond(flip, lambda: row, lambda: -row)",
    },
    "by another name": {
        "first": "noise = tf.random_uniform([4])\n    again = noise", "between": "row += again",
    },
    "one that a function draws": {
        "head": "def draw():\n    return tf.random_uniform([4])\n\n",
        "first": "noise = draw()", "between": "row = row + noise",
    },
    "one for a function within": {
        "first": "noise = tf.random_uniform([4])",
        "second": "def change(x):\n        return x + noise", "between": "row = change(row)",
    },
    "one that is batched": {
        "first": "noise = tf.random_uniform([4])",
        "batch": "rows, labels = tf.train.batch([row + noise, label], 4)",
    },
    "a variable": {
        "first": "scale = tf.Variable(1.0, trainable=False)", "between": "row = row * scale",
    },
    "the step": {
        "first": "step = tf.train.get_or_create_global_step()",
        "between": "row = row * tf.cast(step, tf.float32)",
    },
    "the step, there": {
        "between": "row = row * tf.cast(tf.train.get_or_create_global_step(), tf.float32)"
    },
    "a collection": {"between": "tf.add_to_collection('labels', label)"},
    "a collection of a function": {
        "head": "def keep(x):\n    tf.add_to_collection('labels', x)\n    return x\n\n",
        "between": "label = keep(label)",
    },
    "a loss": {"between": "tf.losses.add_loss(tf.reduce_sum(row))"},
    "what counts its calls": {
        "between": "row = tf.numpy_function(np.random.permutation, [row], tf.float32)"
    },
    "a label that is compared": {"between": "row = row * tf.cast(label == 1, tf.float32)"},
    "a condition on it": {"between": "if label != 1:\n        row = -row"},
    "what is made of it": {"between": "kind = label + 1\n    if kind == 2:\n        row = -row"},
    "a list that has another value": {
        "first": "rates = [1.0]", "between": "rates = [row * r for r in rates]\n    row = rates[0]",
    },
}  # fmt: skip


@pytest.mark.parametrize("parts", STAYS.values(), ids=list(STAYS))
def test_what_keeps_its_queues(parts: dict[str, str]) -> None:
    text = rewritten(**parts)
    assert "prepare" not in text and "tf.train.batch(" in text and "train_in_session(" in text


@pytest.mark.parametrize(
    ("between", "above"),
    [
        ("if size is None:\n        size = 224", "    if size is None:\n        size = 224\n"),
        ("size = size or 224", "    size = size or 224\n"),
        ("size *= 2", "    size *= 2\n"),
    ],
)
def test_numbers_that_have_a_value_before(between: str, above: str) -> None:
    text = rewritten(between=f"{between}\n    row = tf.reshape(row, [size])")
    assert f"{above}\n    def prepare(example):\n" in text and "train_in_session" not in text
    assert text.count("size = 224") + text.count("size = size or") + text.count("size *= 2") == 1


def test_numbers_that_are_used_before_they_change() -> None:
    between = "row = tf.reshape(row, [size])\n    size = 2\n    row = tf.tile(row, [size])"
    assert "prepare" not in rewritten(between=between)


def test_summaries_of_examples_are_lost_and_the_report_says_so() -> None:
    head = (
        "def change(x):\n    tf.summary.scalar('sum', tf.reduce_sum(x))\n"
        "    tf.summary.histogram('x', x)\n    return x * 2.0\n\n"
    )
    parts = {**PARTS, "head": head, "between": "row = change(row)"}
    result = rewrite_program({"net.py": PROGRAM.format(**parts)})
    text = output(result, "net.py") or ""
    assert "    def prepare(example):\n" in text and "log_scalar" not in text
    for kind in ("scalar", "histogram"):
        assert f"    tf.compat.v1.summary.{kind}(" in text
        (entry,) = (e for e in report(result, "net.py").rewritten if e.api == f"tf.summary.{kind}")
        assert "do not write it" in entry.note
    in_loss = head.replace("change", "show") + "def change(x):\n    return x\n\n"
    source = PROGRAM.format(**{**parts, "head": in_loss, "after": "show(rows)"})
    text = output(rewrite_program({"net.py": source}), "net.py") or ""
    assert "    log_scalar('sum'" in text and "    log_histogram('x'" in text


LOOP = """parts = []
    for _ in range(4):
        row, label = provider.get(['row', 'label'])
        {}
        parts.append([row, label])
    rows, labels = tf.train.batch_join(parts, 4)"""


@pytest.mark.parametrize(
    ("change", "alike"),
    [
        ("row = row * 2.0", True),
        ("row = row * tf.random_uniform([])", True),
        ("row = row * random.random()", False),
        ("row = drawn(row)", False),
    ],
)
def test_readings_that_prepare_otherwise(change: str, alike: bool) -> None:
    head = "def drawn(x):\n    return x * np.random.uniform()\n\n"
    program = PROGRAM.replace("    row, label = provider.get(['row', 'label'])\n", "")
    source = program.format(**{**PARTS, "head": head, "between": "", "batch": LOOP.format(change)})
    text = output(rewrite_program({"net.py": source}), "net.py") or ""
    assert ("    def prepare(example):\n" in text) is alike
    assert ("tf.train.batch_join(" in text) is not alike
