"""tf.Variable between layers: a new variable at each call, named in the name scope."""

from dataclasses import replace

import libcst as cst

from slimport.index.program import Reference
from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal
from slimport.rewrite.site import CallSite, ValueSite

# TensorFlow 1's parameters, in order. TensorFlow 2.21 has others at the third position and after,
# in tf.compat.v1 too, and says nothing of it.
_PARAMETERS = (
    "initial_value", "trainable", "collections", "validate_shape", "caching_device", "name",
    "variable_def", "dtype", "expected_shape", "import_scope", "constraint", "use_resource",
    "synchronization", "aggregation", "shape",
)  # fmt: skip
# What the written module's function knows of them.
_KNOWN = frozenset(
    "initial_value trainable collections validate_shape name dtype use_resource".split()
)


class _VariableRule(RenamedRule):
    """Moves where tf.get_variable does; where no layers are built it stays TensorFlow's."""

    def call(self, site: CallSite) -> Outcome:
        of_tf1 = site.file.is_tf1() or site.reference.api.spelled.startswith("tensorflow.compat.v1")
        by_keyword = _by_keyword(site) if of_tf1 else None
        if by_keyword is not None:
            site = replace(site, node=by_keyword)
        if not self._moves(site):
            outcome = site.file.tf1(site)
            return by_keyword if by_keyword and isinstance(outcome, Keep) else outcome
        bound = site.bound(_PARAMETERS)
        late = any(argument.keyword is None for argument in site.node.args[2:])
        if bound is None or late or not {"initial_value"} <= set(bound) <= _KNOWN:
            return Leave(
                "a model's variable has no such argument",
                "it runs in TF 1 graphs; for a model take tf_variable of scoped_layers",
            )
        return super().call(site)

    def value(self, site: ValueSite) -> Outcome:
        return site.file.tf1(site)

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        return self.only_tensorflow if reference.call is not None else None

    @staticmethod
    def _moves(site: CallSite) -> bool:
        in_graphs = site.file.only_in_graphs(site.function)
        layers = site.file.scopes_layers(site.function) or site.file.builds(site.function)
        return (layers and not in_graphs) or site.file.is_of_loss(site.function)


def _by_keyword(site: CallSite) -> cst.Call | None:
    """The call with all arguments after the second by keyword, None if they are."""
    arguments = list(site.node.args)
    late = [i for i, argument in enumerate(arguments) if argument.keyword is None and i > 1]
    if site.has_star or not late or late[-1] >= len(_PARAMETERS):
        return None
    tight = cst.SimpleWhitespace("")
    for position in late:
        arguments[position] = arguments[position].with_changes(
            keyword=cst.Name(_PARAMETERS[position]), equal=cst.AssignEqual(tight, tight)
        )
    return site.node.with_changes(args=arguments)


TF_VARIABLE = _VariableRule(
    code="SLIM005",
    name="tf_variable",
    summary="tf.Variable in functions that build layers -> a variable of the same name",
    apis=("tf.Variable",),
    names=(("Variable", "tf_variable"),),
    only_tensorflow="a variable made outside a layer is not tracked by a functional model",
    details=(
        "Each call makes a variable, named in the name scope: Variable, Variable_1, ... Its "
        "initial value is evaluated once. In a TF 1 graph it is TensorFlow's own."
    ),
    refuses=(
        Refusal(
            "a model's variable has no such argument",
            "Collections of one's own, devices, savers and import scopes belong to graphs.",
            "it runs in TF 1 graphs; for a model take tf_variable of scoped_layers",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def upsample(x1, x2, channels, in_channels):
    kernel = tf.Variable(tf.truncated_normal([2, 2, channels, in_channels], stddev=0.02))
    up = tf.nn.conv2d_transpose(x1, kernel, tf.shape(x2), strides=[1, 2, 2, 1])
    return tf.concat([up, x2], 3)


def net(images):
    conv1 = slim.conv2d(images, 4, [3, 3], scope='conv1')
    conv2 = slim.conv2d(slim.max_pool2d(conv1, [2, 2]), 8, [3, 3], scope='conv2')
    conv3 = slim.conv2d(slim.max_pool2d(conv2, [2, 2]), 8, [3, 3], scope='conv3')
    return upsample(upsample(conv3, conv2, 8, 8), conv1, 4, 16)
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d, max_pool2d, tf_variable


def upsample(x1, x2, channels, in_channels):
    kernel = tf_variable(tf.random.truncated_normal([2, 2, channels, in_channels], stddev=0.02))
    up = tf.compat.v1.nn.conv2d_transpose(x1, kernel, tf.shape(x2), strides=[1, 2, 2, 1])
    return tf.concat([up, x2], 3)


def net(images):
    conv1 = conv2d(images, 4, [3, 3], name='conv1')
    conv2 = conv2d(max_pool2d(conv1, [2, 2]), 8, [3, 3], name='conv2')
    conv3 = conv2d(max_pool2d(conv2, [2, 2]), 8, [3, 3], name='conv3')
    return upsample(upsample(conv3, conv2, 8, 8), conv1, 4, 16)
""",
            inputs=((1, 8, 8, 3),),
            title="in a helper of a network",
        ),
        Example(
            before="""
import tensorflow.compat.v1 as tf
import tf_slim as slim


def dense(x, size):
    with tf.variable_scope('dense'):
        weights = tf.Variable(tf.random_normal([int(x.shape[1]), size]), name='weights')
        with tf.name_scope('shift'):
            biases = tf.Variable(lambda: tf.zeros([size]), trainable=False, dtype=tf.float32)
        return tf.matmul(x, weights) + biases


def net(features):
    features = dense(slim.fully_connected(features, 5), 4)
    return dense(features, 2) * tf.Variable([1.0, 2.0], collections=['variables', 'scales'])
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import fully_connected, name_scope, tf_variable, variable_scope


def dense(x, size):
    with variable_scope('dense'):
        weights = tf_variable(tf.random_normal([int(x.shape[1]), size]), name='weights')
        with name_scope('shift'):
            biases = tf_variable(lambda: tf.zeros([size]), trainable=False, dtype=tf.float32)
        return tf.matmul(x, weights) + biases


def net(features):
    features = dense(fully_connected(features, 5), 4)
    return dense(features, 2) * tf_variable([1.0, 2.0], collections=['variables', 'scales'])
""",
            inputs=((3, 7),),
            title="names come from name scopes",
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features):
    start = tf.Variable(1.0, constraint=tf.abs)
    return slim.fully_connected(features, 5) * start
""",
            after="""
import tensorflow as tf

from scoped_layers import fully_connected


def net(features):
    # TODO(slimport): SLIM005 a model's variable has no such argument; it runs in TF 1 graphs; for
    #   a model take tf_variable of scoped_layers
    start = tf.Variable(1.0, constraint=tf.abs)
    return fully_connected(features, 5) * start
""",
            title="what a layer's variable does not do",
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(features):
    scale = tf.Variable(1.0, False, ['scales'])
    return slim.fully_connected(features, 5) * scale


def main():
    features = tf.placeholder(tf.float32, [None, 7])
    step = tf.Variable(0, False, ['steps'])
    return net(features) * tf.to_float(step)
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import fully_connected, tf_variable


def net(features):
    scale = tf_variable(1.0, False, collections=['scales'])
    return fully_connected(features, 5) * scale


def main():
    features = tf.placeholder(tf.float32, [None, 7])
    step = tf.Variable(0, False, collections=['steps'])
    return net(features) * tf.to_float(step)
""",
            title="arguments by position",
        ),
        Example(
            before="""
import tensorflow as tf


def follow(value):
    return tf.Variable(0.0) + value
""",
            after="""
import tensorflow as tf


def follow(value):
    return tf.Variable(0.0) + value
""",
            title="no layers in the program: TensorFlow's",
        ),
    ),
)
