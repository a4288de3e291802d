"""A literal is_training=True: always, as Keras says, or noted where nothing tells which."""

from __future__ import annotations

import pytest

from slimport.rewrite.always import FOLLOWS_KERAS, UNTOLD
from tests.rewrite.tools import compiled, rewrite_program

HEAD = """
import functools
import tensorflow as tf
import tf_slim as slim
from tf_slim.nets import vgg
"""
NOTE = FOLLOWS_KERAS.partition("{}")[2][:40]


def rewritten(body: str) -> tuple[str, bool]:
    """The new code, and whether the report notes that something follows Keras."""
    program = rewrite_program({"net.py": HEAD + body})
    assert not program.report.failed
    return compiled(program, "net.py"), any(NOTE in note for note in program.report.notes)


ALWAYS = {
    "nested": """
def net(x, is_training):
    def block(x):
        return slim.dropout(x, is_training=True)
    return block(x)
""",
    "called": """
def block(x):
    return slim.repeat(x, 2, slim.conv2d, 3) + slim.dropout(x, is_training=True)

def net(x, phase_train=None):
    return block(x)
""",
    "functions that call each other": """
def block(x, depth):
    x = slim.dropout(x, is_training=True)
    return x if depth == 0 else deeper(x, depth)

def deeper(x, depth):
    return block(slim.conv2d(x, 3, 3), depth - 1)

def net(x, phase_train, depth):
    return block(x, depth)
""",
    "scope": """
def scope():
    with slim.arg_scope([slim.dropout], is_training=True) as found:
        return found

def net(x, is_training):
    with slim.arg_scope(scope()):
        return slim.dropout(x)
""",
    "where it infers": """
def net(x, is_training):
    if not is_training:
        with slim.arg_scope([slim.dropout], is_training=True):
            return slim.dropout(slim.repeat(x, 2, slim.conv2d, 3))
""",
    "told elsewhere": """
def net(self, x):
    x = slim.batch_norm(x, is_training=self.train_flag)
    return slim.dropout(slim.repeat(x, 2, slim.conv2d, 3), is_training=True)
""",
    "dict()": """
def net(x, is_training):
    params = 3
    return slim.repeat(x, 2, slim.conv2d, 3, normalizer_fn=slim.batch_norm) + slim.conv2d(
        x, params, 1, normalizer_fn=slim.batch_norm, normalizer_params=dict(is_training=True))
""",
    "a network of slim": """
def net(x, is_training):
    return vgg.vgg_16(x, is_training=True)
""",
    "plain": """
def net(x, is_training):
    return slim.dropout(x, is_training=True)
""",
}
FOLLOWS = {
    "branch": """
def net(x, is_training):
    if is_training:
        x = slim.dropout(slim.repeat(x, 2, slim.conv2d, 3), is_training=True)
    return x
""",
    "else": """
def net(x, is_training):
    if not is_training:
        return x
    else:
        return slim.dropout(x, is_training=True)
""",
    "expression": """
def net(x, is_training):
    return slim.dropout(x, is_training=True) if is_training else x
""",
    "called below a branch": """
def block(x):
    return slim.dropout(x, is_training=True)

def net(x, is_training):
    return block(x) if is_training else x
""",
    "script": """
def main(x):
    is_training = True
    with slim.arg_scope([slim.batch_norm], is_training=True):
        x = slim.repeat(x, 2, slim.conv2d, 3, normalizer_fn=slim.batch_norm)
    return slim.dropout(x, is_training=True) + slim.dropout(x, is_training=is_training)
""",
    "mode in a script": """
def build(self, x):
    if self.mode == 'train':
        x = slim.dropout(x, is_training=True)
    return x
""",
    "module": """
images = tf.zeros([1, 4, 4, 3])
images = slim.dropout(images, is_training=True)
""",
}
NOTED = {
    "test": """
def net(x, is_training, depth):
    if is_training and depth > 3:
        x = slim.dropout(x, is_training=True)
    return x
""",
    "early return": """
def net(x, is_training):
    if not is_training:
        return x
    return slim.dropout(x, is_training=True)
""",
    "branch below a scope": """
def net(x, is_training):
    with slim.arg_scope([slim.dropout], is_training=True):
        if is_training:
            x = slim.dropout(slim.repeat(x, 2, slim.conv2d, 3))
    return x
""",
    "two callers": """
def block(x):
    return slim.dropout(x, is_training=True)

def net(x, is_training):
    return block(x)

def main(x):
    return block(x)
""",
    "dictionary in a variable": """
def net(x, is_training):
    params = {'is_training': True}
    with slim.arg_scope([slim.batch_norm], **params):
        return slim.batch_norm(x)
""",
    "an author's own layer in the scope": """
@slim.add_arg_scope
def block(x, is_training=False):
    return slim.dropout(x, is_training=is_training)

def net(x, is_training):
    with slim.arg_scope([block, slim.dropout], is_training=True):
        return block(x)
""",
    "handed to another function": """
def block(x, is_training=False):
    return slim.dropout(x, is_training=is_training)

def net(x, is_training):
    return block(x, is_training=True)
""",
    "handed on by its position": """
def block(x, is_training=False):
    return slim.dropout(x, is_training=is_training)

def net(x, is_training):
    return block(x, True)
""",
    "a network of slim, by its position": """
def net(x, is_training):
    return vgg.vgg_16(x, 10, True)
""",
    "partial": """
def net(x, is_training):
    return functools.partial(slim.dropout, is_training=True)(x)
""",
    "repeat": """
def net(x, is_training):
    return slim.repeat(x, 2, slim.dropout, is_training=True)
""",
    "passed on": """
def net(x, is_training, run):
    def block(x):
        return slim.dropout(x, is_training=True)
    return run(block, x)
""",
}


@pytest.mark.parametrize("kind", ALWAYS)
def test_always(kind: str) -> None:
    code, noted = rewritten(ALWAYS[kind])
    assert 'is_training="always"' in code or ")(x, is_training=True)" in code
    assert not noted


@pytest.mark.parametrize("kind", FOLLOWS)
def test_follows_keras(kind: str) -> None:
    code, noted = rewritten(FOLLOWS[kind])
    assert "always" not in code.replace("scoped_layers", "")
    assert not noted


@pytest.mark.parametrize("kind", NOTED)
def test_what_is_not_told_is_noted(kind: str) -> None:
    code, noted = rewritten(NOTED[kind])
    assert "always" not in code
    assert noted


def test_functions_that_all_call_each_other_end() -> None:
    """There are more ways through twenty of them than anybody can follow."""
    count = 20
    call = " or ".join(f"b{other}(x, n)" for other in range(count))
    blocks = [f"def b{number}(x, n):\n    return n and ({call})\n" for number in range(count)]
    net = "def net(x, n):\n    return b0(slim.dropout(slim.conv2d(x, 3, 3), is_training=True), n)\n"
    code, _ = rewritten("\n".join(["x = 1", *blocks, net.replace("return", "return b1(x, n) or")]))
    assert "always" not in code
    blocks[7] = blocks[7].replace("return", "x = slim.dropout(x, is_training=True)\n    return")
    switched = net.replace("x, n):", "x, n, is_training):")
    code, _ = rewritten("\n".join([*blocks, switched]))
    assert code.count('"always"') == 2


TOLD_NOTHING = {
    "a call": """
def net(x, is_training):
    x = slim.batch_norm(x)
    return slim.conv2d(slim.dropout(x, is_training=is_training), 3, 3)
""",
    "in a scope": """
def scope(is_training):
    with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm) as found:
        return found
""",
    "a dropout": """
def net(x, keep, is_training):
    x = slim.conv2d(slim.batch_norm(x, is_training=is_training), 3, 3)
    return slim.dropout(x, keep)
""",
}
TOLD = {
    "by a scope around it": """
def block(x):
    return slim.conv2d(slim.batch_norm(x), 3, 3)

def net(x, is_training):
    with slim.arg_scope([slim.batch_norm], is_training=is_training):
        return block(x)
""",
    "by a dictionary": """
def net(x, is_training):
    params = {'is_training': is_training}
    return slim.conv2d(x, 3, 3, normalizer_fn=slim.batch_norm, normalizer_params=params)
""",
    "by itself": """
def net(x, is_training):
    return slim.batch_norm(x, is_training=is_training)
""",
    "in a network without a switch": """
def net(x):
    return slim.dropout(slim.batch_norm(x))
""",
}


@pytest.mark.parametrize("kind", [*TOLD_NOTHING, *TOLD])
def test_layers_that_nothing_tells_are_noted(kind: str) -> None:
    program = rewrite_program({"net.py": HEAD + (TOLD_NOTHING | TOLD)[kind]})
    noted = [note for note in program.report.notes if UNTOLD.partition("{}")[2] in note]
    assert len(noted) == (kind in TOLD_NOTHING)
