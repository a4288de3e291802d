"""The global step: slim's functions are TensorFlow 1's."""

import libcst as cst

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example, Keep, Outcome
from slimport.rewrite.site import CallSite, ValueSite


class _GlobalStepRule(RenamedRule):
    """Where layers are built it is a variable of the model; elsewhere it stays TensorFlow's."""

    def call(self, site: CallSite) -> Outcome:
        if _is_written(site):
            return super().call(site)
        if site.api.startswith("tf."):
            return site.file.tf1(site) if site.file.is_tf1() else Keep()
        return site.node.with_changes(func=_function(site))

    def value(self, site: ValueSite) -> Outcome:
        if _is_written(site):
            return super().value(site)
        if site.api.startswith("tf."):
            return site.file.tf1(site) if site.file.is_tf1() else Keep()
        return _function(site)


def _is_written(site: CallSite | ValueSite) -> bool:
    if site.short == "assert_global_step" or site.file.only_in_graphs(site.function):
        return False
    return site.file.scopes_layers(site.function)


def _function(site: CallSite | ValueSite) -> cst.BaseExpression:
    """tf_slim/ops/variables.py hands each of them on to tf.compat.v1.train."""
    return site.file.tensorflow(f"compat.v1.train.{site.short}", "tensorflow")


GLOBAL_STEP = _GlobalStepRule(
    code="SLIM221",
    name="global_step",
    summary="get_or_create_global_step and family -> the written module's, or tf.compat.v1.train",
    apis=(
        "slim.assert_global_step",
        "slim.create_global_step",
        "slim.get_global_step",
        "slim.get_or_create_global_step",
        "tf.train.create_global_step",
        "tf.train.get_global_step",
        "tf.train.get_or_create_global_step",
    ),
    only_tensorflow="the global step counts in a traced model alone",
    details=(
        "A traced model has `global_step` among its variables and counts it up with each step of "
        "fit. Code that trains it otherwise has to assign it."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def step(loss):
    global_step = slim.get_or_create_global_step()
    return tf.train.AdamOptimizer(1e-3).minimize(loss, global_step=global_step)
""",
            after="""
import tensorflow as tf


def step(loss):
    global_step = tf.compat.v1.train.get_or_create_global_step()
    return tf.compat.v1.train.AdamOptimizer(1e-3).minimize(loss, global_step=global_step)
""",
        ),
        Example(
            title="layers that change as training goes on",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    step = tf.train.get_or_create_global_step()
    share = tf.minimum(1.0, 0.25 + tf.cast(step, tf.float32) / 100.0)
    return share * slim.conv2d(images, 4, 3, scope='conv')
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d, get_or_create_global_step


def net(images):
    step = get_or_create_global_step()
    share = tf.minimum(1.0, 0.25 + tf.cast(step, tf.float32) / 100.0)
    return share * conv2d(images, 4, 3, name='conv')
""",
            inputs=((1, 6, 6, 3),),
        ),
        Example(
            title="in a session script it stays",
            before="""
import tensorflow as tf
import tf_slim as slim


def train(images):
    with tf.variable_scope('net'):
        loss = tf.reduce_mean(slim.conv2d(images, 4, 3))
    step = tf.train.get_or_create_global_step()
    train = tf.train.AdamOptimizer().minimize(loss, global_step=step)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train)
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import conv2d


def train(images):
    with tf.variable_scope('net'):
        loss = tf.reduce_mean(conv2d(images, 4, 3))
    step = tf.train.get_or_create_global_step()
    train = tf.train.AdamOptimizer().minimize(loss, global_step=step)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train)
""",
        ),
    ),
)
