"""Templates share the variables of their first call, under TensorFlow 1's names."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from slimport.written.convolution import conv2d
from slimport.written.graphs import LayerGraph
from slimport.written.models import TracedModel, functional_model
from slimport.written.names import legacy_variables
from slimport.written.templates import make_template
from slimport.written.variables import get_variable

NAMES = [
    "outer/Conv/biases",
    "outer/Conv/weights",
    "outer/gain",
    "outer_1/Conv/biases",
    "outer_1/Conv/weights",
    "outer_1/gain",
]


def layer(x: Any, depth: int = 2) -> Any:
    return conv2d(x, depth, 1, activation=None) * get_variable("gain", [])


def net(x: Any) -> Any:
    later = make_template("outer", layer, depth=2)
    now = make_template("outer", layer, create_scope_now_=True)
    assert later.var_scope is None and now.variable_scope_name == "outer/"
    found = later(x), later(x), now(x)
    assert len(now.trainable_variables) == 3
    return found


def test_names_are_those_of_tensorflow_1() -> None:
    """Its own template, with its own variables in place of layers, in a graph."""

    def variables(_: Any) -> None:
        with tf.compat.v1.variable_scope(None, "Conv"):
            tf.compat.v1.get_variable("weights", [1])
            tf.compat.v1.get_variable("biases", [1])
        tf.compat.v1.get_variable("gain", [])

    with tf.Graph().as_default():
        later = tf.compat.v1.make_template("outer", variables)
        now = tf.compat.v1.make_template("outer", variables, create_scope_now_=True)
        for template in (later, later, now):
            template(None)
        assert sorted(v.op.name for v in tf.compat.v1.global_variables()) == NAMES


@pytest.mark.parametrize("kind", ["functional", "traced", "graph"])
def test_calls_share_variables(kind: str) -> None:
    images = np.ones([1, 2, 2, 3], "float32")
    if kind == "graph":
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            found = net(tf.constant(images))
            names = [v.op.name for v in tf.compat.v1.global_variables()]
            session.run(tf.compat.v1.global_variables_initializer())
            one, two, other = session.run(found)
    else:
        is_functional = kind == "functional"
        model = functional_model(net, keras.Input((2, 2, 3))) if is_functional else TracedModel(net)
        one, two, other = model(images)
        one, two, other = model(np.repeat(images, 2, axis=0))
        names = list(legacy_variables(model))
    assert sorted(names) == NAMES
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 0


def test_a_template_that_outlives_a_model_makes_new_variables_for_the_next() -> None:
    shared = make_template("outer", layer)
    models = [functional_model(lambda x: shared(shared(x)), keras.Input((2, 2, 2))) for _ in "ab"]
    assert [sorted(legacy_variables(model)) for model in models] == [NAMES[:3]] * 2
    assert models[0].weights[0] is not models[1].weights[0]


def test_a_later_call_makes_no_variable() -> None:
    shared = make_template("outer", lambda x, name: conv2d(x, 2, 1, name=name))
    x = keras.Input((2, 2, 2))
    with LayerGraph().active(), pytest.raises(ValueError, match="outer/b/weights does not exist"):
        shared(shared(x, "a"), "b")


def test_what_has_no_meaning_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be None"):
        make_template(None, layer)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="custom getter"):
        make_template("outer", layer, custom_getter_=layer)
