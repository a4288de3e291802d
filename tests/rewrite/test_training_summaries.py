"""The learning rate's summary beside a loss: written by fit where it is the optimizer's."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import output, report, rewrite_program

PROGRAM = """import tensorflow as tf
import tf_slim as slim


def schedule(step):
    lr = tf.train.exponential_decay(0.1, step, 1000, 0.9)
    {in_schedule}
    return lr


def make(lr):
    {in_make}
    return tf.train.AdamOptimizer(lr)


def train(x, folder, tag):
    step = slim.create_global_step()
    loss = tf.reduce_mean(slim.fully_connected(x, 1))
    rate = schedule(step)
    {before}
    optimizer = {optimizer}
    {after}
    train_op = slim.learning.create_train_op(loss, optimizer, global_step=step)
    slim.learning.train(train_op, folder)
"""


def rewritten(**parts: str) -> tuple[str, list[str]]:
    """The new text, and what the report says of the summaries."""
    named = dict.fromkeys(("in_schedule", "in_make", "before", "after"), "pass")
    source = PROGRAM.format(**{**named, "optimizer": "make(rate)", **parts})
    result = rewrite_program({"net.py": source})
    found = report(result, "net.py")
    assert not found.error
    notes = [e.note for e in found.rewritten if e.api.startswith("tf.summary.")]
    return output(result, "net.py") or "", notes


WRITTEN = {
    "where it is made": {"in_schedule": "tf.summary.scalar('rate', lr)"},
    "where the optimizer is made": {"in_make": "tf.summary.scalar('rate', lr)"},
    "beside both": {"before": "tf.summary.scalar('rate', rate)"},
    "behind the optimizer": {"after": "tf.summary.scalar('rate', rate)"},
    "of an optimizer in the block": {
        "optimizer": "tf.train.MomentumOptimizer(rate, 0.9)",
        "after": "tf.summary.scalar('rate', rate)",
    },
}


@pytest.mark.parametrize("parts", WRITTEN.values(), ids=list(WRITTEN))
def test_the_optimizer_tells_its_rate(parts: dict[str, str]) -> None:
    text, notes = rewritten(**parts)
    assert notes == [""] and "LossModel(build_loss)" in text
    assert "Summaries(folder, learning_rate='rate')" in text
    assert "summary" not in text and "log_scalar" not in text


OTHERS = {
    "another number": {"before": "momentum = 0.5 * tag\n    tf.summary.scalar('rate', momentum)"},
    "what it was before": {
        "before": "tf.summary.scalar('rate', rate)\n    rate = rate if tag else 0.5"
    },
    "a rate of two optimizers": {
        "before": "half = 0.5 * tag\n    tf.summary.scalar('rate', half)",
        "optimizer": "tf.train.AdamOptimizer(half) if tag else tf.train.AdamOptimizer(rate)",
    },
    "a tag that is computed": {"before": "tf.summary.scalar(tag, rate)"},
    "a part of it": {"before": "tf.summary.scalar('rate', rate, family='rates')"},
    "what else the schedule has": {
        "in_schedule": "most = 1000\n    tf.summary.scalar('rate', most)"
    },
}


@pytest.mark.parametrize("parts", OTHERS.values(), ids=list(OTHERS))
def test_other_summaries_beside_the_loss(parts: dict[str, str]) -> None:
    text, notes = rewritten(**parts)
    assert "LossModel" in text and "learning_rate=" not in text
    assert ["do not write it" in note for note in notes] == [True]
