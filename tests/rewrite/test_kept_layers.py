"""Layers kept as values: scopes around code that may call them move, others stay."""

from __future__ import annotations

import pytest

from slimport.rewrite.plan import Options
from tests.rewrite.tools import output, rewrite_program, transform

HEAD = """
import functools

import tensorflow as tf
import tf_slim as slim

"""

BLOCK = """

def net(x, kind):
    with tf.variable_scope('block'):
        return {call}
"""

# Where a layer is kept, and what calls it: each under a scope that must reach the layer.
FORMS = {
    "a table": ("OPS = {'a': slim.conv2d}\n", "OPS[kind](x, 8, 3)"),
    "a table's get": ("OPS = {'a': slim.conv2d}\n", "OPS.get(kind)(x, 8, 3)"),
    "a table of pairs": ("OPS = {'a': (slim.conv2d, 3)}\n", "OPS[kind][0](x, 8, OPS[kind][1])"),
    "a list": ("OPS = [slim.conv2d, slim.max_pool2d]\n", "OPS[kind](x, 8, 3)"),
    "dict()": ("OPS = dict(a=slim.conv2d)\n", "OPS[kind](x, 8, 3)"),
    "partial": ("conv = functools.partial(slim.conv2d, stride=2)\n", "conv(x, 8, 3)"),
    "a table of partials": (
        "OPS = {'a': functools.partial(slim.conv2d, stride=2)}\n", "OPS[kind](x, 8, 3)"),
    "a lambda": ("OPS = {'a': lambda x: slim.conv2d(x, 8, 3)}\n", "OPS[kind](x)"),
    "a lambda that calls": (
        "def conv(x):\n    return slim.conv2d(x, 8, 3)\n\n\nOPS = {'a': lambda x: conv(x)}\n",
        "OPS[kind](x)"),
    "a choice": (
        "def choose(kind):\n    return slim.conv2d if kind else slim.separable_conv2d\n",
        "choose(kind)(x, 8, 3)"),
    "a name of two meanings": (
        "if tf.__version__ > '1':\n    op = slim.conv2d\nelse:\n    op = slim.conv3d\n",
        "op(x, 8, 3)"),
    "an attribute": (
        "class Ops(object):\n    def __init__(self):\n        self.op = slim.conv2d\n",
        "kind.op(x, 8, 3)"),
    "a class attribute": ("class Ops(object):\n    op = staticmethod(slim.conv2d)\n",
                          "Ops.op(x, 8, 3)"),
    "a bare class attribute": ("class Ops(object):\n    op = slim.conv2d\n", "Ops.op(x, 8, 3)"),
    "a template": ("conv = tf.make_template('t', slim.conv2d)\n", "conv(x, 8, 3)"),
    "a helper that calls": (
        "OPS = {'a': slim.conv2d}\n\n\ndef run(op, x):\n    return op(x, 8, 3)\n",
        "run(OPS[kind], x)"),
    "map": ("OPS = [slim.flatten, slim.conv2d]\n", "list(map(kind, x))"),
    "tf.map_fn": ("OPS = [slim.flatten, slim.conv2d]\n", "tf.map_fn(kind, x)"),
    "reduce": ("OPS = [slim.flatten, slim.conv2d]\n", "functools.reduce(kind, x)"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_scope_around_a_kept_layer_moves(form):
    kept, call = FORMS[form]
    after = transform(HEAD + kept + BLOCK.format(call=call), Options(target="keras"))
    assert "with variable_scope('block'):" in after


PARAMETERS = {
    "a default": """
def block(x, op=slim.conv2d):
    with tf.variable_scope('block'):
        return op(x, 8, 3)
""",
    "an argument": """
def block(x, op):
    with tf.variable_scope('block'):
        return op(x, 8, 3)


def net(x):
    return block(x, slim.conv2d)
""",
    "an argument by keyword": """
def block(x, normalizer_fn):
    with tf.variable_scope('block'):
        return normalizer_fn(x)


def net(x):
    return block(x, normalizer_fn=slim.batch_norm)
""",
    "an argument of a method": """
class Block(object):
    def __init__(self, op):
        self.op = op

    def run(self, x):
        with tf.variable_scope('block'):
            return self.op(x, 8, 3)


def net(x):
    return Block(slim.conv2d).run(x)
""",
}


@pytest.mark.parametrize("form", PARAMETERS)
def test_a_scope_around_a_layer_in_a_parameter_moves(form):
    after = transform(HEAD + PARAMETERS[form], Options(target="keras"))
    assert "with variable_scope('block'):" in after


def test_a_table_of_another_file():
    block = "import tensorflow as tf\nfrom ops import OPS\n" + BLOCK.format(call="OPS[kind](x)")
    sources = {"ops.py": HEAD + "OPS = {'a': slim.conv2d}\n", "block.py": block}
    assert "with variable_scope('block'):" in (output(rewrite_program(sources), "block.py") or "")


def test_an_arg_scope_around_a_kept_layer_stays_and_its_function_is_scoped():
    after = transform(
        HEAD
        + """
OPS = {'a': slim.conv2d}


def net(x, kind):
    with slim.arg_scope([slim.conv2d], stride=2):
        x = OPS[kind](x, 8, 3)
        return slim.conv2d(x, 4, 3, scope='b')
"""
    )
    assert "with layer_defaults([conv2d], strides=2):" in after
    assert "return conv2d(x, 4, 3, name='b')" in after


@pytest.mark.parametrize("around", ["", "\n\n\ndef table():\n    return {'a': make}[0]"])
def test_an_arg_scope_around_a_kept_lambda_reaches_its_layers(around):
    after = transform(
        HEAD
        + f"""
make = lambda x: slim.conv2d(x, 8, 3, scope='a'){around}


def net(x, kind):
    with slim.arg_scope([slim.conv2d], stride=2):
        return make(x)
"""
    )
    assert "make = lambda x: conv2d(x, 8, 3, name='a')" in after
    assert "with layer_defaults([conv2d], strides=2):" in after


def test_layers_beside_a_kept_layer_count_their_names_together():
    after = transform(
        HEAD
        + """
OPS = {'a': slim.conv2d}


def stem(x):
    return slim.conv2d(x, 4, 3)


def net(x, kind):
    return OPS[kind](stem(x), 8, 3)
"""
    )
    assert "return conv2d(x, 4, 3)" in after


# A layer is named, but nothing that is called through a value is one.
HARMLESS = {
    "an op list": "with slim.arg_scope([slim.conv2d], stride=2):\n            y = kind(y)",
    "an op list of two lists": (
        "with slim.arg_scope([slim.conv2d] + [slim.conv2d], stride=2):\n            y = kind(y)"),
    "a normalizer": "y = kind(slim.conv2d(y, 3, 3, normalizer_fn=slim.batch_norm))",
    "a normalizer by position": (
        "y = kind(slim.conv2d(y, 3, 3, 1, 'SAME', None, 1, None, slim.batch_norm))"),
    "a chosen normalizer": (
        "y = kind(slim.conv2d(y, 3, 3, normalizer_fn=slim.batch_norm if kind else None))"),
    "parameters": "y = kind(slim.conv2d(y, 3, 3, **{'normalizer_fn': slim.batch_norm}))",
    "parameters in dict()": "y = kind(slim.conv2d(y, 3, **dict(normalizer_fn=slim.batch_norm)))",
    "a repeated layer": "y = kind(slim.repeat(y, 2, slim.conv2d, 3, 3))",
    "stacked layers": "y = kind(slim.stack(y, slim.fully_connected, [3, 4]))",
    "a comparison": "y = kind(y) if kind is slim.conv2d else y",
    "an alias": "conv = slim.conv2d\n        y = kind(conv(y, 3, 3))",
    "a condition": (
        "y = kind(tf.cond(kind, lambda: slim.conv2d(y, 3, 3), lambda: slim.conv2d(y, 3, 3)))"),
    "softmax": "y = {'p': slim.softmax}['p'](y)",
}  # fmt: skip


@pytest.mark.parametrize("form", HARMLESS)
def test_a_scope_of_a_program_that_keeps_no_layer_stays(form):
    source = f"""
def net(y, kind):
    if True:
        {HARMLESS[form]}
    return y


def metric(x, kind):
    with tf.variable_scope('metric'):
        return kind(x) * tf.get_variable('scale', [])
"""
    after = transform(HEAD + source, Options(target="keras"))
    assert "with tf.compat.v1.variable_scope('metric'):" in after


# With a layer kept elsewhere in the program.
CALLS = {
    "TensorFlow": "tf.add(x, len(x))",
    "a tensor's shape": "x * x.get_shape().as_list()[0]",
    "a list's method": "tf.stack(list(reversed(x.split(','))))",
    "a function of the tree": "double(x)",
    "a layer of no scope": "tf.nn.relu(x)",
}


@pytest.mark.parametrize("call", CALLS)
def test_a_scope_around_calls_that_are_known_stays(call):
    source = f"""
OPS = {{'a': slim.conv2d}}


def double(x):
    return x * 2


def metric(x):
    with tf.variable_scope('metric'):
        return {CALLS[call]} * tf.get_variable('scale', [])
"""
    after = transform(HEAD + source, Options(target="keras"))
    assert "with tf.compat.v1.variable_scope('metric'):" in after


@pytest.mark.parametrize("decorator", ["within", "within_named('block')"])
def test_a_scope_that_a_decorator_opens_reaches_what_it_decorates(decorator: str) -> None:
    done = transform(f"""{HEAD}
def within(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        with tf.variable_scope('block'):
            return function(*args, **kwargs)
    return inner


def within_named(name):
    def decorate(function):
        def inner(*args, **kwargs):
            with tf.variable_scope(name):
                return function(*args, **kwargs)
        return inner
    return decorate


@{decorator}
def net(x):
    return slim.conv2d(x, 8, 3)
""")
    assert done.count("with variable_scope(") == 2 and "tf." not in done, done
