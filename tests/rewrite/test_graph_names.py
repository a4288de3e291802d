"""Tensors' names in a graph: code that asks for them runs in a traced model, which has them."""

import pytest

from tests.rewrite.tools import output, report, rewrite_program

PROGRAM = """
import tensorflow as tf
import tf_slim as slim


def net(images, other):
    end_points = {}
    with tf.variable_scope('net') as sc:
        net = images
        net = slim.conv2d(net, 4, 1, scope='conv')
        both = tf.concat([net, net], 3, name='both')
        end_points[STATEMENT] = net
    return both, end_points
"""


@pytest.mark.parametrize("asked", ["net.name", "both.op.name", "net.graph.version", "both.name"])
def test_names_of_tensors_keep_the_function_on_tensorflow(asked: str) -> None:
    result = rewrite_program({"net.py": PROGRAM.replace("STATEMENT", asked)})
    (form,) = report(result, "net.py").functions
    assert (form.model, form.tensors) == ("traced", "tensorflow")
    assert any("a KerasTensor is in no graph" in reason for reason in form.why)
    assert f"end_points[{asked}]" in (output(result, "net.py") or "")


@pytest.mark.parametrize("asked", ["sc.name", "other.name", "'net.name'", "images.name"])
def test_names_of_anything_else_do_not(asked: str) -> None:
    result = rewrite_program({"net.py": PROGRAM.replace("STATEMENT", asked)})
    (form,) = report(result, "net.py").functions
    assert (form.model, form.tensors) == ("functional", "keras.ops")


def test_a_graph_that_is_searched_is_tensorflows() -> None:
    """The end points of MobileNet: what `net` is, no file shows, but KerasTensors have no graph."""
    program = PROGRAM.replace("net = slim.conv2d(net, 4, 1", "net = other(net, slim.conv2d, 4")
    program = program.replace("end_points[STATEMENT] = net", "end_points = net.graph.SEARCH()")
    for search, model in (("get_operations", "traced"), ("mine", "functional")):
        result = rewrite_program({"net.py": program.replace("SEARCH", search)})
        (form,) = report(result, "net.py").functions
        assert form.model == model, form
    assert "net.graph.mine()" in (output(result, "net.py") or "")


LOOKING_UP = """
import tensorflow as tf
import tf_slim as slim


def net(images):
    flat = slim.flatten(images)
    return tf.nn.softmax(tf.reshape(flat, [-1, 4]), name='probs')


def run(images):
    with tf.Session() as session:
        net(images)
        return session.run(LOOKED_UP)
"""


@pytest.mark.parametrize(
    "looked_up",
    [
        "session.graph.get_tensor_by_name('probs:0')",
        "'net/probs:0'",
        "['probs_1:0']",
        "tf.get_default_graph().get_operation_by_name('a/probs').outputs",
        "scope + '/probs:0'",
        "tf.graph_util.convert_variables_to_constants(session, graph_def, ['probs'])",
    ],
)
def test_a_name_that_is_looked_up_stays(looked_up: str) -> None:
    result = rewrite_program({"net.py": LOOKING_UP.replace("LOOKED_UP", looked_up)})
    form = next(f for f in report(result, "net.py").functions if f.function == "net")
    assert "the program looks 'probs' up in its graph" in form.why
    assert "tf.nn.softmax(tf.reshape(flat, [-1, 4]), name='probs')" in output(result, "net.py")


@pytest.mark.parametrize("looked_up", ["net", "'probs'", "'probs: 0'", "'other:0'"])
def test_other_texts_are_no_names(looked_up: str) -> None:
    result = rewrite_program({"net.py": LOOKING_UP.replace("LOOKED_UP", looked_up)})
    assert "keras.ops.softmax(keras.ops.reshape(" in output(result, "net.py")
