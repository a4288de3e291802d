# mypy: allow-subclassing-any
"""Models: made from functions that build scoped layers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from slimport.written.graphs import LayerGraph

__all__ = ["TracedModel", "functional_model"]


def functional_model(
    function: Callable[..., Any], inputs: Any, *args: Any, **kwargs: Any
) -> keras.Model:
    """Calls a function that builds layers on KerasTensors and wraps what it returns.

    ```python
    model = functional_model(inception_v2, keras.Input((224, 224, 3)), num_classes=1001)
    ```

    Args:
        function: Takes the inputs first; returns tensors, or tuples, lists or dicts of them. Its
            tensor operations are those of `keras.ops`; if not, use `TracedModel`.
        inputs: A `keras.Input`, or a nested structure of them.
        *args: Further arguments of `function`.
        **kwargs: Further arguments of `function`.

    Returns:
        A functional model with the outputs of `function`.
    """
    graph = LayerGraph()
    graph.anchor = keras.tree.flatten(inputs)[0]
    with graph.active():
        outputs = function(inputs, *args, **kwargs)
    return keras.Model(inputs, outputs)


class TracedModel(keras.Model):
    """A model that runs a function of TensorFlow code which builds scoped layers.

    The function is traced once when the model is built: layers come up then, each under its scope
    path. Calls trace it again where a new shape asks for it, and find the layers by their paths.

    ```python
    model = TracedModel(inception_v2, num_classes=1001)
    logits, end_points = model(images)
    ```

    Args:
        function: Takes the inputs first; returns tensors, or tuples, lists or dicts of them.
        *args: Further arguments of `function`.
        **kwargs: Further arguments of `function`.
    """

    def __init__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(autocast=False)
        self.supports_jit = False  # TensorFlow code may hold what XLA does not compile
        self._function = functools.partial(_with_inputs_first, function, args, kwargs)
        self._scoped_graph = LayerGraph()
        self._input_specs: Any = None
        self._replay: Any = None
        self._scoped_layers: list[Any] = []

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Notes the kind of the first inputs, to be traced with."""
        inputs = keras.tree.map_structure(_tensor, inputs)
        if not self.built:
            self._input_specs = keras.tree.map_structure(_spec, inputs)
        return super().__call__(inputs, *args, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Traces the function once, which creates its layers.

        Args:
            input_shape: Shape of the inputs (float32), where the model has not been called.
        """
        specs = self._input_specs
        if specs is None:
            specs = tf.TensorSpec(input_shape, tf.float32)
        self._replay = tf.function(self._run, autograph=False)
        self._replay.get_concrete_function(specs, None)
        self._scoped_graph.frozen = True
        kept = self._scoped_graph.layers.values()
        self._scoped_layers = [layer for layers in kept for layer, _ in layers]

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Runs the function on `inputs`."""
        outputs, losses = self._replay(inputs, training)
        for loss in losses:
            self.add_loss(loss)
        return outputs

    def train_step(self, *args: Any, **kwargs: Any) -> Any:
        """One step of `fit`; counts `global_step` up where the function asked for it."""
        logs = super().train_step(*args, **kwargs)
        self.count_step()
        return logs

    def count_step(self) -> None:
        """Counts `global_step` up by 1, if the function asked for it."""
        step = self._scoped_graph.variables.get("global_step")
        if step is not None:
            step.assign_add(1)

    def _run(self, inputs: Any, training: Any) -> Any:
        """One pass through the function; `training` reaches the layers through Keras' context."""
        del training  # an argument so that each value of it has a trace of its own
        self._scoped_graph.start_pass()
        losses: list[Any] = []
        self._scoped_graph.activity_losses = losses
        with self._scoped_graph.active():
            return self._function(inputs), losses


def _with_inputs_first(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], inputs: Any
) -> Any:
    return function(inputs, *args, **kwargs)


def _tensor(value: Any) -> Any:
    """Arrays of floats come in Keras' float type, as from `fit`; tensors stay as they are."""
    if keras.ops.is_tensor(value) or keras.backend.is_keras_tensor(value):
        return value
    tensor = keras.ops.convert_to_tensor(value)
    is_float = keras.backend.is_float_dtype(tensor.dtype)
    return keras.ops.cast(tensor, keras.config.floatx()) if is_float else tensor


def _spec(tensor: Any) -> tf.TensorSpec:
    """The kind of tensor to trace with."""
    return tf.TensorSpec(tensor.shape, keras.backend.standardize_dtype(tensor.dtype))
