"""Calls that Python resolves when the program runs: scopes must reach the layers behind them."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import output, rewrite_program


def rewrite_files(sources: dict[str, str]) -> dict[str, str]:
    """Rewrites a program; the text of each file, changed or not."""
    result = rewrite_program(sources)
    return {name: output(result, name) or text for name, text in sources.items()}


NET = """
import tensorflow as tf
import tf_slim as slim


class Net(object):
    {definition}
        return slim.conv2d(x, 4, [3, 3], scope='a')
"""

USE = """
import tensorflow as tf
import tf_slim as slim
from net import Net


def main(x, thing):
    with {scope}:
        return {call}
"""

DEFINITIONS = {
    "method": ("def predict(self, x):", "thing.predict(x)"),
    "called object": ("def __call__(self, x):", "thing(x)"),
    "called attribute": ("def __call__(self, x):", "thing.net(x)"),
    "initialiser": ("def __init__(self, x):", "Net(x)"),
    "property": ("@property\n    def logits(self, x=None):", "thing.logits"),
    "lazy property": ("@define_scope\n    def logits(self, x=None):", "thing.logits"),
    "operator": ("def __rshift__(self, x):", "thing >> x"),
}

SCOPES = {
    "arg_scope": ("slim.arg_scope([slim.conv2d], stride=2)", "layer_defaults([conv2d], strides=2)"),
    "variable_scope": ("tf.variable_scope('box')", "variable_scope('box')"),
}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("definition", DEFINITIONS)
def test_a_scope_around_a_method_stays_and_the_method_is_open(definition, scope):
    head, call = DEFINITIONS[definition]
    before, after = SCOPES[scope]
    found = rewrite_files(
        {"net.py": NET.format(definition=head), "use.py": USE.format(scope=before, call=call)}
    )
    assert "return conv2d(x, 4, [3, 3], name='a')" in found["net.py"]
    assert f"with {after}:" in found["use.py"]


BASE = """
import tensorflow.compat.v1 as tf


class Predictor(object):
    def predict(self, x, scope):
        with tf.variable_scope(scope):
            return self._predict(x)

    def _predict(self, x):
        raise NotImplementedError
"""

DERIVED = """
import tf_slim as slim
from base import Predictor


class Boxes(Predictor):
    def _predict(self, x):
        return slim.conv2d(x, 4, [3, 3], scope='boxes')
"""


def test_a_scope_of_a_base_class_without_slim_reaches_the_layers_of_derived_classes():
    found = rewrite_files({"base.py": BASE, "boxes.py": DERIVED})
    assert "from scoped_layers import variable_scope" in found["base.py"]
    assert "tf.variable_scope" not in found["base.py"]
    assert "return conv2d(x, 4, [3, 3], name='boxes')" in found["boxes.py"]


CHOSEN = """
import tf_slim as slim


def net(x):
    return slim.conv2d(x, 4, [3, 3], scope='a')


def main(x, kind):
    function = {'a': net}[kind]
    with slim.arg_scope([slim.conv2d], stride=2):
        return function(x)
"""


def test_a_scope_around_a_function_that_is_chosen_when_the_program_runs_stays():
    found = rewrite_files({"net.py": CHOSEN})["net.py"]
    assert "with layer_defaults([conv2d], strides=2):" in found
    assert "return conv2d(x, 4, [3, 3], name='a')" in found


def test_scopes_of_a_program_without_layers_behind_them_stay():
    loop = "import tensorflow.compat.v1 as tf\n\ndef f(x):\n    with tf.variable_scope('s'):\n"
    loop += "        return tf.get_variable('v', [1]) * x.scale()\n"
    found = rewrite_files({"loop.py": loop, "base.py": BASE, "boxes.py": DERIVED})
    assert "tf.variable_scope('s')" in found["loop.py"]


def test_one_call_of_one_method_stays_plain():
    found = rewrite_files(
        {
            "net.py": NET.format(definition="def predict(self, x):"),
            "use.py": "from net import Net\n\ndef main(x):\n    return Net().predict(x)\n",
        }
    )
    assert "keras.layers.Conv2D(4" in found["net.py"]
