"""tf.variable_scope, get_variable_scope, name_scope: the scopes that variables are named by."""

from collections.abc import Mapping
from dataclasses import replace

import libcst as cst

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal
from slimport.rewrite.site import CallSite, ValueSite, literal, source

_SCOPE = tuple(
    "initializer regularizer caching_device partitioner custom_getter reuse dtype use_resource "
    "constraint".split()
)
_VARIABLE = tuple("name shape dtype initializer regularizer trainable collections".split())
_OF_SLIM = tuple(
    "caching_device device partitioner custom_getter use_resource synchronization "
    "aggregation".split()
)
# Parameters in the order of TensorFlow 1.15 and of slim (tf_slim/ops/variables.py). The written
# module's functions have those before `caching_device` in this order, the others by keyword.
_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "tf.variable_scope": (
        "name_or_scope", "default_name", "values", *_SCOPE, "auxiliary_name_scope"
    ),
    "tf.variable_op_scope": ("values", "name_or_scope", "default_name", *_SCOPE),
    "tf.get_variable": (
        *_VARIABLE, "caching_device", "partitioner", "validate_shape", "use_resource",
        "custom_getter", "constraint", "synchronization", "aggregation",
    ),
    "slim.variable": (*_VARIABLE, *_OF_SLIM),
    "slim.model_variable": (*_VARIABLE, *_OF_SLIM),
}  # fmt: skip
# What those functions lack, with the value that asks for nothing.
_LACKING: Mapping[str, object] = {
    "partitioner": None,
    "custom_getter": None,
    "validate_shape": True,
    "synchronization": None,
    "aggregation": None,
}


class _ScopeRule(RenamedRule):
    """Scopes move to the written module wherever layers are, or may be, built under them.

    Elsewhere (a training script's own variables) they stay TensorFlow's, which name TensorFlow's
    variables.
    """

    def call(self, site: CallSite) -> Outcome:
        if _is_early_name_scope(site):
            first, second = site.node.args
            early = replace(
                site, node=site.node.with_changes(args=[first, _by_keyword("values", second)])
            )
            outcome = self.call(early)
            return early.node if isinstance(outcome, Keep) else outcome
        if site.file.plain(site.function) and site.short == "variable_scope":
            return site.node.with_changes(func=site.file.keras("name_scope"))
        if not _moves(site):
            return _unscoped(site) or _left_to_tensorflow(site)
        arguments = _arguments(site)
        if isinstance(arguments, Leave):
            return arguments
        return super().call(replace(site, node=site.node.with_changes(args=arguments)))

    def value(self, site: ValueSite) -> Outcome:
        return super().value(site) if _moves(site) else site.file.tf1(site)


def _is_early_name_scope(site: CallSite) -> bool:
    """``tf.name_scope("loss", [logits])``: only the last of TensorFlow 1 took that for an error."""
    match site.node.args:
        case [first, cst.Arg(keyword=None, star="", value=cst.List() | cst.Tuple())]:
            return site.short == "name_scope" and first.keyword is None and not first.star
    return False


def _arguments(site: CallSite) -> list[cst.Arg] | Leave:
    """The arguments for the written module's function: late ones by keyword."""
    parameters = _PARAMETERS.get(site.api)
    bound = None if parameters is None else site.bound(parameters)
    if parameters is None or bound is None:
        return list(site.node.args)
    lacking = dict(_LACKING)
    if site.api != "tf.get_variable":
        lacking["constraint"] = None
    for name in [name for name in bound if name in lacking]:
        if literal(bound.pop(name).value) != lacking[name]:
            advice = "write out what it does to each variable"
            return Leave(f"{site.api} with {name} has no equivalent", advice)
    late = parameters[parameters.index("caching_device") :]
    found = [_by_keyword(name, given) if name in late else given for name, given in bound.items()]
    if found and len(found) < len(site.node.args):
        found[-1] = found[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return found


def _by_keyword(name: str, argument: cst.Arg) -> cst.Arg:
    if argument.keyword is not None:
        return argument
    tight = cst.SimpleWhitespace("")
    return argument.with_changes(keyword=cst.Name(name), equal=cst.AssignEqual(tight, tight))


def _moves(site: CallSite | ValueSite) -> bool:
    """A name scope names no variables: one that layers may run under can stay TensorFlow's.

    So can any scope of a function that runs in TF 1 graphs alone. slim's own have no other place.
    """
    if site.api.startswith("slim."):
        return True
    if site.short == "name_scope" and not site.file.only_in_graphs(site.function):
        return site.file.builds(site.function) or site.in_keras_code
    return site.variables_move


def _unscoped(site: CallSite) -> Leave | None:
    """Eager code would make a new variable at each call of what layers may call, untrained."""
    runs_in_graphs = site.file.runs_sessions() or site.file.only_in_graphs(site.function)
    knows_both = "compat" in site.reference.api.spelled  # runs on TensorFlow 2 as it stands
    if site.api != "tf.get_variable" or not site.function.escapes or runs_in_graphs or knows_both:
        return None
    return Leave(
        "a variable in a function that is passed on as a value",
        "hand the function to the layer by its name (activation_fn=name), or make it a Keras layer",
    )


def _left_to_tensorflow(site: CallSite) -> Outcome:
    """TensorFlow's own call. An initializer of Keras would give all its variables one value."""
    outcome = site.file.tf1(site)
    node = outcome if isinstance(outcome, cst.Call) else site.node
    place = _initializer(node)
    if isinstance(outcome, Leave) or place is None or not site.file.builds_file():
        return outcome
    if not _may_draw(node.args[place].value, module=_first_name(node.func)):
        return outcome
    fresh = cst.Call(site.file.written("fresh_initializer"), [cst.Arg(node.args[place].value)])
    arguments = list(node.args)
    arguments[place] = arguments[place].with_changes(value=fresh)
    return node.with_changes(args=arguments)


def _initializer(call: cst.Call) -> int | None:
    """The place of ``initializer=``, the fourth parameter of each function that has it."""
    for place, argument in enumerate(call.args):
        name = argument.keyword.value if argument.keyword else None
        if name == "initializer" or (place == 3 and name is None and not argument.star):
            return place
    return None


def _may_draw(value: cst.BaseExpression, module: str) -> bool:
    """Whether the value may be an initializer of Keras that draws; `module` is TensorFlow."""
    if isinstance(value, cst.Call):
        name = source(value.func).rpartition(".")[2].removeprefix("scoped_")
        nothing = ("Constant", "ConstantInitializer", "Ones", "Zeros", "fresh_initializer")
        draws = name not in nothing
        return draws and _first_name(value.func) != module
    names = cst.Name | cst.Attribute | cst.Subscript | cst.IfExp | cst.BooleanOperation
    return isinstance(value, names) and source(value) != "None"


def _first_name(node: cst.BaseExpression) -> str:
    return source(node).partition(".")[0]


VARIABLE_SCOPE = _ScopeRule(
    code="SLIM003",
    name="variable_scope",
    summary="tf.variable_scope, get_variable_scope, name_scope -> the written module's",
    apis=(
        "tf.variable_scope",
        "tf.get_variable_scope",
        "tf.name_scope",
        "tf.AUTO_REUSE",
        "tf.variable_op_scope",
    ),
    details="Unnamed scopes get the names that TF 1's counters gave: Conv, Conv_1, ...",
    refuses=(
        Refusal(
            "… with … has no equivalent",
            "A getter, partitions or a constraint of a scope reach the variables of all layers "
            "inside; a Keras layer makes its own, and lets nobody exchange them.",
            "write out what it does to each variable",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    with tf.variable_scope('encoder'):
        images = slim.conv2d(images, 4, [3, 3])
        images = slim.conv2d(images, 8, [3, 3])
    return slim.conv2d(images, 2, [1, 1], scope='head')
""",
            after="""
import keras


def net(images):
    with keras.name_scope('encoder'):
        images = keras.layers.Conv2D(
            4, [3, 3], padding="same", activation="relu", name="Conv"
        )(images)
        images = keras.layers.Conv2D(
            8, [3, 3], padding="same", activation="relu", name="Conv_1"
        )(images)
    return keras.layers.Conv2D(2, [1, 1], padding="same", activation="relu", name="head")(images)
""",
            inputs=((1, 6, 6, 3),),
            title="constant scopes of closed code; unnamed layers get slim's names",
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    with tf.variable_scope(None, 'Tower', [images]) as scope:
        first = slim.conv2d(images, 4, 1, scope='conv')
    with tf.variable_scope(scope, reuse=True):
        return first + slim.conv2d(images, 4, 1, scope='conv')
""",
            after="""
from scoped_layers import conv2d, variable_scope


def net(images):
    with variable_scope(None, 'Tower', [images]) as scope:
        first = conv2d(images, 4, 1, name='conv')
    with variable_scope(scope, reuse=True):
        return first + conv2d(images, 4, 1, name='conv')
""",
            inputs=((1, 4, 4, 3),),
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def tower(images):
    with tf.variable_scope('tower', reuse=tf.AUTO_REUSE):
        return slim.conv2d(images, 4, 1, scope='conv')


def net(left, right):
    with tf.name_scope('both'):
        return tower(left) + tower(right)
""",
            after="""
from scoped_layers import AUTO_REUSE, conv2d, name_scope, variable_scope


def tower(images):
    with variable_scope('tower', reuse=AUTO_REUSE):
        return conv2d(images, 4, 1, name='conv')


def net(left, right):
    with name_scope('both'):
        return tower(left) + tower(right)
""",
            inputs=((1, 4, 4, 3), (1, 4, 4, 3)),
            title="one tower for two inputs",
        ),
        Example(
            title="tensors where a default name belongs: most of TensorFlow 1 overlooked them",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    with tf.name_scope('encoder', [images]):
        return slim.batch_norm(slim.conv2d(images, 4, 3))


def loss(logits, labels):
    with tf.name_scope('loss', [logits, labels]):
        return tf.reduce_mean(tf.abs(logits - labels))
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import BatchNormalization, name_scope


def net(images):
    with name_scope('encoder', values=[images]):
        return BatchNormalization(
            momentum=0.999, scale=False, name="BatchNorm"
        )(keras.layers.Conv2D(
            4, 3, padding="same", activation="relu", name="Conv"
        )(images))


def loss(logits, labels):
    with tf.compat.v1.name_scope('loss', values=[logits, labels]):
        return tf.reduce_mean(tf.abs(logits - labels))
""",
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim

OPS = {'conv': slim.conv2d, 'pool': slim.max_pool2d}


def net(images):
    with tf.variable_scope('block'):
        with slim.arg_scope([slim.conv2d, slim.max_pool2d], stride=2):
            images = OPS.get('conv')(images, 4, 3)
        return OPS.get('pool')(images, 2)
""",
            after="""
from scoped_layers import conv2d, layer_defaults, max_pool2d, variable_scope

OPS = {'conv': conv2d, 'pool': max_pool2d}


def net(images):
    with variable_scope('block'):
        with layer_defaults([conv2d, max_pool2d], strides=2):
            images = OPS.get('conv')(images, 4, 3)
        return OPS.get('pool')(images, 2)
""",
            inputs=((1, 8, 8, 3),),
            title="layers kept in a table",
        ),
        Example(
            before="""
import functools

import tensorflow as tf
import tf_slim as slim


def block(images, op=slim.conv2d, head=None):
    with tf.variable_scope('block'):
        images = op(images, 4, 3)
        return images if head is None else head(images)


def net(images):
    head = functools.partial(slim.fully_connected, num_outputs=2)
    return block(images, head=head)
""",
            after="""
import functools

from scoped_layers import conv2d, fully_connected, variable_scope


def block(images, op=conv2d, head=None):
    with variable_scope('block'):
        images = op(images, 4, 3)
        return images if head is None else head(images)


def net(images):
    head = functools.partial(fully_connected, num_outputs=2)
    return block(images, head=head)
""",
            inputs=((1, 8, 8, 3),),
            title="layers kept in parameters",
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


class Unit(object):
    def __init__(self, op):
        self.op = op
        self.make = lambda images: slim.conv2d(images, 2, 1)

    def run(self, images):
        with tf.variable_scope('unit'), slim.arg_scope([slim.conv2d], stride=2):
            return self.make(self.op(images, 4, 3))


def net(images):
    return Unit(slim.conv2d).run(images)
""",
            after="""
from scoped_layers import conv2d, layer_defaults, variable_scope


class Unit(object):
    def __init__(self, op):
        self.op = op
        self.make = lambda images: conv2d(images, 2, 1)

    def run(self, images):
        with variable_scope('unit'), layer_defaults([conv2d], strides=2):
            return self.make(self.op(images, 4, 3))


def net(images):
    return Unit(conv2d).run(images)
""",
            inputs=((1, 8, 8, 3),),
            title="layers kept in attributes",
        ),
    ),
)

GET_VARIABLE = _ScopeRule(
    code="SLIM004",
    name="get_variable",
    summary="tf.get_variable, slim.variable, slim.model_variable -> a variable of the same name",
    apis=("tf.get_variable", "slim.variable", "slim.model_variable"),
    only_tensorflow="a variable made outside a layer is not tracked by a functional model",
    refuses=(
        Refusal(
            "… with … has no equivalent",
            "Partitions, getters and variables spread over devices are TensorFlow 1's own; a model "
            "has one whole variable.",
            "write out what it does to each variable",
        ),
        Refusal(
            "a variable in a function that is passed on as a value",
            "Nothing tells under which scope it is called. `tf.compat.v1.get_variable` makes a new "
            "variable at each call where no session runs, and no model trains it.",
            "hand the function to the layer by its name (activation_fn=name), or make it a Keras "
            "layer",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    scale = tf.get_variable('scale', shape=[3], initializer=tf.ones_initializer())
    return slim.conv2d(images * scale, 2, 1, scope='conv')
""",
            after="""
import keras

from scoped_layers import conv2d, get_variable


def net(images):
    scale = get_variable('scale', shape=[3], initializer=keras.initializers.Ones())
    return conv2d(images * scale, 2, 1, name='conv')
""",
            inputs=((1, 4, 4, 3),),
        ),
        Example(
            before="""
import tensorflow as tf
import tensorflow.contrib.slim as slim


def net(images):
    with slim.arg_scope([slim.model_variable, slim.variable], device='/device:CPU:0'):
        with slim.arg_scope([slim.conv2d], stride=2):
            return slim.conv2d(images, 4, 3)
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d, layer_defaults, model_variable, variable


def net(images):
    with layer_defaults([model_variable, variable], device='/device:CPU:0'):
        with layer_defaults([conv2d], strides=2):
            return conv2d(images, 4, 3)
""",
            inputs=((1, 6, 6, 3),),
            title="a device for the variables of layers",
        ),
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def linear(x, init=slim.xavier_initializer()):
    weights = tf.get_variable('weights', [4, 4], initializer=init)
    bias = tf.get_variable('b', [4], initializer=tf.random_normal_initializer())
    return tf.matmul(x, weights) + bias


def net(images):
    return slim.conv2d(images, 2, 1, weights_initializer=slim.xavier_initializer())
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import fresh_initializer


def linear(x, init=keras.initializers.GlorotUniform()):
    weights = tf.compat.v1.get_variable('weights', [4, 4], initializer=fresh_initializer(init))
    bias = tf.compat.v1.get_variable('b', [4], initializer=tf.compat.v1.random_normal_initializer())
    return tf.matmul(x, weights) + bias


def net(images):
    return keras.layers.Conv2D(
        2,
        1,
        padding="same",
        activation="relu",
        kernel_initializer=keras.initializers.GlorotUniform(),
        name="Conv",
    )(images)
""",
            inputs=((1, 4, 4, 3),),
            title="variables of TensorFlow beside layers: each begins with values of its own",
        ),
    ),
)
