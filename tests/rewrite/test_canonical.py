"""One name for one API, by whatever path a file reaches it."""

from __future__ import annotations

import pytest

from slimport.index.canonical import canonical, is_namespace
from slimport.rewrite.plan import Options
from slimport.rewrite.registry import rule_for
from slimport.tf1_api import symbols
from tests.rewrite.tools import output, report, rewrite_program

NAMES = {
    "tf_slim.conv2d": "slim.conv2d",
    "tf_slim.layers.conv2d": "slim.conv2d",
    "tf_slim.layers.layers.convolution2d": "slim.conv2d",
    "tf_slim.initializers.xavier_initializer": "slim.xavier_initializer",
    "tf_slim.layers.initializers.xavier_initializer_conv2d": "slim.xavier_initializer_conv2d",
    "tf_slim.initializers.variance_scaling_initializer": "slim.variance_scaling_initializer",
    "tf_slim.regularizers.l2_regularizer": "slim.l2_regularizer",
    "tf_slim.normalization.group_norm": "slim.group_norm",
    "tf_slim.ops.variables.model_variable": "slim.model_variable",
    "tf_slim.layers.variables.get_model_variables": "slim.get_model_variables",
    "tf_slim.ops.arg_scope.add_arg_scope": "slim.add_arg_scope",
    "tf_slim.arg_scope_lib.arg_scope": "slim.arg_scope",
    "tf_slim.layers.utils.last_dimension": "slim.utils.last_dimension",
    "tensorflow.python.ops.variable_scope.variable_scope": "tf.variable_scope",
    "tensorflow.python.ops.variable_scope.get_variable": "tf.get_variable",
    "tensorflow.python.ops.variable_scope.variable_creator_scope": (
        "tf.python.ops.variable_scope.variable_creator_scope"
    ),
    "tf_slim.data.dataset.Dataset": "slim.dataset.Dataset",
    "tf_slim.training.training.multiply_gradients": "slim.training.multiply_gradients",
    "tf_slim.layers.summaries.summarize_tensor": "slim.summarize_tensor",
    "tensorflow.contrib.slim.initializers.xavier_initializer": "slim.xavier_initializer",
    "tensorflow.contrib.layers.summarize_tensor": "slim.summarize_tensor",
    "tensorflow.contrib.framework.filter_variables": "slim.filter_variables",
    "tensorflow.contrib.framework.python.ops.variables.variable": "slim.variable",
    "tensorflow.contrib.training.create_train_op": "slim.training.create_train_op",
    "tensorflow.contrib.training.HParams": "tf.contrib.training.HParams",
    "tensorflow.contrib.training.python.training.hparam.HParams": "tf.contrib.training.HParams",
    "tensorflow.contrib.slim.optimizers.optimize_loss": "slim.optimize_loss",
    "tensorflow.contrib.layers.optimize_loss": "slim.optimize_loss",
    # What is not the same must not have the same name.
    "tf_slim.ops.arg_scope": "slim.ops.arg_scope",
    "tf_slim.losses.log_loss": "slim.losses.log_loss",
    "tf_slim.initializers.zeros": "slim.initializers.zeros",
    "tf_slim.learning.train": "slim.learning.train",
    # Two functions of one name: slim's, and that of tf.contrib.training.
    "tf_slim.evaluation.evaluate_once": "slim.evaluation.evaluate_once",
    "tensorflow.contrib.training.evaluate_once": "slim.training.evaluate_once",
    "tf_slim.train_eval.evaluate_once": "slim.training.evaluate_once",
    "tf_slim.training.evaluation.evaluate_once": "slim.training.evaluate_once",
    "tf_slim.evaluation.evaluation.evaluate_once": "slim.training.evaluate_once",
    "tensorflow.contrib.training.python.training.evaluation.SummaryAtEndHook": (
        "slim.training.SummaryAtEndHook"
    ),
    "tensorflow.initializers.variance_scaling": "tf.initializers.variance_scaling",
    "tensorflow.contrib.training.bucket": "tf.contrib.training.bucket",
    "tensorflow.layers.conv2d": "tf.layers.conv2d",
}
NO_API = ("slim.conv2d", "tf_slimmer.conv2d", "tensorflow_hub.Module", "contrib.slim", "numpy.int")
MODULES = (
    "tf_slim.initializers",
    "tf_slim.regularizers",
    "tf_slim.ops.variables",
    "tf_slim.ops.arg_scope",
    "tf_slim.layers.layers",
    "tf_slim.layers.utils",
    "tensorflow.contrib.training",
    "tensorflow.contrib.training.python.training.hparam",
    "tensorflow.image",
    "tensorflow.compat.v1.summary",
    "tensorflow.nest",
    "tensorflow.saved_model.signature_constants",
    "tensorflow.nn.rnn_cell",
    "tensorflow.keras.layers",
)


@pytest.mark.parametrize(("dotted", "name"), NAMES.items())
def test_canonical_name(dotted: str, name: str) -> None:
    assert canonical(dotted) == name


@pytest.mark.parametrize("dotted", NO_API)
def test_no_api(dotted: str) -> None:
    assert canonical(dotted) is None


@pytest.mark.parametrize("dotted", MODULES)
def test_modules(dotted: str) -> None:
    assert is_namespace(canonical(dotted) or "")


@pytest.mark.parametrize(
    "name",
    ["slim.conv2d", "slim.arg_scope", "slim.ops.unheard_of", "tf.cast", "tf.summary.image",
     "tf.nn.image", "numpy.random", "tensor.data"],
)  # fmt: skip
def test_no_module(name: str) -> None:
    assert not is_namespace(name)


def test_sub_namespaces_reach_the_rules() -> None:
    source = """import tf_slim as slim
from tf_slim.ops import arg_scope as scopes

regularizers = slim.regularizers


def net(x):
    with scopes.arg_scope([slim.layers.conv2d],
                          weights_initializer=slim.initializers.xavier_initializer(),
                          weights_regularizer=regularizers.l2_regularizer(0.1)):
        return slim.layers.conv2d(x, 8, 3, scope='c')
"""
    result = rewrite_program({"net.py": source})
    text = output(result, "net.py") or ""
    assert not report(result, "net.py").left
    assert "slim" not in text and "scopes" not in text
    assert "kernel_initializer=keras.initializers.GlorotUniform()" in text
    assert "kernel_regularizer=keras.regularizers.L2(0.5 * 0.1)" in text


def test_an_unknown_member_of_a_sub_namespace_is_marked() -> None:
    source = "import tf_slim as slim\n\ninit = slim.initializers.unheard_of()\n"
    result = rewrite_program({"net.py": source})
    (left,) = report(result, "net.py").left
    assert (left.code, left.api) == ("SLIM999", "slim.initializers.unheard_of")
    assert rule_for("slim.initializers.unheard_of") is None


def test_no_symbol_of_tensorflow_is_taken_for_a_module() -> None:
    names = [name for kind in symbols().values() for name in kind]
    assert [name for name in names if is_namespace(f"tf.{name}")] == []


def test_a_function_with_a_modules_name_follows_tf_1() -> None:
    source = """import tensorflow as tf

placeholder = tf.placeholder(tf.float32, [1, 8, 8, 3])
shown = tf.summary.image('seen', placeholder)
board = tf.summary
board.image('again', placeholder)
"""
    result = rewrite_program({"train.py": source}, Options(target="keras"))
    text = output(result, "train.py") or ""
    assert "shown = tf.compat.v1.summary.image('seen', placeholder)" in text
    assert "board = tf.compat.v1.summary\nboard.image('again', placeholder)" in text


def test_what_tensorflow_says_of_itself_is_not_missing() -> None:
    source = """import tensorflow as tf
import tensorflow.compat.v1 as tf1

session = tf.Session()
version = tf.__version__, tf.__version__.split('.')[0], tf.__file__, tf.VERSION
old = tf1.__version__, tf1.VERSION, tf1.__file__
"""
    result = rewrite_program({"train.py": source})
    text = output(result, "train.py") or ""
    assert not report(result, "train.py").left
    same = "tf.__version__, tf.__version__.split('.')[0], tf.__file__, tf.version.VERSION"
    assert f"version = {same}" in text
    assert "old = tf1.__version__, tf1.VERSION, tf1.__file__" in text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tf.python_io.TFRecordWriter('a')", "tf.io.TFRecordWriter('a')"),
        ("tf.gfile.GFile('a')", "tf.io.gfile.GFile('a')"),
        ("tf.manip.roll(1, 2, 0)", "tf.roll(1, 2, 0)"),
    ],
)
def test_a_module_that_tensorflow_2_lacks_shows_tf_1(old: str, new: str) -> None:
    """A file that names nothing else of TensorFlow 1: a script that writes records, say."""
    head = "import tensorflow as tf\n\nfound = "
    result = rewrite_program({"records.py": f"{head}{old}\n"})
    assert output(result, "records.py") == f"{head}{new}\n"
