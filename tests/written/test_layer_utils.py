"""What hand-written layers take from slim.utils, against tf_slim.layers.utils."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from old_side import v1
from tf_slim.layers import utils


def answer(function: Any, *arguments: Any) -> Any:
    """What a function returns, or the kind of its error."""
    try:
        return function(*arguments)
    except (TypeError, ValueError) as error:
        return type(error)


@pytest.mark.parametrize("collections", [None, ["a", "b"], "a", {"weights": ["a"]}, {}])
@pytest.mark.parametrize("name", ["weights", "biases"])
def test_get_variable_collections(new: Any, collections: Any, name: str) -> None:
    expected = utils.get_variable_collections(collections, name)
    assert new.get_variable_collections(collections, name) == expected


PAIRS = [3, 3.0, True, [3, 4], (3.0, 4.7), [3], [1, 2, 3], "34", None, np.int64(3), ["3", 4]]


@pytest.mark.parametrize("value", PAIRS, ids=repr)
def test_two_element_tuple(new: Any, value: Any) -> None:
    assert answer(new.two_element_tuple, value) == answer(utils.two_element_tuple, value)


def test_two_elements_of_a_shape(new: Any) -> None:
    assert new.two_element_tuple(tf.TensorShape([2, 3])) == (2, 3)
    with pytest.raises(ValueError, match="TensorShape of length 2"):
        new.two_element_tuple(tf.TensorShape([2, 3, 4]))


@pytest.mark.parametrize("n", [1, 2, 2.0, 2.5, 0])
@pytest.mark.parametrize("value", [*PAIRS, 0, -2, [3, 0], [1, "x"], ("1", "2")], ids=repr)
def test_n_positive_integers(new: Any, n: Any, value: Any) -> None:
    if value is None and n >= 1:
        n, value = 2, "x"  # tf_slim fails on len(None)
    expected = answer(utils.n_positive_integers, n, value)
    assert answer(new.n_positive_integers, n, value) == expected
    assert type(answer(new.n_positive_integers, n, value)) is type(expected)


@pytest.mark.parametrize("data_format", ["channels_first", "channels_last", "NHWC"])
@pytest.mark.parametrize("shape", [[2, 3, 4], [None, 5], [4, None], [None, None, 7], None])
@pytest.mark.parametrize("rank", [1, 3])
def test_channel_dimension(new: Any, data_format: str, shape: Any, rank: int) -> None:
    arguments = (tf.TensorShape(shape), data_format, rank)
    with tf.Graph().as_default():
        v1_shape = v1.placeholder("float32", shape).get_shape()
        expected = answer(utils.channel_dimension, _Shape(v1_shape), data_format, rank)
    assert answer(new.channel_dimension, *arguments) == expected
    if shape is not None:
        assert answer(new.channel_dimension, tuple(shape), data_format, rank) == expected


class _Shape:
    """A shape of TensorFlow 1's Dimensions, in a process of TensorFlow 2's."""

    def __init__(self, shape: tf.TensorShape) -> None:
        self.dims = shape.dims and [v1.Dimension(size) for size in shape.as_list()]


def test_aliases(new: Any) -> None:
    def named(s: Any) -> list[Any]:
        plain, tensor = tf.constant(1.0, name="plain"), tf.constant(2.0, name="tensor")
        assert s.append_tensor_alias(s.append_tensor_alias(tensor, "a/b/"), "c") is tensor
        return [s.get_tensor_aliases(tensor), s.gather_tensors_aliases([plain, tensor])]

    with tf.Graph().as_default():
        expected = named(utils)
    with tf.Graph().as_default():
        assert named(new) == expected == [["a/b", "c"], ["plain", "a/b", "c"]]
    unnamed = keras.Input((3,))
    with pytest.raises(ValueError, match="append_tensor_alias"):
        new.get_tensor_aliases(unnamed)
    assert new.get_tensor_aliases(new.append_tensor_alias(unnamed, "x")) == ["x"]


def test_constant_value(new: Any) -> None:
    with tf.Graph().as_default():
        tensors = [tf.constant(3), v1.placeholder(tf.int32, []), v1.Variable(2)]
        for value in (1, False, "text", *tensors):
            for dtype in (None, tf.int32, tf.float32):
                expected = answer(utils.constant_value, value, dtype)
                assert answer(new.constant_value, value, dtype) == expected
        assert answer(new.constant_value, None) is ValueError
    assert new.constant_value(keras.Input(())) is None
    assert new.constant_value(keras.Variable(1.0)) is None
    assert answer(new.constant_value, keras.Input(()), tf.int32) is ValueError


@pytest.mark.parametrize("pred", [True, False, 0, 1])
def test_static_cond(new: Any, pred: Any) -> None:
    for functions in ((lambda: "yes", lambda: "no"), ("yes", lambda: "no"), (lambda: 1, 2)):
        expected = answer(utils.static_cond, pred, *functions)
        assert answer(new.static_cond, pred, *functions) == expected


@pytest.fixture
def control_flow_v1() -> Iterator[None]:
    """Conditions as in TF 1; the newer kind has no `strict`."""
    v1.disable_control_flow_v2()
    yield
    v1.enable_control_flow_v2()


@pytest.mark.usefixtures("control_flow_v1")
@pytest.mark.parametrize("name", [None, "choice"])
@pytest.mark.parametrize("pred", [True, False])
def test_smart_cond(new: Any, monkeypatch: Any, name: str | None, pred: bool) -> None:
    monkeypatch.setattr(utils.control_flow_ops, "cond", v1.cond, raising=False)  # gone by 2.16

    def chosen(s: Any, pred: Any) -> Any:
        return s.smart_cond(pred, lambda: [tf.constant(1.0)], lambda: [tf.constant(2.0)], name)

    for known in (True, False):
        found = []
        for s in (utils, new):
            with tf.Graph().as_default(), v1.Session() as session:
                given = tf.constant(pred) if known else v1.placeholder(tf.bool, [])
                found.append(session.run(chosen(s, given), {} if known else {given: pred}))
        assert found[0] == found[1]
        assert type(found[0]) is type(found[1])
    replayed = tf.function(lambda p: chosen(new, p)).get_concrete_function(
        tf.TensorSpec([], "bool")
    )
    assert np.asarray(replayed(tf.constant(pred))).item() == (1.0 if pred else 2.0)
