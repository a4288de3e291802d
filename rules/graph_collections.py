"""What TF 1 looked up in its graph: variables, losses, collections of one's own."""

from slimport.index.program import Reference
from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example, Keep, Outcome
from slimport.rewrite.site import CallSite, ValueSite


class _CollectionRule(RenamedRule):
    """The written module's wherever layers are near; TensorFlow's where a session runs the graph.

    Outside of graphs TensorFlow finds nothing, and says nothing.
    """

    def call(self, site: CallSite) -> Outcome:
        if _is_written(site):
            return super().call(site)
        return site.file.tf1(site) if site.file.is_tf1() else Keep()

    def value(self, site: ValueSite) -> Outcome:
        if _is_written(site):
            return super().value(site)
        return site.file.tf1(site) if site.file.is_tf1() else Keep()

    def blocks_plain_program(self, reference: Reference) -> str | None:
        return f"{reference.api.name} looks into collections"


def _is_written(site: CallSite | ValueSite) -> bool:
    alone = site.file.only_in_graphs(site.function)
    return site.file.scopes_layers(site.function) and not alone


GRAPH_COLLECTIONS = _CollectionRule(
    code="SLIM234",
    name="graph_collections",
    summary="tf.get_collection, tf.trainable_variables and family -> the written module's",
    apis=(
        "tf.add_to_collection",
        "tf.add_to_collections",
        "tf.get_collection",
        "tf.global_variables",
        "tf.losses.add_loss",
        "tf.losses.get_losses",
        "tf.losses.get_regularization_loss",
        "tf.losses.get_regularization_losses",
        "tf.losses.get_total_loss",
        "tf.model_variables",
        "tf.trainable_variables",
    ),
    only_tensorflow="a functional model would keep the values of the moment",
    details=(
        "In a TF 1 graph they are TensorFlow's. In a model they know its layers: the variables "
        "that the code has met so far, under their checkpoint names, and a loss for each that is "
        "regularized. Updates of moving averages are in no collection there, since a layer makes "
        "them itself. model.losses holds the regularisation losses too: fit adds them once more "
        "to a loss that the function has added them to."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(x):
    with slim.arg_scope([slim.fully_connected], weights_regularizer=slim.l2_regularizer(0.5)):
        x = slim.fully_connected(x, 4, scope='first')
        so_far = tf.losses.get_regularization_loss()
        x = slim.fully_connected(x, 3, scope='second')
    tf.add_to_collections(['kept', 'sums'], tf.reduce_sum(x))
    losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    decay = [tf.nn.l2_loss(v) for v in tf.trainable_variables() if 'biases' not in v.name]
    decay += [tf.nn.l2_loss(v) for v in tf.trainable_variables('second/')]
    tf.add_to_collection('kept', decay[0])
    kept = tf.add_n(tf.get_collection('kept'))
    return x, so_far, tf.add_n(losses), tf.add_n(decay), kept, len(tf.global_variables())
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import (
    add_to_collection,
    add_to_collections,
    fully_connected,
    get_collection,
    get_regularization_loss,
    global_variables,
    layer_defaults,
    trainable_variables,
)


def net(x):
    with layer_defaults([fully_connected], kernel_regularizer=keras.regularizers.L2(0.5 * 0.5)):
        x = fully_connected(x, 4, name='first')
        so_far = get_regularization_loss()
        x = fully_connected(x, 3, name='second')
    add_to_collections(['kept', 'sums'], tf.reduce_sum(x))
    losses = get_collection(tf.compat.v1.GraphKeys.REGULARIZATION_LOSSES)
    decay = [tf.nn.l2_loss(v) for v in trainable_variables() if 'biases' not in v.name]
    decay += [tf.nn.l2_loss(v) for v in trainable_variables('second/')]
    add_to_collection('kept', decay[0])
    kept = tf.add_n(get_collection('kept'))
    return x, so_far, tf.add_n(losses), tf.add_n(decay), kept, len(global_variables())
""",
            inputs=((5, 6),),
        ),
        Example(
            title="losses",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(x, y):
    x = slim.fully_connected(
        x, 4, activation_fn=None, scope='fc', weights_regularizer=slim.l2_regularizer(0.5))
    tf.losses.mean_squared_error(y, x, weights=0.3)
    tf.losses.add_loss(tf.reduce_mean(tf.abs(x)))
    all_losses = tf.add_n(tf.get_collection(tf.GraphKeys.LOSSES))
    return x, tf.losses.get_total_loss(), tf.losses.get_losses()[0], all_losses
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import (
    add_loss,
    fully_connected,
    get_collection,
    get_losses,
    get_total_loss,
)


def net(x, y):
    x = fully_connected(
        x, 4, activation=None, name='fc', kernel_regularizer=keras.regularizers.L2(0.5 * 0.5))
    tf.compat.v1.losses.mean_squared_error(y, x, weights=0.3)
    add_loss(tf.reduce_mean(tf.abs(x)))
    all_losses = tf.add_n(get_collection(tf.compat.v1.GraphKeys.LOSSES))
    return x, get_total_loss(), get_losses()[0], all_losses
""",
            inputs=((5, 6), (5, 4)),
        ),
        Example(
            title="in a session script",
            before="""
import tensorflow as tf
import tf_slim as slim

logits = slim.conv2d(tf.placeholder(tf.float32, [1, 8, 8, 3]), 4, 3)
variables = tf.trainable_variables()
updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import conv2d

tf.disable_v2_behavior()

logits = conv2d(tf.placeholder(tf.float32, [1, 8, 8, 3]), 4, 3)
variables = tf.trainable_variables()
updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
""",
        ),
    ),
)
