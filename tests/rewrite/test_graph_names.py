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
