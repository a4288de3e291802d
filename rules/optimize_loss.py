"""slim.optimize_loss (tf.contrib.layers.optimize_loss): a step of training made in one call."""

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example, Leave, Outcome, Refusal
from slimport.rewrite.site import CallSite, Site, ValueSite


class _OptimizeLossRule(RenamedRule):
    """The same function from the written module, where sessions run it."""

    def call(self, site: CallSite) -> Outcome:
        return super().call(site) if site.file.runs_sessions() else _no_sessions(site)

    def value(self, site: ValueSite) -> Outcome:
        return super().value(site) if site.file.runs_sessions() else _no_sessions(site)


def _no_sessions(site: Site) -> Leave:
    return Leave(
        f"{site.api}: makes an optimizer by name, runs update ops and writes summaries in a graph",
        "take its steps apart: compute_gradients, multiply_gradients, clip_by_global_norm and "
        "apply_gradients of tf.compat.v1.train, or compile() and fit()",
    )


OPTIMIZE_LOSS = _OptimizeLossRule(
    code="SLIM409",
    name="optimize_loss",
    summary="slim.optimize_loss -> the written module's, in session programs",
    apis=("slim.adaptive_clipping_fn", "slim.optimize_loss"),
    only_tensorflow="a training operation belongs to a graph with sessions",
    details="The same optimizers, summaries and variables, under the same names.",
    refuses=(
        Refusal(
            "…: makes an optimizer by name, runs update ops and writes summaries in a graph",
            "No session runs this code, so that nothing would run the operation that it returns.",
            "take its steps apart: compute_gradients, multiply_gradients, clip_by_global_norm "
            "and apply_gradients of tf.compat.v1.train, or compile() and fit()",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
from tensorflow.contrib import layers


def train(images, decay):
    loss = tf.reduce_mean(layers.conv2d(images, 4, 3))
    train_op = layers.optimize_loss(
        loss, tf.train.get_global_step(), learning_rate=0.1, optimizer='Adam',
        clip_gradients=layers.adaptive_clipping_fn(decay=decay))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train_op)
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import adaptive_clipping_fn, conv2d, optimize_loss


def train(images, decay):
    loss = tf.reduce_mean(conv2d(images, 4, 3))
    train_op = optimize_loss(
        loss, tf.train.get_global_step(), learning_rate=0.1, optimizer='Adam',
        clip_gradients=adaptive_clipping_fn(decay=decay))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train_op)
""",
        ),
        Example(
            title="without sessions",
            before="""
import tf_slim as slim


def step(loss, optimizer):
    return slim.optimize_loss(loss, None, None, optimizer)
""",
            after="""
from scoped_layers import legacy_import

slim = legacy_import("tf_slim")


def step(loss, optimizer):
    # TODO(slimport): SLIM409 slim.optimize_loss: makes an optimizer by name, runs update ops and
    #   writes summaries in a graph; take its steps apart: compute_gradients, multiply_gradients,
    #   clip_by_global_norm and apply_gradients of tf.compat.v1.train, or compile() and fit()
    return slim.optimize_loss(loss, None, None, optimizer)
""",
        ),
    ),
)
