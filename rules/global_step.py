"""The global step: slim's functions are TensorFlow 1's."""

from dataclasses import dataclass

import libcst as cst

from slimport.rewrite.rule import Example, Outcome, Rule
from slimport.rewrite.site import CallSite, Site, ValueSite


@dataclass(frozen=True, kw_only=True)
class _GlobalStepRule(Rule):
    """tf_slim/ops/variables.py hands each of them on to tf.compat.v1.train."""

    def call(self, site: CallSite) -> Outcome:
        return site.node.with_changes(func=_function(site))

    def value(self, site: ValueSite) -> Outcome:
        return _function(site)


def _function(site: Site) -> cst.BaseExpression:
    return site.file.tensorflow(f"compat.v1.train.{site.short}", "tensorflow")


GLOBAL_STEP = _GlobalStepRule(
    code="SLIM221",
    name="global_step",
    summary="slim.get_or_create_global_step and family -> tf.compat.v1.train",
    apis=(
        "slim.assert_global_step",
        "slim.create_global_step",
        "slim.get_global_step",
        "slim.get_or_create_global_step",
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
    ),
)
