"""slim.learning.train, tf.contrib.training.train: training loops of graphs with sessions."""

import libcst as cst

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example, Leave, Outcome, Refusal
from slimport.rewrite.site import CallSite, Site, ValueSite

_NAMES = {
    "slim.learning.train": "train_in_session",
    "slim.learning.train_step": "train_step",
    "slim.training.train": "train_monitored",
}


class _LoopRule(RenamedRule):
    """The same loop from the written module, with the same arguments."""

    def call(self, site: CallSite) -> Outcome:
        if not site.file.runs_sessions():
            return _no_sessions(site)
        why = site.file.why_on_sessions(site.function)
        if why and site.api == "slim.learning.train":
            site.file.note(f"no fit: {why}")
        return super().call(site)

    def value(self, site: ValueSite) -> Outcome:
        return super().value(site) if site.file.runs_sessions() else _no_sessions(site)

    def value_of(self, site: Site) -> cst.BaseExpression:
        return site.file.written(_NAMES[site.api])


def _no_sessions(site: Site) -> Leave:
    return Leave(
        f"{site.api}: a training loop on graphs and sessions",
        "train the model with compile() and fit()",
    )


LEARNING_LOOP = _LoopRule(
    code="SLIM242",
    name="learning_loop",
    summary="slim.learning.train -> train_in_session of the written module, in session programs",
    apis=tuple(_NAMES),
    only_tensorflow="a training loop belongs to a graph with sessions",
    details=(
        "The same arguments, checkpoints, summaries and log lines, on TensorFlow's Supervisor; "
        "tf.contrib.training.train is train_monitored, on MonitoredTrainingSession. Both go on "
        "from the latest checkpoint. SLIM290 takes the loops that fit can run. See "
        "docs/training-loops.md."
    ),
    refuses=(
        Refusal(
            "…: a training loop on graphs and sessions",
            "No session runs this code, and SLIM290 found no block to make a model of; the "
            "report says why.",
            "train the model with compile() and fit()",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def main(_):
    images = tf.ones([2, 8, 8, 3])
    loss = tf.reduce_mean(slim.conv2d(images, 4, 3))
    train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.01))
    slim.learning.train(
        train_op,
        '/tmp/logs',
        number_of_steps=1000,
        startup_delay_steps=0)


if __name__ == '__main__':
    tf.app.run()
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import conv2d, create_train_op, train_in_session


def main(_):
    images = tf.ones([2, 8, 8, 3])
    loss = tf.reduce_mean(conv2d(images, 4, 3))
    train_op = create_train_op(loss, tf.train.AdamOptimizer(0.01))
    train_in_session(
        train_op,
        '/tmp/logs',
        number_of_steps=1000,
        startup_delay_steps=0)


if __name__ == '__main__':
    tf.disable_v2_behavior()
    tf.app.run()
""",
        ),
        Example(
            title="a step of the author's own",
            before="""
from tensorflow.contrib.slim.python.slim import learning
from tensorflow.contrib.slim.python.slim.learning import train_step


def train(train_op, logdir, validate):
    def my_step(session, *args, **kwargs):
        loss, should_stop = train_step(session, *args, **kwargs)
        if my_step.count % 100 == 0:
            print(session.run(validate))
        my_step.count += 1
        return loss, should_stop

    my_step.count = 0
    return learning.train(train_op, logdir, train_step_fn=my_step)


def steps():
    return {'plain': learning.train_step}
""",
            after="""
from scoped_layers import train_in_session, train_step


def train(train_op, logdir, validate):
    def my_step(session, *args, **kwargs):
        loss, should_stop = train_step(session, *args, **kwargs)
        if my_step.count % 100 == 0:
            print(session.run(validate))
        my_step.count += 1
        return loss, should_stop

    my_step.count = 0
    return train_in_session(train_op, logdir, train_step_fn=my_step)


def steps():
    return {'plain': train_step}
""",
        ),
        Example(
            title="tf.contrib.training",
            before="""
import tensorflow as tf


def train(train_op, logdir):
    hooks = [tf.train.StopAtStepHook(last_step=1000)]
    return tf.contrib.training.train(train_op, logdir, hooks=hooks, save_summaries_steps=10)
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import train_monitored


def train(train_op, logdir):
    hooks = [tf.train.StopAtStepHook(last_step=1000)]
    return train_monitored(train_op, logdir, hooks=hooks, save_summaries_steps=10)
""",
        ),
        Example(
            title="names of the program's own",
            before="""
import tf_slim as slim


def train_step(session, train_op, global_step, options):
    return slim.learning.train_step(session, train_op, global_step, options)


def train(train_op, logdir, learning):
    learning.train(train_op)
    return slim.learning.train(train_op, logdir, train_step)
""",
            after="""
from scoped_layers import train_in_session, train_step as scoped_train_step


def train_step(session, train_op, global_step, options):
    return scoped_train_step(session, train_op, global_step, options)


def train(train_op, logdir, learning):
    learning.train(train_op)
    return train_in_session(train_op, logdir, train_step)
""",
        ),
    ),
)
