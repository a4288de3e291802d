"""Code that asks whether something is a tensor."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import check_noop, report, rewrite_program, transform

HEAD = "import tensorflow as tf\nimport tf_slim as slim\n\n\n"


def _model(function: str) -> str:
    (form,) = report(rewrite_program({"net.py": HEAD + function}), "net.py").functions
    return form.model


@pytest.mark.parametrize(
    "test",
    [
        "isinstance(x, tf.Tensor)",
        "isinstance(x, (list, tf.Tensor))",
        "not isinstance(x, (tf.Tensor, tuple))",
        "x.__class__ is tf.Tensor",
        "tf.Tensor == type(x)",
        "type(x) in (tf.Tensor, list)",
        "tf.contrib.framework.is_tensor(x)",
    ],
)
def test_no_functional_model_takes_the_other_branch(test: str) -> None:
    body = f"    if {test}:\n        x = slim.conv2d(x, 4, 3)\n    return slim.flatten(x)\n"
    assert _model(f"def net(x):\n{body}") == "traced"


@pytest.mark.parametrize(
    "function",
    [
        "def net(x: tf.Tensor) -> tf.Tensor:\n    return slim.conv2d(x, 4, 3)\n",
        "def net(x, kind=tf.Tensor):\n    return slim.conv2d(x, 4, 3)\n",
        "def net(x):\n    y: tf.Tensor = slim.conv2d(x, 4, 3)\n    return y\n",
    ],
)
def test_a_name_for_other_ends_asks_nothing(function: str) -> None:
    assert _model(function) == "functional"


@pytest.mark.parametrize(
    "test",
    [
        "type(x) is tf.Tensor",
        "type(x) == tf.Tensor",
        "tf.Tensor is not x.__class__",
        "type(x) in (tf.Tensor, list)",
    ],
)
def test_no_class_is_tf_tensor_any_more(test: str) -> None:
    """Sessions too: a placeholder's class is SymbolicTensor."""
    after = transform(f"{HEAD}def size(x):\n    y = slim.flatten(x)\n    return {test}, y\n")
    assert "    # TODO(slimport): SLIM315 no tensor is of this very class" in after


def test_instances_stay() -> None:
    after = transform(f"{HEAD}def size(x):\n    return isinstance(tf.log(x), tf.Tensor)\n")
    assert "return isinstance(tf.math.log(x), tf.Tensor)" in after and "TODO" not in after


def test_tensorflow_2_is_its_authors() -> None:
    check_noop("import tensorflow as tf\n\n\ndef f(x):\n    return type(x) is tf.Tensor\n")
