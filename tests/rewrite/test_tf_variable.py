"""tf.Variable: where it moves, where it stays, and its arguments by position."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import check_noop, report, rewrite_program, transform

NET = """
import tensorflow as tf
import tf_slim as slim


def net(x):
    x = slim.conv2d(x, 4, [3, 3], scope='a')
    return x * {variable}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("tf.Variable(1.0)", "tf_variable(1.0)"),
        ("tf.Variable(1.0, False)", "tf_variable(1.0, False)"),
        ("tf.Variable(initial_value=x, name='n')", "tf_variable(initial_value=x, name='n')"),
        ("tf.Variable(1, dtype=tf.int64)", "tf_variable(1, dtype=tf.int64)"),
        ("tf.Variable(1.0, True, ['a'])", "tf_variable(1.0, True, collections=['a'])"),
        (
            "tf.Variable(1.0, True, ['a'], False)",
            "tf_variable(1.0, True, collections=['a'], validate_shape=False)",
        ),
    ],
)
def test_a_variable_beside_layers_moves(before, after):
    assert f"    return x * {after}\n" in transform(NET.format(variable=before))


def test_a_helper_that_a_network_calls_moves_and_the_network_is_traced():
    source = NET.format(variable="weight(3)") + (
        "\n\ndef weight(size):\n    initial = tf.ones([size])\n    return tf.Variable(initial)\n"
    )
    result = rewrite_program({"net.py": source})
    assert "return tf_variable(initial)" in transform(source)
    forms = {form.function: form for form in report(result, "net.py").functions}
    assert forms["net"].model == "traced"


@pytest.mark.parametrize(
    "variable",
    [
        "tf.Variable(1.0, constraint=tf.abs)",
        "tf.Variable(1.0, caching_device='/cpu:0')",
        "tf.Variable(*x)",
        "tf.Variable(**x)",
        "tf.Variable(name='n')",
        "tf.Variable(1.0, True, ['a'], True, '/cpu:0', 'n')",
    ],
)
def test_what_a_layers_variable_has_no_word_for_is_marked(variable):
    found = report(rewrite_program({"net.py": NET.format(variable=variable)}), "net.py")
    assert [left.code for left in found.left] == ["SLIM005"]


def test_the_class_is_not_a_variable():
    after = transform(NET.format(variable="float(isinstance(x, tf.Variable))"))
    assert "tf_variable" not in after
    assert "keras.layers.Conv2D(4" in after


def test_arguments_by_position_in_a_session_script():
    after = transform("""
        import tensorflow as tf

        step = tf.Variable(0, False, ['a'], True, None, 'step')
        loose = tf.Variable(*step)
        with tf.Session() as session:
            session.run(step)
        """)
    assert "tf.Variable(0, False, collections=['a'], validate_shape=True, " in after
    assert "caching_device=None, name='step')" in after
    assert "tf.Variable(*step)" in after


def test_code_of_tensorflow_2_stays():
    check_noop("""
        import tensorflow as tf


        def state(x):
            return tf.Variable(x, True, True, None, 'state')
        """)


def test_a_session_function_keeps_tensorflows():
    after = transform(
        NET.format(variable="2")
        + """

def main():
    step = tf.Variable(0, trainable=False)
    with tf.Session() as session:
        session.run(net(tf.zeros([1, 8, 8, 3])), {step: 1})
"""
    )
    assert "step = tf.Variable(0, trainable=False)" in after
