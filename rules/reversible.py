"""slim.rev_block and recompute_grad: what spared the memory of gradients."""

from slimport.index.program import Reference
from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example, Outcome
from slimport.rewrite.site import CallSite, Site, ValueSite

_MEMORY = (
    "{} computed again for the gradient what it did not keep; now it is kept: the same values for "
    "more memory. tf.recompute_grad spares it around layers that exist"
)


class _ReversibleRule(RenamedRule):
    """The written module's, with a note that memory is not spared."""

    def call(self, site: CallSite) -> Outcome:
        _note(site)
        return super().call(site)

    def value(self, site: ValueSite) -> Outcome:
        _note(site)
        return super().value(site)

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        return None


def _note(site: Site) -> None:
    site.file.note(_MEMORY.format(site.api))


REVERSIBLE = _ReversibleRule(
    code="SLIM153",
    name="reversible",
    summary="slim.rev_block, recompute_grad -> the same values, without sparing memory",
    apis=("slim.rev_block", "slim.recompute_grad"),
    details=(
        "Both ran their functions once more for the gradient. Layers that are found by their "
        "scopes cannot be met twice in one pass, and what moves with a run (the averages of a "
        "batch norm, a dropout mask) would move twice. So the functions run once, and what "
        "they give in between is kept. tf.recompute_grad spares the memory around layers that "
        "are objects. The class RevBlock is marked (SLIM412)."
    ),
    numbers=(
        "rev_block rounded once more on its way back: its inputs were recomputed from its "
        "outputs. The new gradients lack that rounding."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def f(features):
    return slim.fully_connected(features, 4, activation_fn=tf.tanh)


def g(features, side):
    return slim.fully_connected(features, 4, scope='g') * side[0]


def net(features, side):
    first, second = tf.split(features, 2, 1)
    first, second = slim.rev_block(first, second, f, g, num_layers=2, g_side_input=[side])
    return tf.concat([first, second], 1)
""",
            after="""
import keras

from scoped_layers import fully_connected, rev_block, split


def f(features):
    return fully_connected(features, 4, activation="tanh")


def g(features, side):
    return fully_connected(features, 4, name='g') * side[0]


def net(features, side):
    first, second = split(features, 2, 1)
    first, second = rev_block(first, second, f, g, num_layers=2, g_side_input=[side])
    return keras.ops.concatenate([first, second], 1)
""",
            inputs=((3, 8), (3, 1)),
        ),
        Example(
            title="a decorator",
            before="""
import tensorflow as tf
from tensorflow.contrib import layers


@layers.recompute_grad
def block(images):
    return layers.conv2d(images, 4, 3, scope='block')


@layers.recompute_grad(tupleize_grads=True)
def other(images, is_recomputing=False):
    return layers.conv2d(images, 4, 1, scope='other_%d' % is_recomputing)


def net(images):
    with tf.variable_scope('net', use_resource=True):
        return other(block(images))
""",
            after="""
from scoped_layers import conv2d, recompute_grad, variable_scope


@recompute_grad
def block(images):
    return conv2d(images, 4, 3, name='block')


@recompute_grad(tupleize_grads=True)
def other(images, is_recomputing=False):
    return conv2d(images, 4, 1, name='other_%d' % is_recomputing)


def net(images):
    with variable_scope('net', use_resource=True):
        return other(block(images))
""",
        ),
    ),
)
