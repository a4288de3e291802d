"""Scopes and variables beside layers: what moves with them, by which name, and what is marked."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import report, rewrite_program, transform

NET = """
import tensorflow as tf
import tf_slim as slim


def net(x, name):
    with {scope}:
        x = x * {variable}
        return slim.conv2d(x, 4, [3, 3])
"""
SCOPE = "tf.variable_scope(name)"
VARIABLE = "tf.get_variable('v', [])"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("tf.variable_scope(name, None, [x])", "variable_scope(name, None, [x])"),
        (
            "tf.variable_scope(name, None, None, None, None, '/cpu:0')",
            "variable_scope(name, None, None, None, None, caching_device='/cpu:0')",
        ),
        (
            "tf.variable_scope(name, None, None, None, None, None, None, None, True, tf.float64)",
            "variable_scope(name, None, None, None, None, caching_device=None, reuse=True, "
            "dtype=tf.float64)",
        ),
        ("tf.variable_scope(name, custom_getter=None)", "variable_scope(name)"),
        (
            "tf.variable_scope(name, partitioner=None, auxiliary_name_scope=False)",
            "variable_scope(name, auxiliary_name_scope=False)",
        ),
        ("tf.variable_scope(name, **x)", "variable_scope(name, **x)"),
        (
            "tf.variable_op_scope([x], name, None, None, None, None, None, None, True)",
            "variable_op_scope([x], name, None, None, None, caching_device=None, reuse=True)",
        ),
    ],
)
def test_scopes(before: str, after: str) -> None:
    assert f"    with {after}:\n" in transform(NET.format(scope=before, variable=VARIABLE))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "tf.get_variable('v', [], tf.int32, None, None, True, None, '/cpu:0')",
            "get_variable('v', [], tf.int32, None, None, True, None, caching_device='/cpu:0')",
        ),
        (
            "tf.get_variable('v', [], constraint=tf.abs, validate_shape=True, custom_getter=None)",
            "get_variable('v', [], constraint=tf.abs)",
        ),
        (
            "slim.variable('v', [], tf.int32, None, None, True, None, None, '/cpu:0')",
            "variable('v', [], tf.int32, None, None, True, None, caching_device=None, "
            "device='/cpu:0')",
        ),
    ],
)
def test_variables(before: str, after: str) -> None:
    assert f"        x = x * {after}\n" in transform(NET.format(scope=SCOPE, variable=before))


@pytest.mark.parametrize(
    "scope",
    [
        "tf.variable_scope(name, custom_getter=x)",
        "tf.variable_scope(name, partitioner=tf.fixed_size_partitioner(2))",
        "tf.variable_scope(name, constraint=lambda w: w)",
        "tf.variable_scope(name, None, None, None, None, None, x)",
        "tf.variable_op_scope([x], name, custom_getter=x)",
    ],
)
def test_scopes_that_change_variables_of_layers_are_marked(scope: str) -> None:
    check_marked(NET.format(scope=scope, variable=VARIABLE), "SLIM003")


@pytest.mark.parametrize(
    "variable",
    [
        "tf.get_variable('v', [], partitioner=x)",
        "tf.get_variable('v', [], validate_shape=False)",
        "tf.get_variable('v', [], aggregation=tf.VariableAggregation.MEAN)",
        "slim.variable('v', [], custom_getter=x)",
        "slim.model_variable('v', [], partitioner=x)",
    ],
)
def test_variables_in_parts_or_of_getters_are_marked(variable: str) -> None:
    check_marked(NET.format(scope=SCOPE, variable=variable), "SLIM004")


def check_marked(source: str, code: str) -> None:
    found = report(rewrite_program({"net.py": source}), "net.py")
    assert code in [entry.code for entry in found.left]


def test_a_scope_of_tensorflow_keeps_all_that_it_is_given() -> None:
    source = NET.format(scope="tf.variable_scope(name, custom_getter=x)", variable=VARIABLE)
    alone = source.replace("slim.conv2d(x, 4, [3, 3])", "x") + "\n\ntf.Session().run(net(1, 'a'))\n"
    assert "TODO" not in transform(alone)


PRELU = """
import tensorflow as tf
import tf_slim as slim


def prelu(x):
    alphas = tf.get_variable('alphas', x.get_shape()[-1:])
    return tf.nn.relu(x) - alphas * tf.nn.relu(-x)

{kept}
def net(x{parameter}):
    with slim.arg_scope([slim.conv2d], {default}):
        return slim.conv2d(x, 4, 3{argument})
"""


@pytest.mark.parametrize(
    ("default", "argument"),
    [
        ("activation_fn=prelu", ""),
        ("stride=2", ", activation_fn=prelu"),
        ("stride=2", ", activation_fn=prelu if x is not None else None"),
        ("normalizer_fn=prelu", ", activation_fn=None"),
    ],
)
def test_variables_of_an_activation_are_in_the_scope_of_its_layer(
    default: str, argument: str
) -> None:
    done = transform(PRELU.format(kept="", parameter="", default=default, argument=argument))
    assert "alphas = get_variable('alphas'" in done and "keras.layers" not in done, done


@pytest.mark.parametrize(
    ("kept", "parameter"),
    [("", ", act=prelu"), ("\nACTS = {'prelu': prelu}\n", ", act=None")],
)
def test_variables_of_an_activation_that_is_kept_are_marked(kept: str, parameter: str) -> None:
    text = PRELU.format(
        kept=kept, parameter=parameter, default="stride=2", argument=", activation_fn=act"
    )
    (left,) = report(rewrite_program({"net.py": text}), "net.py").left
    assert left.code == "SLIM004" and "passed on as a value" in left.reason


def test_variables_of_a_kept_activation_that_names_compat_are_its_authors() -> None:
    text = PRELU.format(kept="", parameter=", act=prelu", default="stride=2", argument="")
    text = text.replace("tf.get_variable", "tf.compat.v1.get_variable")
    assert not report(rewrite_program({"net.py": text}), "net.py").left
