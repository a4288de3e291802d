"""Collections that a network puts variables in: each pass through it finds them there."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from slimport.written.collections import get_collection
from slimport.written.convolution import conv2d
from slimport.written.models import TracedModel, functional_model
from slimport.written.names import legacy_variables
from slimport.written.variables import get_variable

ONE = np.ones([1, 1, 1, 3], "float32")


def of_a_layer(x: Any) -> Any:
    conv2d(x, 2, 1, variables_collections={"weights": ["w", "all"], "biases": ["all"]}, name="c")


def of_a_variable(x: Any) -> Any:
    get_variable("c/weights", [1, 1, 3, 2], collections=["w", "all"])
    get_variable("c/biases", [2], collections=["all"])


@pytest.mark.parametrize("make", [of_a_layer, of_a_variable])
def test_each_trace_of_a_model_finds_them_once(make: Any) -> None:
    def net(x: Any) -> Any:
        make(x)
        sizes = [int(np.prod(variable.shape)) for variable in get_collection("all")]
        return tf.reduce_sum(get_collection("w")[0]) + tf.reduce_sum(x), tf.constant(sizes)

    model = TracedModel(net)
    for images in (ONE, np.repeat(ONE, 2, axis=1)):  # each shape has a trace of its own
        model(images)
        weights = legacy_variables(model)["c/weights"]
        weights.assign(np.full(weights.shape, 2.0))
        found, sizes = model(images)
        assert float(found) == 12.0 + images.sum()
        assert sizes.numpy().tolist() == [6, 2]


@pytest.mark.parametrize("make", [of_a_layer, of_a_variable])
def test_a_functional_model_would_keep_their_values(make: Any) -> None:
    def net(x: Any) -> Any:
        make(x)
        return x * get_collection("w")[0][0, 0, 0, 0]

    with pytest.raises(ValueError, match="'w' holds variables"):
        functional_model(net, keras.Input((1, 1, 3)))
