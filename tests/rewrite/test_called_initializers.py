"""Initializers that code asks for values itself draw anew each time; others stay Keras' own."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import compiled, report, rewrite_program, transform

HEAD = """
import tensorflow as tf
import tf_slim as slim


def layer(x):
    return slim.fully_connected(x, 3)

"""
MADE = "slim.xavier_initializer()"
FRESH = "fresh_initializer(keras.initializers.GlorotUniform())"
PLAIN = "keras.initializers.GlorotUniform()"

CALLED = {
    "name": "def weights():\n    init = INIT\n    return tf.Variable(init([3, 3]))\n",
    "at once": "def weights():\n    return tf.Variable(INIT([3, 3]))\n",
    "default": "def weights(init=INIT):\n    return tf.Variable(init([3, 3]))\n",
    "keyword default": "def weights(*, n=3, init=INIT):\n    return tf.Variable(init([n, n]))\n",
    "argument": "def weights(n, i):\n    return tf.Variable(i([n, n]))\n\n\nweights(3, INIT)\n",
    "keyword": "def weights(i=None):\n    return tf.Variable(i([3, 3]))\n\n\nweights(i=INIT)\n",
    "choice": "def weights(flag):\n    init = INIT if flag else None\n    return init([3, 3])\n",
    "chain": "def weights():\n    a = INIT\n    b = a or None\n    return b(shape=[3, 3])\n",
    "key": "inits = {'w': INIT}\n\n\ndef weights():\n    return inits['w']([3, 3])\n",
    "list": "for init in [INIT]:\n    init([3, 3])\n",
    "result": "def make():\n    return INIT\n\n\nmade = make()\nmade([3, 3])\n",
    "attribute": (
        "class Net:\n    def __init__(self):\n        self.init = INIT\n\n"
        "    def weights(self):\n        return tf.Variable(self.init([3, 3]))\n"
    ),
    "of a class": (
        "class Net:\n    def __init__(self, how):\n        self.how = how\n\n"
        "    def weights(self):\n        return tf.Variable(self.how([3, 3]))\n\n\nNet(INIT)\n"
    ),
    "layers of Keras": (
        "def net(x):\n    i = INIT\n    x = tf.keras.layers.Dense(3, kernel_initializer=i)(x)\n"
        "    return tf.keras.layers.Dense(3, kernel_initializer=i)(x)\n"
    ),
}
OTHERS = {
    "a layer": "def net(x):\n    return slim.fully_connected(x, 3, weights_initializer=INIT)\n",
    "layers": (
        "def net(x):\n    i = INIT\n    x = slim.fully_connected(x, 3, weights_initializer=i)\n"
        "    return slim.fully_connected(x, 3, weights_initializer=i)\n"
    ),
    "a scope": (
        "def net(x):\n    with slim.arg_scope([slim.conv2d], weights_initializer=INIT):\n"
        "        return slim.conv2d(x, 3, 1)\n"
    ),
    "handed on": (
        "def block(x, how):\n    return slim.fully_connected(x, 3, weights_initializer=how)\n\n\n"
        "def net(x):\n    return block(x, INIT)\n"
    ),
}


@pytest.mark.parametrize("program", CALLED)
def test_called_it_draws_anew(program: str) -> None:
    text = transform(HEAD + CALLED[program].replace("INIT", MADE))
    assert FRESH in text and text.count(PLAIN) == 1


@pytest.mark.parametrize("program", OTHERS)
def test_what_only_layers_call_is_keras_own(program: str) -> None:
    text = transform(HEAD + OTHERS[program].replace("INIT", MADE))
    assert PLAIN in text and "fresh" not in text


def test_in_another_file() -> None:
    files = {
        "inits.py": HEAD + f"INIT = {MADE}\n",
        "net.py": "import inits\nimport tensorflow as tf\n\nw = tf.Variable(inits.INIT([3, 3]))\n",
    }
    assert FRESH in compiled(rewrite_program(files), "inits.py")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("slim.xavier_initializer(uniform=False)", "fresh_initializer(variance_scaling_"),
        ("slim.variance_scaling_initializer()", "fresh_initializer(variance_scaling_"),
        ("tf.random_normal_initializer()", "fresh_initializer(keras.initializers.RandomNormal("),
        ("tf.constant_initializer(0.5)", "= keras.initializers.Constant(0.5)"),
        ("tf.ones_initializer(dtype=tf.float32)", "= keras.initializers.Ones()"),
        ("tf.ones_initializer(tf.int32)", "= tf.compat.v1.ones_initializer(tf.int32)"),
        ("tf.ones_initializer(dtype=tf.int32)", "= tf.compat.v1.ones_initializer(dtype=tf.int32)"),
        (
            "tf.random_normal_initializer(dtype=tf.float64)",
            "= tf.compat.v1.random_normal_initializer(dtype=tf.float64)",
        ),
    ],
)
def test_other_initializers(before: str, after: str) -> None:
    assert after in transform(HEAD + CALLED["name"].replace("INIT", before))


def test_a_dtype_that_keras_has_not_is_marked() -> None:
    program = CALLED["name"].replace("INIT", "slim.xavier_initializer(dtype=tf.float64)")
    found = report(rewrite_program({"net.py": HEAD + program}), "net.py").left
    assert [entry.code for entry in found] == ["SLIM211"]
