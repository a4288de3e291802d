"""slim.learning.create_train_op: what a session evaluates to train by one step."""

import libcst as cst

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example, Leave, Outcome, Refusal
from slimport.rewrite.site import CallSite, ValueSite, string

# tf_slim/training/training.py has the parameters up to variables_to_train in common with
# tf_slim/learning.py; the sixth is a function there and a number here.
_COMMON = 5
# tf_slim/learning.py tags `name/gradient`, tf_slim/training/training.py `name_gradient`.
_SLASHED = "slim.learning.add_gradients_summaries"
_EQUAL = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))


class _TrainOpRule(RenamedRule):
    """The same operation from the written module, where a loop of the author's evaluates it."""

    def call(self, site: CallSite) -> Outcome:
        if not site.file.runs_sessions():
            return self._no_loop(site)
        given = [argument for argument in site.node.args if argument.keyword is None]
        if site.api == "slim.training.create_train_op" and (len(given) > _COMMON or site.has_star):
            return Leave(
                f"{site.api}: its sixth argument is another one in slim.learning",
                "pass what follows variables_to_train by name",
            )
        if site.api == _SLASHED:
            tag = cst.Arg(string("/"), cst.Name("separator"), equal=_EQUAL)
            written = site.file.written(site.short)
            return site.node.with_changes(func=written, args=[*site.node.args, tag])
        return super().call(site)

    def value(self, site: ValueSite) -> Outcome:
        if not site.file.runs_sessions():
            return self._no_loop(site)
        if site.api in (_SLASHED, "slim.training.create_train_op"):
            return Leave(f"{site.api} has a likeness of other arguments or tags", "call it here")
        return super().value(site)

    def _no_loop(self, site: CallSite | ValueSite) -> Leave:
        return Leave(
            f"{site.api}: an operation of a graph with sessions",
            "train the model with compile() and fit()",
        )


TRAIN_OP = _TrainOpRule(
    code="SLIM241",
    name="train_op",
    summary="slim.learning.create_train_op -> the written module's, in session programs",
    apis=(
        "slim.learning.add_gradients_summaries",
        "slim.learning.create_train_op",
        "slim.training.add_gradients_summaries",
        "slim.training.create_train_op",
    ),
    only_tensorflow="a training operation belongs to a graph with sessions",
    details="Update ops run before the loss and the step before it is returned, as in slim.",
    refuses=(
        Refusal(
            "… has a likeness of other arguments or tags",
            "slim.learning and tf.contrib.training each have one. Passed on, it cannot be told "
            "which is meant.",
            "call it here",
        ),
        Refusal(
            "…: an operation of a graph with sessions",
            "No session runs this code: nothing would take the step.",
            "train the model with compile() and fit()",
        ),
        Refusal(
            "…: its sixth argument is another one in slim.learning",
            "A function would stand where a number is meant.",
            "pass what follows variables_to_train by name",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def train(images):
    loss = tf.reduce_mean(slim.conv2d(images, 4, 3))
    optimizer = tf.train.MomentumOptimizer(0.1, 0.9)
    train_op = slim.learning.create_train_op(loss, optimizer, clip_gradient_norm=10.0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train_op)
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import conv2d, create_train_op


def train(images):
    loss = tf.reduce_mean(conv2d(images, 4, 3))
    optimizer = tf.train.MomentumOptimizer(0.1, 0.9)
    train_op = create_train_op(loss, optimizer, clip_gradient_norm=10.0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train_op)
""",
        ),
        Example(
            title="summaries of gradients, with slim's tags",
            before="""
import tensorflow as tf
import tf_slim as slim


def train(loss, optimizer):
    gradients = optimizer.compute_gradients(loss)
    slim.learning.add_gradients_summaries(gradients)
    tf.contrib.training.add_gradients_summaries(gradients)
    with tf.Session() as session:
        session.run(optimizer.apply_gradients(gradients))
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import add_gradients_summaries


def train(loss, optimizer):
    gradients = optimizer.compute_gradients(loss)
    add_gradients_summaries(gradients, separator="/")
    add_gradients_summaries(gradients)
    with tf.Session() as session:
        session.run(optimizer.apply_gradients(gradients))
""",
        ),
        Example(
            title="in a helper",
            before="""
import tf_slim as slim


def step(loss, optimizer):
    return slim.learning.create_train_op(loss, optimizer)
""",
            after="""
from scoped_layers import create_train_op


def step(loss, optimizer):
    return create_train_op(loss, optimizer)
""",
        ),
        Example(
            title="tf.contrib.training, with its own sixth argument",
            before="""
import tensorflow as tf
from tensorflow.contrib import training


def train(loss, optimizer, clip):
    train_op = training.create_train_op(loss, optimizer, transform_grads_fn=clip)
    other_op = training.create_train_op(loss, optimizer, None, None, None, clip)
    with tf.Session() as session:
        session.run([train_op, other_op])
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import create_train_op, legacy_import

training = legacy_import("tensorflow.contrib.training")


def train(loss, optimizer, clip):
    train_op = create_train_op(loss, optimizer, transform_grads_fn=clip)
    # TODO(slimport): SLIM241 slim.training.create_train_op: its sixth argument is another one in
    #   slim.learning; pass what follows variables_to_train by name
    other_op = training.create_train_op(loss, optimizer, None, None, None, clip)
    with tf.Session() as session:
        session.run([train_op, other_op])
""",
        ),
    ),
)
