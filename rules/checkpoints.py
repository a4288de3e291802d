"""Restoring variables from checkpoints, and variables beside the model's."""

from slimport.index.program import Reference
from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.marked import MarkedRule
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, ValueSite


class _CheckpointRule(RenamedRule):
    """The same functions in the written module, which knows its layers' names."""

    def blocks_plain_program(self, reference: Reference) -> str | None:
        return f"{reference.api.name} restores variables by name"


CHECKPOINTS = _CheckpointRule(
    code="SLIM405",
    name="checkpoints",
    summary="slim.assign_from_checkpoint(_fn) -> the written module's",
    apis=(
        "slim.assign_from_checkpoint",
        "slim.assign_from_checkpoint_fn",
    ),
    details=(
        "Old checkpoints restore by name, in TF 1 graphs and (assign_from_checkpoint_fn, called "
        "without a session) in models. A shape that is not the checkpoint's is an error, as in "
        "TensorFlow 1. A model as a whole has restore_checkpoint(model, path, include, exclude)."
    ),
    refuses=(
        Refusal(
            "… finds nothing outside of a TF 1 graph",
            "It looks variables up in the graph. Where no session runs, there are none to "
            "find, and it would restore nothing and say nothing.",
            "build the model, then restore_checkpoint(model, path)",
        ),
    ),
    examples=(
        Example(
            title="fine-tuning",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, classes):
    images = slim.conv2d(images, 8, 3, scope='conv')
    return slim.fully_connected(slim.flatten(images), classes, scope='logits')


def main(_):
    images = tf.placeholder(tf.float32, [None, 8, 8, 3])
    logits = net(images, 5)
    variables = slim.get_variables_to_restore(exclude=['logits'])
    init_fn = slim.assign_from_checkpoint_fn(
        tf.train.latest_checkpoint('model'), variables, ignore_missing_vars=True)
    operation, feed = slim.assign_from_checkpoint('other', {'biases': variables[1]})
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        init_fn(session)
        session.run(operation, feed)


if __name__ == '__main__':
    tf.app.run()
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import (
    assign_from_checkpoint,
    assign_from_checkpoint_fn,
    conv2d,
    flatten,
    fully_connected,
    get_variables_to_restore,
)


def net(images, classes):
    images = conv2d(images, 8, 3, name='conv')
    return fully_connected(flatten(images), classes, name='logits')


def main(_):
    images = tf.placeholder(tf.float32, [None, 8, 8, 3])
    logits = net(images, 5)
    variables = get_variables_to_restore(exclude=['logits'])
    init_fn = assign_from_checkpoint_fn(
        tf.train.latest_checkpoint('model'), variables, ignore_missing_vars=True)
    operation, feed = assign_from_checkpoint('other', {'biases': variables[1]})
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        init_fn(session)
        session.run(operation, feed)


if __name__ == '__main__':
    tf.disable_v2_behavior()
    tf.app.run()
""",
        ),
        Example(
            title="passed on",
            before="""
import tensorflow as tf

restore_fn = tf.contrib.framework.assign_from_checkpoint_fn


def loader(path, variables):
    return restore_fn(path, variables, reshape_variables=True)
""",
            after="""
from scoped_layers import assign_from_checkpoint_fn

restore_fn = assign_from_checkpoint_fn


def loader(path, variables):
    return restore_fn(path, variables, reshape_variables=True)
""",
        ),
    ),
)


class _InitRule(Rule):
    """TensorFlow's own finds variables in a TF 1 graph alone, and is silent elsewhere."""

    def call(self, site: CallSite) -> Outcome:
        if self._is_written(site):
            return site.renamed(site.file.written(site.short), {})
        return self._otherwise(site)

    def value(self, site: ValueSite) -> Outcome:
        return site.file.written(site.short) if self._is_written(site) else self._otherwise(site)

    def blocks_plain_program(self, reference: Reference) -> str | None:
        return f"{reference.api.name} restores variables by name"

    @staticmethod
    def _is_written(site: CallSite | ValueSite) -> bool:
        if site.file.runs_sessions():
            return site.file.restores_layers()
        return site.file.is_tf1() and site.file.builds(site.function)

    @staticmethod
    def _otherwise(site: CallSite | ValueSite) -> Outcome:
        if not site.file.is_tf1():
            return Keep()
        if site.file.runs_sessions():
            return site.file.tf1(site)
        return Leave(
            f"{site.api} finds nothing outside of a TF 1 graph",
            "build the model, then restore_checkpoint(model, path)",
        )


INIT_FROM_CHECKPOINT = _InitRule(
    code="SLIM411",
    name="init_from_checkpoint",
    summary="tf.train.init_from_checkpoint -> the written module's; marked where no layers are",
    apis=("tf.train.init_from_checkpoint",),
    details=(
        "In a TF 1 graph it is TensorFlow's, and compares the shapes of layers in scopes as well. "
        "In a function that builds a model it assigns to the variables that are there, once, when "
        "the model is built; with the same assignment_map."
    ),
    examples=(
        Example(
            title="in a session script",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, path):
    with tf.variable_scope('net'):
        images = slim.conv2d(images, 4, 3)
    tf.train.init_from_checkpoint(path, {'net/': 'net/'})
    return images


logits = net(tf.placeholder(tf.float32, [1, 8, 8, 3]), 'model.ckpt')
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import conv2d, init_from_checkpoint, variable_scope

tf.disable_v2_behavior()


def net(images, path):
    with variable_scope('net'):
        images = conv2d(images, 4, 3)
    init_from_checkpoint(path, {'net/': 'net/'})
    return images


logits = net(tf.placeholder(tf.float32, [1, 8, 8, 3]), 'model.ckpt')
""",
        ),
        Example(
            title="in a model",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, path):
    with tf.variable_scope('net'):
        images = slim.conv2d(images, 4, 3)
    tf.train.init_from_checkpoint(path, {'net/': 'net/'})
    return images
""",
            after="""
from scoped_layers import conv2d, init_from_checkpoint, variable_scope


def net(images, path):
    with variable_scope('net'):
        images = conv2d(images, 4, 3)
    init_from_checkpoint(path, {'net/': 'net/'})
    return images
""",
        ),
        Example(
            title="where nothing is built",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    with tf.variable_scope('net'):
        return slim.conv2d(images, 4, 3)


def initialize(path):
    tf.train.init_from_checkpoint(path, {'net/': 'net/'})
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d, variable_scope


def net(images):
    with variable_scope('net'):
        return conv2d(images, 4, 3)


def initialize(path):
    # TODO(slimport): SLIM411 tf.train.init_from_checkpoint finds nothing outside of a TF 1 graph;
    #   build the model, then restore_checkpoint(model, path)
    tf.train.init_from_checkpoint(path, {'net/': 'net/'})
""",
        ),
        Example(
            title="written for TensorFlow 2",
            before="""
import tensorflow as tf


def restore(path):
    with tf.Graph().as_default():
        tf.compat.v1.train.init_from_checkpoint(path, {'net/': 'net/'})
""",
            after="""
import tensorflow as tf


def restore(path):
    with tf.Graph().as_default():
        tf.compat.v1.train.init_from_checkpoint(path, {'net/': 'net/'})
""",
        ),
    ),
)

GRAPH_VARIABLES = MarkedRule(
    code="SLIM408",
    name="graph_variables",
    summary="slim.local_variable, global_variable, VariableDeviceChooser",
    apis=(
        "slim.VariableDeviceChooser",
        "slim.assert_or_get_global_step",
        "slim.global_variable",
        "slim.local_variable",
    ),
    reason="is about a variable of a TF 1 graph that no layer owns",
    advice="tf.compat.v1.Variable(value, trainable=False, collections=[...]) makes such a one",
)
