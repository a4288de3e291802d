"""tf.summary.scalar in the loss of a program that trains with fit: a number that fit logs."""

from dataclasses import dataclass

import libcst as cst

from slimport.rewrite.rule import Example, Outcome, Rule
from slimport.rewrite.site import CallSite, ValueSite

_NOTE = "a summary of a graph with sessions; fit's callbacks do not write it"


@dataclass(frozen=True, kw_only=True)
class _LoggedRule(Rule):
    """A scalar of the loss becomes one of its logs; other summaries have no effect in fit."""

    def call(self, site: CallSite) -> Outcome:
        given = site.bound(("name", "tensor"))
        if given is None or not site.file.is_of_loss(site.function) or site.short != "scalar":
            site.file.note(_NOTE)
            return site.file.tf1(site)
        arguments = [cst.Arg(given["name"].value), cst.Arg(given["tensor"].value)]
        return cst.Call(site.file.written("log_scalar"), arguments)

    def value(self, site: ValueSite) -> Outcome:
        site.file.note(_NOTE)
        return site.file.tf1(site)


LOGGED_SCALARS = _LoggedRule(
    code="SLIM283",
    name="logged_scalars",
    summary="tf.summary.scalar -> log_scalar, where a LossModel computes it",
    apis=tuple(f"tf.summary.{kind}" for kind in ("audio", "histogram", "image", "scalar", "text")),
    only_with_fit=True,
    details=(
        "What a step logs is in the progress bar, and reaches every callback: Summaries writes it "
        "to event files as often as slim's loop did."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def train(images, labels, folder):
    logits = slim.fully_connected(images, 3, activation_fn=None)
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    tf.summary.scalar('loss/classes', loss)
    tf.summary.histogram('logits', logits)
    train_op = slim.learning.create_train_op(loss, tf.train.GradientDescentOptimizer(0.1))
    slim.learning.train(train_op, folder, number_of_steps=100)
""",
            after="""
import keras
import tensorflow as tf
from scoped_layers import (
    Checkpoints,
    fully_connected,
    log_scalar,
    LogLoss,
    LossModel,
    StopAtStep,
    Summaries,
)


def train(images, labels, folder):
    def build_loss():
        logits = fully_connected(images, 3, activation=None)
        loss = tf.compat.v1.losses.sparse_softmax_cross_entropy(labels, logits)
        log_scalar('loss/classes', loss)
        tf.compat.v1.summary.histogram('logits', logits)
        return loss

    model = LossModel(build_loss)
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    training_log = LogLoss()
    model.fit(
        model.batches,
        steps_per_epoch=100,
        callbacks=[Checkpoints(folder), StopAtStep(100), Summaries(folder), training_log],
    )
""",
        ),
    ),
)
