"""Models called with given values in the place of their variables: `stateless_call`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from slimport.written.convolution import conv2d  # noqa: E402
from slimport.written.defaults import layer_defaults  # noqa: E402
from slimport.written.models import TracedModel, functional_model  # noqa: E402
from slimport.written.normalization import batch_norm  # noqa: E402

SHAPE = (6, 6, 3)
IMAGES = np.random.default_rng(0).normal(size=(2, *SHAPE)).astype("float32")


def net(images: Any) -> Any:
    with layer_defaults([conv2d], normalizer=batch_norm):
        return conv2d(conv2d(images, 4, 3, name="a"), 3, 3, activation=None, name="b")


def functional() -> Any:
    return functional_model(net, keras.Input(SHAPE))


def traced() -> Any:
    model = TracedModel(net)
    model.build((None, *SHAPE))
    return model


def traced_within() -> Any:
    inputs = keras.Input(SHAPE)
    return keras.Model(inputs, keras.ops.multiply(traced()(inputs), 2.0))


def values(model: Any, seed: int) -> tuple[list[Any], list[Any]]:
    generator = np.random.default_rng(seed)

    def of(variables: Any) -> list[Any]:
        return [generator.uniform(0.5, 1.5, v.shape).astype(v.dtype) for v in variables]

    return of(model.trainable_variables), of(model.non_trainable_variables)


def called(model: Any, given: Any, training: bool) -> Any:
    return model.stateless_call(*given, IMAGES, training=training)


def assigned(model: Any, given: Any, training: bool) -> Any:
    """The same by way of the model's variables."""
    before = [variable.numpy() for variable in model.variables]
    pairs = zip(
        [*model.trainable_variables, *model.non_trainable_variables],
        [*given[0], *given[1]],
        strict=True,
    )
    for variable, value in pairs:
        variable.assign(value)
    outputs = model(IMAGES, training=training)
    moved = [variable.numpy() for variable in model.non_trainable_variables]
    for variable, value in zip(model.variables, before, strict=True):
        variable.assign(value)
    return outputs, moved


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("in_a_function", [False, True])
@pytest.mark.parametrize(
    "make", [functional, traced, pytest.param(traced_within, marks=pytest.mark.slow)]
)
def test_given_values_count_and_variables_stay(
    make: Any, in_a_function: bool, training: bool
) -> None:
    model = make()
    first, second = values(model, 1), values(model, 2)
    run = tf.function(called, autograph=False) if in_a_function else called
    early = run(model, first, training)  # before there is any trace of the model
    before = model(IMAGES, training=False).numpy()
    kept = [variable.numpy() for variable in model.variables]
    late = run(model, second, training)
    for given, (outputs, moved) in ((first, early), (second, late)):
        expected, expected_moved = assigned(model, given, training)
        np.testing.assert_allclose(outputs, expected, rtol=1e-6, atol=1e-6)
        for one, other in zip(moved, expected_moved, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)
    assert all(np.array_equal(a, b) for a, b in zip(kept, model.variables, strict=True))
    assert np.array_equal(before, model(IMAGES, training=False))


@pytest.mark.parametrize("make", [functional, traced, traced_within])
def test_a_function_of_given_arrays_has_no_variables(make: Any) -> None:
    """What docs/export.md calls freezing."""
    model = make()
    trainable, others = values(model, 3)
    expected, _ = assigned(model, (trainable, others), False)

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, *SHAPE], tf.float32)])
    def serve(images: Any) -> Any:
        return model.stateless_call(trainable, others, images, training=False)[0]

    frozen = serve.get_concrete_function()
    assert not frozen.captured_inputs
    np.testing.assert_allclose(frozen(tf.constant(IMAGES)), expected, rtol=1e-5, atol=1e-5)
