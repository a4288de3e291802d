"""Initializers that Keras lacks, compared with TensorFlow 1's."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from slimport.written.initializers import ConstantInitializer

VALUES = [2.0, [0.5, -1.0], [1.0, 2.0, 3.0, 4.0], np.arange(8.0).reshape(4, 2), np.eye(2)]


@pytest.mark.parametrize("value", VALUES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "int32", "bfloat16"])
def test_values_fill_a_variable_as_in_tensorflow_1(value: object, dtype: str) -> None:
    if dtype == "int32":
        value = np.asarray(value, "int32").tolist()
    new = ConstantInitializer(value)
    again = ConstantInitializer.from_config(new.get_config())
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        old = tf.compat.v1.constant_initializer(value)
        for initializer in (new, again):
            both = old([2, 4], getattr(tf, dtype)), initializer((2, 4), dtype)
            assert both[0].dtype == both[1].dtype
            expected, found = (np.asarray(v, "float64") for v in session.run(both))
            np.testing.assert_array_equal(found, expected)


def test_more_values_than_a_variable_has_are_an_error() -> None:
    with pytest.raises(ValueError, match="8 values for a variable of shape"):
        ConstantInitializer(np.arange(8))((2, 3), "float32")


def test_a_layer_takes_it_and_keeps_it() -> None:
    layer = keras.layers.Dense(3, bias_initializer=ConstantInitializer([1, 2]))
    layer.build((None, 2))
    np.testing.assert_array_equal(layer.bias, [1, 2, 2])
    copy = keras.layers.Dense.from_config(layer.get_config())
    copy.build((None, 2))
    np.testing.assert_array_equal(copy.bias, [1, 2, 2])
