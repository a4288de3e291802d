"""slim.arg_scope, add_arg_scope and their companions."""

from collections.abc import Mapping

import libcst as cst

from slimport.index.program import Reference
from slimport.rewrite.always import always
from slimport.rewrite.layers import LayerRule, RenamedRule, keras_keyword, keras_value
from slimport.rewrite.registry import rule_for
from slimport.rewrite.rule import Example, Outcome, Rule
from slimport.rewrite.site import CallSite, ValueSite


class _ArgScopeRule(Rule):
    """``with slim.arg_scope(ops, stride=1)`` -> ``with layer_defaults(ops, strides=1)``."""

    def call(self, site: CallSite) -> Outcome:
        ops = _listed_layers(site)
        told = always(site, passed_on=ops is not None)
        arguments = [_argument(_told(argument, told), ops) for argument in site.node.args]
        function = site.node.func if site.aliased else site.file.written("layer_defaults")
        return site.node.with_changes(func=function, args=arguments)

    def value(self, site: ValueSite) -> Outcome:
        return site.file.written("layer_defaults")


def _told(argument: cst.Arg, told: Mapping[str, cst.BaseExpression]) -> cst.Arg:
    name = argument.keyword.value if argument.keyword else ""
    return argument.with_changes(value=told[name]) if name in told else argument


def _listed_layers(site: CallSite) -> list[str] | None:
    """Canonical names of a literal list of slim layers; None where an op may be the author's own.

    A custom op has parameters of its own names, so keywords for it must stay as they are. The
    factories take slim's names as well.
    """
    call = site.reference.call
    if call is None or not call.args:
        return None
    elements = getattr(call.args[0], "elts", None)
    if not elements:
        return None
    known = {reference.node: reference for reference in site.function.references}
    layers = [known[e].api.name for e in elements if e in known and _is_layer(known[e])]
    return layers if len(layers) == len(elements) else None


def _is_layer(reference: Reference) -> bool:
    return isinstance(rule_for(reference.api.name), LayerRule)


def _argument(argument: cst.Arg, ops: list[str] | None) -> cst.Arg:
    if argument.keyword is not None and argument.keyword.value == "list_ops_or_scope":
        return argument.with_changes(keyword=cst.Name("ops_or_defaults"))
    # A custom op may compare `padding` with 'SAME' or call `activation_fn`: values stay, too.
    if argument.keyword is None or argument.star or not ops:
        return argument
    name = argument.keyword.value
    value = keras_value(name, argument.value)
    if value is not None:
        argument = argument.with_changes(value=value)
    # One keyword for several ops is renamed only where all of them call it the same.
    names = {keras_keyword(op, name) for op in ops}
    if len(names) == 1:
        argument = argument.with_changes(keyword=cst.Name(names.pop()))
    return argument


ARG_SCOPE = _ArgScopeRule(
    code="SLIM001",
    name="arg_scope",
    summary="slim.arg_scope -> layer_defaults",
    apis=("slim.arg_scope",),
    numbers=(
        "Defaults that a scope sets are the ones that count: a scope's stride or regularizer is in "
        "no line of the call. Where the defaults go into the calls, slim's own defaults (ReLU, "
        "SAME, stride 2 of pools) are written out beside them, because Keras has others."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
slim = tf.contrib.slim


def scope(weight_decay=0.0001):
    with slim.arg_scope([slim.conv2d, slim.fully_connected],
                        weights_regularizer=slim.l2_regularizer(weight_decay),
                        activation_fn=None) as sc:
        return sc


def net(images):
    with slim.arg_scope(scope()):
        with slim.arg_scope([slim.conv2d, slim.max_pool2d], stride=1, padding='VALID'):
            images = slim.conv2d(images, 4, [3, 3], scope='conv')
            return slim.max_pool2d(images, [2, 2], scope='pool')
""",
            after="""
import keras

from scoped_layers import conv2d, fully_connected, layer_defaults, max_pool2d


def scope(weight_decay=0.0001):
    with layer_defaults([conv2d, fully_connected],
                        kernel_regularizer=keras.regularizers.L2(0.5 * weight_decay),
                        activation=None) as sc:
        return sc


def net(images):
    with layer_defaults(scope()):
        with layer_defaults([conv2d, max_pool2d], strides=1, padding='valid'):
            images = conv2d(images, 4, [3, 3], name='conv')
            return max_pool2d(images, [2, 2], name='pool')
""",
            inputs=((1, 8, 8, 3),),
            title="a scope function and a constant scope inside",
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    with slim.arg_scope([slim.conv2d], stride=2, activation_fn=tf.nn.elu):
        # Two of a kind.
        images = slim.conv2d(images, 4, [3, 3], scope='conv1')
        return slim.conv2d(images, 4, [3, 3], stride=1, scope='conv2')
""",
            after="""
import keras


def net(images):
    # Two of a kind.
    images = keras.layers.Conv2D(
        4, [3, 3], strides=2, padding="same", activation="elu", name="conv1"
    )(images)
    return keras.layers.Conv2D(
        4, [3, 3], padding="same", activation="elu", name="conv2"
    )(images)
""",
            inputs=((1, 9, 9, 3),),
            title="closed code: the defaults go into the calls, the scope goes",
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    with slim.arg_scope([slim.conv2d], activation_fn=tf.nn.elu) as stored:
        images = slim.conv2d(images, 4, [3, 3], scope='conv1')
    images = slim.conv2d(images, 4, [3, 3], scope='conv2')
    with slim.arg_scope(stored):
        return slim.conv2d(images, 4, [3, 3], scope='conv3')
""",
            after="""
from scoped_layers import conv2d, layer_defaults


def net(images):
    with layer_defaults([conv2d], activation="elu") as stored:
        images = conv2d(images, 4, [3, 3], name='conv1')
    images = conv2d(images, 4, [3, 3], name='conv2')
    with layer_defaults(stored):
        return conv2d(images, 4, [3, 3], name='conv3')
""",
            inputs=((1, 9, 9, 3),),
            title="a scope that is stored and entered again",
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, is_training=False):
    params = {'is_training': is_training, 'decay': 0.9, 'scale': True}
    ops = [slim.conv2d, slim.separable_conv2d]
    norm = slim.batch_norm
    with slim.arg_scope(ops, normalizer_fn=norm), slim.arg_scope([norm], **params):
        images = slim.conv2d(images, 4, [3, 3])
        return slim.separable_conv2d(images, 6, [3, 3], depth_multiplier=1)
""",
            after="""
import tensorflow as tf

from scoped_layers import batch_norm, conv2d, layer_defaults, separable_conv2d


def net(images, is_training=False):
    params = {'is_training': is_training, 'decay': 0.9, 'scale': True}
    ops = [conv2d, separable_conv2d]
    norm = batch_norm
    with layer_defaults(ops, normalizer_fn=norm), layer_defaults([norm], **params):
        images = conv2d(images, 4, [3, 3])
        return separable_conv2d(images, 6, [3, 3], depth_multiplier=1)
""",
            inputs=((4, 9, 9, 3),),
            title="several items in one with, and defaults from a dict",
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images, weight_decay=0.0005):
    # Three layers and a head.
    with slim.arg_scope([slim.conv2d, slim.fully_connected], activation_fn=tf.nn.elu,
                        weights_initializer=tf.truncated_normal_initializer(stddev=0.01),
                        weights_regularizer=slim.l2_regularizer(weight_decay)):
        with tf.variable_scope('body'), slim.arg_scope([slim.conv2d], padding='VALID'):
            images = slim.conv2d(images, 4, [3, 3], scope='conv1')
            images = slim.conv2d(images, 4, [3, 3], stride=2, scope='conv2')
            images = slim.conv2d(images, 4, [1, 1], activation_fn=None, scope='conv3')
        images = slim.flatten(images)
        images = slim.fully_connected(images, 8, scope='fc1')
        return slim.fully_connected(images, 3, scope='fc2')
""",
            after="""
import keras


def net(images, weight_decay=0.0005):
    # Three layers and a head.

    # The defaults that these layers share.
    def dense(inputs, units, **kwargs):
        return keras.layers.Dense(
            units,
            activation="elu",
            kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
            kernel_regularizer=keras.regularizers.L2(0.5 * weight_decay),
            **kwargs,
        )(inputs)

    with keras.name_scope('body'):

        # The defaults that these layers share.
        def conv2d(inputs, filters, kernel_size, **kwargs):
            return keras.layers.Conv2D(
                filters,
                kernel_size,
                activation="elu",
                kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
                kernel_regularizer=keras.regularizers.L2(0.5 * weight_decay),
                **kwargs,
            )(inputs)

        images = conv2d(images, 4, [3, 3], name="conv1")
        images = conv2d(images, 4, [3, 3], strides=2, name="conv2")
        images = keras.layers.Conv2D(
            4,
            [1, 1],
            kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.01),
            kernel_regularizer=keras.regularizers.L2(0.5 * weight_decay),
            name="conv3",
        )(images)
    images = keras.layers.Flatten()(images)
    images = dense(images, 8, name="fc1")
    return dense(images, 3, name="fc2")
""",
            inputs=((2, 9, 9, 3),),
            title="several layers that share defaults: a factory for each kind",
        ),
    ),
)

ADD_ARG_SCOPE = RenamedRule(
    code="SLIM002",
    name="add_arg_scope",
    summary="@slim.add_arg_scope -> @takes_layer_defaults; questions about the current scope",
    apis=(
        "slim.add_arg_scope",
        "slim.current_arg_scope",
        "slim.has_arg_scope",
        "slim.arg_scoped_arguments",
        "slim.arg_scope_func_key",
    ),
    names=(
        ("add_arg_scope", "takes_layer_defaults"),
        ("current_arg_scope", "current_layer_defaults"),
        ("has_arg_scope", "has_layer_defaults"),
        ("arg_scoped_arguments", "layer_defaults_arguments"),
        ("arg_scope_func_key", "layer_defaults_key"),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


@slim.add_arg_scope
def block(inputs, depth, stride=1, scope=None):
    with tf.variable_scope(scope, 'block', [inputs]):
        return slim.conv2d(inputs, depth, 3, stride=stride, scope='conv')


def net(images):
    with slim.arg_scope([block, slim.conv2d], stride=2):
        return block(images, 4)
""",
            after="""
from scoped_layers import conv2d, layer_defaults, takes_layer_defaults, variable_scope


@takes_layer_defaults
def block(inputs, depth, stride=1, scope=None):
    with variable_scope(scope, 'block', [inputs]):
        return conv2d(inputs, depth, 3, strides=stride, name='conv')


def net(images):
    with layer_defaults([block, conv2d], stride=2):
        return block(images, 4)
""",
            inputs=((1, 8, 8, 3),),
            title="a layer of the author's own",
        ),
    ),
)
