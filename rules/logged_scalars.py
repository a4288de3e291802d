"""tf.summary in the loss of a program that trains with fit: what `Summaries` writes."""

import libcst as cst

from slimport.rewrite.rule import Example, Outcome, Rule
from slimport.rewrite.site import CallSite, Site, ValueSite
from slimport.rewrite.statements import on_one_line

_NOTE = "a summary of a graph with sessions; fit's callbacks do not write it"
# The parameters of TensorFlow's that have an equal, and those that are called otherwise.
_PARAMETERS = {
    "audio": ("name", "tensor", "sample_rate", "max_outputs"),
    "histogram": ("name", "values"),
    "image": ("name", "tensor", "max_outputs"),
    "scalar": ("name", "tensor"),
    "text": ("name", "tensor"),
}
_RENAMED = {"audio": "audio", "image": "images", "text": "texts"}


class _LoggedRule(Rule):
    """A summary that a LossModel's function makes as a statement is logged there."""

    def call(self, site: CallSite) -> Outcome:
        given = site.bound(_PARAMETERS[site.short])
        if given is None or not {"name", _PARAMETERS[site.short][1]} <= given.keys():
            return _stays(site)
        kind = site.file.summary_kind(site.reference.call)
        if kind in ("lost", "rate"):
            return _stays(site)
        if not site.file.is_of_loss(site.function) or not _is_statement(site):
            return _stays(site)
        renamed = {"tensor": _RENAMED.get(site.short, "tensor")}
        arguments = [
            a.with_changes(keyword=cst.Name(renamed.get(a.keyword.value, a.keyword.value)))
            if a.keyword
            else a
            for a in site.node.args
        ]
        function = site.file.written(f"log_{site.short}")
        if site.file.summary_kind(site.reference.call) == "added":
            return cst.Call(function, on_one_line(arguments))
        return site.node.with_changes(func=function, args=arguments)

    def value(self, site: ValueSite) -> Outcome:
        return _stays(site)


def _stays(site: CallSite | ValueSite) -> Outcome:
    """TensorFlow's own summary: a LossModel finds it in its function as well."""
    kind = site.file.summary_kind(site.reference.call)
    if kind == "lost" or (not kind and not site.file.is_of_loss(site.function)):
        site.file.note(_NOTE)
    return site.file.tf1(site)


def _is_statement(site: Site) -> bool:
    """Whether nothing uses what the call returns."""
    is_alone = isinstance(site.path[-1], cst.Expr)
    return is_alone or site.file.summary_kind(site.reference.call) == "added"


LOGGED_SCALARS = _LoggedRule(
    code="SLIM283",
    name="logged_scalars",
    summary="tf.summary -> log_scalar, log_histogram, log_image ..., where a LossModel runs it",
    apis=tuple(f"tf.summary.{kind}" for kind in _PARAMETERS),
    only_with="fit",
    details=(
        "What a step logs by log_scalar reaches every callback. "
        "Summaries writes all kinds to event files as often as slim's loop did: the function runs "
        "once more for them, on the batch of the step. A summary with other options, or whose "
        "value is used, stays TensorFlow's; it is written as well."
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
    tf.summary.image('images', tensor=images, max_outputs=2)
    tf.summary.histogram('logits', logits, family='all')
    for variable in slim.get_model_variables():
        tf.summary.histogram(variable.op.name, variable)
    train_op = slim.learning.create_train_op(loss, tf.train.GradientDescentOptimizer(0.1))
    slim.learning.train(train_op, folder, number_of_steps=100)
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import (
    Checkpoints,
    LogLoss,
    LossModel,
    StopAtStep,
    Summaries,
    fully_connected,
    get_model_variables,
    log_histogram,
    log_image,
    log_scalar,
)


def train(images, labels, folder):
    def build_loss():
        logits = fully_connected(images, 3, activation=None)
        loss = tf.compat.v1.losses.sparse_softmax_cross_entropy(labels, logits)
        log_scalar('loss/classes', loss)
        log_histogram('logits', logits)
        log_image('images', images=images, max_outputs=2)
        tf.compat.v1.summary.histogram('logits', logits, family='all')
        for variable in get_model_variables():
            log_histogram(variable.op.name, variable)
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
        Example(
            title="summaries that are collected, and the learning rate's",
            before="""
import tensorflow as tf
import tf_slim as slim


def train(images, folder):
    step = slim.create_global_step()
    summaries = set(tf.get_collection(tf.GraphKeys.SUMMARIES))
    logits = slim.fully_connected(images, 3, scope='logits')
    loss = tf.reduce_mean(tf.square(logits))
    summaries.add(tf.summary.scalar('loss', loss))
    for variable in slim.get_model_variables():
        summaries.add(tf.summary.histogram(variable.op.name, variable))
    rate = tf.train.exponential_decay(0.1, step, 1000, 0.9)
    summaries.add(tf.summary.scalar('learning_rate', rate))
    optimizer = tf.train.AdamOptimizer(rate)
    train_op = slim.learning.create_train_op(loss, optimizer, global_step=step)
    summary_op = tf.summary.merge(list(summaries), name='summary_op')
    slim.learning.train(train_op, folder, summary_op=summary_op, save_summaries_secs=60)
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import (
    Checkpoints,
    LogLoss,
    LossModel,
    Summaries,
    fully_connected,
    get_model_variables,
    log_histogram,
    log_scalar,
)


def train(images, folder):
    def build_loss():
        logits = fully_connected(images, 3, name='logits')
        loss = tf.reduce_mean(tf.square(logits))
        log_scalar('loss', loss)
        for variable in get_model_variables():
            log_histogram(variable.op.name, variable)
        return loss

    model = LossModel(build_loss)
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 1000, 0.9)
    optimizer = keras.optimizers.Adam(rate, epsilon=1e-8)
    model.compile(optimizer=optimizer)
    training_log = LogLoss()
    model.fit(
        model.batches,
        callbacks=[
            Checkpoints(folder),
            Summaries(folder, save_summaries_secs=60, learning_rate='learning_rate'),
            training_log,
        ],
    )
""",
        ),
    ),
)
