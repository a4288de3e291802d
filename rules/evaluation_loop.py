"""slim.evaluation, tf.contrib.training's evaluation: loops over checkpoints with sessions."""

import libcst as cst

from slimport.index.program import Reference
from slimport.rewrite.moved import public
from slimport.rewrite.rule import Example, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, Site, ValueSite

_SHARED = (
    "StopAfterNEvalsHook", "SummaryAtEndHook", "checkpoints_iterator", "evaluate_repeatedly",
    "get_or_create_eval_step", "wait_for_new_checkpoint",
)  # fmt: skip
# slim and tf.contrib.training have two functions evaluate_once.
_NAMES = {
    "slim.evaluation.evaluate_once": "evaluate_checkpoint",
    "slim.evaluation.evaluation_loop": "evaluation_loop",
    "slim.training.evaluate_once": "evaluate_once",
    **{f"{home}.{name}": name for home in ("slim.evaluation", "slim.training") for name in _SHARED},
}
_OF_FILES = ("checkpoints_iterator", "wait_for_new_checkpoint")
_ITERATOR = ("checkpoint_dir", "min_interval_secs", "timeout", "timeout_fn")


class _EvaluationRule(Rule):
    """The same function from the written module, or TensorFlow's where that is the same."""

    def call(self, site: CallSite) -> Outcome:
        if site.short == "checkpoints_iterator" and not site.aliased:
            given = site.bound(_ITERATOR)
            if given is not None and "timeout_fn" not in given:
                function = public(site, "train.checkpoints_iterator")
                return site.node.with_changes(func=function)
        name = _written(site)
        why = site.file.why_on_sessions(site.function)
        if why and site.short.startswith("evaluat"):
            site.file.note(f"no model.evaluate: {why}")
        return site.renamed(name, {}) if isinstance(name, cst.BaseExpression) else name

    def value(self, site: ValueSite) -> Outcome:
        return _written(site)

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        return "an evaluation belongs to a graph with sessions"


def _written(site: Site) -> cst.BaseExpression | Leave:
    if site.short in _OF_FILES or site.file.runs_sessions():
        return site.file.written(_NAMES[site.api])
    return Leave(
        f"{site.api}: an evaluation loop on graphs and sessions",
        "use model.evaluate() with keras.metrics",
    )


EVALUATION_LOOP = _EvaluationRule(
    code="SLIM243",
    name="evaluation_loop",
    summary="slim.evaluation -> evaluation loops of the written module, in session programs",
    apis=tuple(_NAMES),
    details=(
        "slim.evaluation.evaluate_once is evaluate_checkpoint, tf.contrib.training.evaluate_once "
        "evaluate_once: they have other arguments. tf.train.checkpoints_iterator asks its "
        "timeout_fn after each checkpoint, slim's after a timeout alone. A checkpoint with another "
        "shape of a variable is refused, as by the variables of TensorFlow 1."
    ),
    refuses=(
        Refusal(
            "…: an evaluation loop on graphs and sessions",
            "No session runs this code, and SLIM292 found no block to make a model of; the "
            "report says why.",
            "use model.evaluate() with keras.metrics",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def main(_):
    images = tf.ones([2, 8, 8, 3])
    logits = slim.fully_connected(slim.flatten(images), 4)
    labels = tf.zeros([2], tf.int64)
    values, updates = slim.metrics.aggregate_metric_map({
        'accuracy': slim.metrics.streaming_accuracy(tf.argmax(logits, 1), labels),
    })
    for name, value in values.items():
        tf.summary.scalar(name, value)
    slim.evaluation.evaluate_once(
        master='',
        checkpoint_path=tf.train.latest_checkpoint('/tmp/logs'),
        logdir='/tmp/eval',
        num_evals=10,
        eval_op=list(updates.values()),
        variables_to_restore=slim.get_variables_to_restore())
    slim.evaluation.evaluation_loop(
        '', '/tmp/logs', '/tmp/eval', num_evals=10, eval_op=list(updates.values()))


if __name__ == '__main__':
    tf.app.run()
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import (
    aggregate_metric_map,
    evaluate_checkpoint,
    evaluation_loop,
    flatten,
    fully_connected,
    get_variables_to_restore,
)


def main(_):
    images = tf.ones([2, 8, 8, 3])
    logits = fully_connected(flatten(images), 4)
    labels = tf.zeros([2], tf.int64)
    values, updates = aggregate_metric_map({
        'accuracy': tf.metrics.accuracy(predictions=tf.argmax(logits, 1), labels=labels),
    })
    for name, value in values.items():
        tf.summary.scalar(name, value)
    evaluate_checkpoint(
        master='',
        checkpoint_path=tf.train.latest_checkpoint('/tmp/logs'),
        logdir='/tmp/eval',
        num_evals=10,
        eval_op=list(updates.values()),
        variables_to_restore=get_variables_to_restore())
    evaluation_loop(
        '', '/tmp/logs', '/tmp/eval', num_evals=10, eval_op=list(updates.values()))


if __name__ == '__main__':
    tf.disable_v2_behavior()
    tf.app.run()
""",
        ),
        Example(
            title="tf.contrib.training, whose evaluate_once is another function",
            before="""
from tensorflow.contrib import training
from tensorflow.contrib.training.python.training import evaluation


def evaluate(path, folder, updates, values):
    hooks = [evaluation.StopAfterNEvalsHook(10), training.SummaryAtEndHook('/tmp/eval')]
    training.evaluate_once(path, eval_ops=updates, final_ops=values, hooks=hooks)
    return evaluation.evaluate_repeatedly(
        folder, eval_ops=updates, final_ops=values, hooks=hooks, timeout=600)
""",
            after="""
from scoped_layers import (
    StopAfterNEvalsHook,
    SummaryAtEndHook,
    evaluate_once,
    evaluate_repeatedly,
)


def evaluate(path, folder, updates, values):
    hooks = [StopAfterNEvalsHook(10), SummaryAtEndHook('/tmp/eval')]
    evaluate_once(path, eval_ops=updates, final_ops=values, hooks=hooks)
    return evaluate_repeatedly(
        folder, eval_ops=updates, final_ops=values, hooks=hooks, timeout=600)
""",
        ),
        Example(
            title="waiting for checkpoints",
            before="""
import tf_slim as slim


def watch(folder, is_over):
    for path in slim.evaluation.checkpoints_iterator(folder, min_interval_secs=60, timeout=600):
        yield path
    for path in slim.evaluation.checkpoints_iterator(folder, timeout_fn=is_over):
        yield path
    yield slim.evaluation.wait_for_new_checkpoint(folder, timeout=600)
""",
            after="""
import tensorflow as tf

from scoped_layers import checkpoints_iterator, wait_for_new_checkpoint


def watch(folder, is_over):
    for path in tf.train.checkpoints_iterator(folder, min_interval_secs=60, timeout=600):
        yield path
    for path in checkpoints_iterator(folder, timeout_fn=is_over):
        yield path
    yield wait_for_new_checkpoint(folder, timeout=600)
""",
        ),
        Example(
            title="without sessions",
            before="""
import tf_slim as slim

HOOKS = [slim.evaluation.StopAfterNEvalsHook(10)]
""",
            after="""
from scoped_layers import legacy_import

slim = legacy_import("tf_slim")

# TODO(slimport): SLIM243 slim.evaluation.StopAfterNEvalsHook: an evaluation loop on graphs and
#   sessions; use model.evaluate() with keras.metrics
HOOKS = [slim.evaluation.StopAfterNEvalsHook(10)]
""",
        ),
    ),
)
