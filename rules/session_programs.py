"""Programs of graphs and sessions: they run on TensorFlow 2 before anyone converts them.

The edits are made by slimport/rewrite/sessions.py, for whole files; this is their description.
"""

from slimport.rewrite.rule import Example, Keep, Outcome, Rule
from slimport.rewrite.site import CallSite, ValueSite


class _ProgramRule(Rule):
    """The module itself: what is asked of it belongs to other rules."""

    def call(self, site: CallSite) -> Outcome:
        return Keep()

    def value(self, site: ValueSite) -> Outcome:
        return Keep()


SESSION_PROGRAMS = _ProgramRule(
    code="SLIM311",
    name="session_programs",
    summary="graph-and-session programs: tensorflow.compat.v1 as tf, eager execution off",
    apis=("tf",),
    details=(
        "Files that a program with sessions runs get TensorFlow under its TF 1 name, so that every "
        "name in them means what it meant. Where such a program starts, it turns TensorFlow 2's "
        'behaviour off: below `if __name__ == "__main__":`, which leaves imports of the file '
        "without effect, or after the imports where the file makes tensors, or runs a session, as "
        "it loads. "
        "Files that name TensorFlow 2 alone, or choose how they run, stay. With --target keras "
        "nothing of this is done."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    return slim.fully_connected(images, 10, activation_fn=None, scope='logits')


def main(_):
    images = tf.placeholder(tf.float32, [None, 784])
    logits = net(images)
    tf.summary.histogram('logits', logits)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())


if __name__ == '__main__':
    tf.app.run()
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import fully_connected


def net(images):
    return fully_connected(images, 10, activation=None, name='logits')


def main(_):
    images = tf.placeholder(tf.float32, [None, 784])
    logits = net(images)
    tf.summary.histogram('logits', logits)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())


if __name__ == '__main__':
    tf.disable_v2_behavior()
    tf.app.run()
""",
        ),
        Example(
            title="a script that runs as it is read",
            before="""
import numpy as np
import tensorflow as tf

slim = tf.contrib.slim

images = tf.placeholder(tf.float32, [None, 8, 8, 3])
logits = slim.conv2d(images, 4, 3)
session = tf.InteractiveSession()
session.run(tf.global_variables_initializer())
session.run(logits, {images: np.zeros([1, 8, 8, 3])})
""",
            after="""
import numpy as np
import tensorflow.compat.v1 as tf

from scoped_layers import conv2d

tf.disable_v2_behavior()

images = tf.placeholder(tf.float32, [None, 8, 8, 3])
logits = conv2d(images, 4, 3)
session = tf.InteractiveSession()
session.run(tf.global_variables_initializer())
session.run(logits, {images: np.zeros([1, 8, 8, 3])})
""",
        ),
        Example(
            title="the author chose",
            before="""
import tensorflow as tf

tf.enable_eager_execution()


def restore(variables, path):
    return tf.train.Saver(variables).restore(None, path)
""",
            after="""
import tensorflow.compat.v1 as tf

tf.enable_eager_execution()


def restore(variables, path):
    return tf.train.Saver(variables).restore(None, path)
""",
        ),
    ),
)
