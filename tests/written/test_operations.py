"""What migrated models are made of: the kernels of the old graph, traced once."""

from __future__ import annotations

import functools
from collections import Counter
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from slimport.written.convolution import conv2d  # noqa: E402
from slimport.written.defaults import layer_defaults  # noqa: E402
from slimport.written.models import TracedModel, functional_model  # noqa: E402
from slimport.written.normalization import batch_norm  # noqa: E402
from slimport.written.optimizers import Momentum, RMSProp  # noqa: E402

IMAGES = tf.TensorSpec([None, 8, 8, 3], tf.float32)
DEFAULTS = {"normalizer": batch_norm, "kernel_regularizer": keras.regularizers.L2(0.1)}


def net(images: Any) -> Any:
    with layer_defaults([conv2d], **DEFAULTS):
        images = conv2d(images, 4, 3, name="a")
        return conv2d(images, 4, 3, activation="relu6", name="b")


def traced() -> Any:
    model = TracedModel(net)
    model.build((None, 8, 8, 3))
    return model


def functional() -> Any:
    return functional_model(net, keras.Input((8, 8, 3)))


MODELS = pytest.mark.parametrize("make", [functional, traced])


class Counted:
    """A model in a `tf.function`, and how often that was traced."""

    def __init__(self, model: Any, training: bool = False) -> None:
        self.traces = 0
        self._call, self._training = model, training
        self.function = tf.function(self._counted, autograph=False, input_signature=[IMAGES])

    def _counted(self, images: Any) -> Any:
        self.traces += 1
        return self._call(images, training=self._training)

    def operations(self) -> list[Any]:
        """Those of the function and of the functions that it calls, by name."""
        graph = self.function.get_concrete_function().graph.as_graph_def()
        inner = [node for function in graph.library.function for node in function.node_def]
        return [*graph.node, *inner]


def counted(batch: int) -> Any:
    return np.zeros((batch, 8, 8, 3), "float32")


@MODELS
@pytest.mark.parametrize("training", [False, True])
def test_one_trace_serves_every_batch(make: Any, training: bool) -> None:
    served = Counted(make(), training)
    for batch in (1, 8, 2, 1, 8):
        served.function(counted(batch))
    assert served.traces == 1


def test_a_traced_model_is_traced_once_for_each_shape() -> None:
    times = []

    def watched(images: Any) -> Any:
        times.append(images.shape)
        return net(images)

    model = TracedModel(watched)
    for batch in (1, 8, 1, 8, 8, 1):
        model(tf.constant(counted(batch)), training=False)
    assert [shape[0] for shape in times] == [1, 1, 8]  # built, then one trace for each batch size


@MODELS
def test_nothing_keeps_an_activation_from_its_convolution(make: Any) -> None:
    """TensorFlow fuses a convolution, its batch norm and its activation if they are neighbours."""
    nodes = {node.name: node for node in Counted(make()).operations()}
    before = {"Relu": "FusedBatchNormV3", "Relu6": "FusedBatchNormV3", "FusedBatchNormV3": "Conv2D"}
    seen = Counter()
    for node in nodes.values():
        if node.op in before:
            source = nodes[node.input[0].split(":")[0]]
            assert source.op == before[node.op]
            seen[node.op] += 1
    assert seen == {"Relu": 1, "Relu6": 1, "FusedBatchNormV3": 2}
    assert not any(node.op in ("Cast", "Reshape", "Transpose", "Shape") for node in nodes.values())


@pytest.mark.parametrize(
    ("optimizer", "kernel"),
    [
        (Momentum(0.1, 0.9), "ResourceApplyMomentum"),
        (Momentum(0.1, 0.9, nesterov=True), "ResourceApplyMomentum"),
        (RMSProp(0.1), "ResourceApplyRMSProp"),
        (RMSProp(0.1, centered=True), "ResourceApplyCenteredRMSProp"),
    ],
)
def test_a_step_of_an_optimizer_is_one_kernel_for_each_variable(
    optimizer: Any, kernel: str
) -> None:
    variables = [keras.Variable(np.ones(3, "float32")) for _ in range(2)]
    optimizer.build(variables)

    @tf.function
    def step() -> None:
        optimizer.apply([tf.ones(3)] * 2, variables)

    operations = step.get_concrete_function().graph.get_operations()
    found = Counter(operation.type for operation in operations)
    assert found[kernel] == 2
    assert found["AssignVariableOp"] == 1 and not found["AssignSubVariableOp"]  # counts its steps


def test_xla_compiles_these_kernels() -> None:
    after = []
    for compiled in (False, True):
        variable = keras.Variable(np.ones(3, "float32"))
        steps = (Momentum(0.1, 0.9, nesterov=True), RMSProp(0.1, centered=True))
        for optimizer in steps:
            optimizer.build([variable])
            gradient = tf.constant([1.0, 2.0, -0.5])
            call = functools.partial(optimizer.apply, [gradient], [variable])
            step = tf.function(call, jit_compile=compiled)
            for _ in range(2):
                step()
        after.append(variable.numpy())
    np.testing.assert_allclose(after[1], after[0], rtol=1e-5)


def test_l2_is_one_kernel_and_the_same() -> None:
    model = functional()
    trained = [variable for variable in model.trainable_variables if "kernel" in variable.path]

    @tf.function
    def losses() -> Any:
        with tf.GradientTape() as tape:
            total = tf.add_n(model.losses)
        return total, tape.gradient(total, [variable.value for variable in trained])

    operations = losses.get_concrete_function().graph.get_operations()
    found = Counter(operation.type for operation in operations)
    assert found["L2Loss"] == 2 and not found["Square"] and not found["Tile"]
    total, gradients = losses()
    plain = sum(keras.regularizers.L2(0.1)(variable) for variable in trained)
    np.testing.assert_allclose(total, plain, rtol=1e-6)
    for variable, gradient in zip(trained, gradients, strict=True):
        np.testing.assert_allclose(gradient, 0.2 * variable.numpy(), rtol=1e-6)
    assert type(model.layers[1].kernel_regularizer) is keras.regularizers.L2  # as it is saved
