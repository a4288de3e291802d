# mypy: allow-subclassing-any
"""Models: made from functions that build scoped layers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from slimport.written.defaults import current_layer_defaults, layer_defaults
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
    path. Calls trace it again where a new shape asks for it, and find the layers by their paths;
    `layer_defaults` that were in force when the model was built are so then, too, and no others.

    ```python
    model = TracedModel(inception_v2, num_classes=1001)
    logits, end_points = model(images)
    ```

    Weights are saved with `save_weights`, a graph for serving with `export`; whole .keras files are
    for `SavableTracedModel`.

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
        self.__dict__["_built_under"] = ({},)
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
            self._input_specs = specs = tf.TensorSpec(input_shape, tf.float32)
        self.__dict__["_built_under"] = (current_layer_defaults(),)  # Keras would wrap the dict
        self._replay = tf.function(self._run, autograph=False)
        # A `tf.function` in which variables come up would be traced twice.
        tf.compat.v1.wrap_function(lambda inputs: self._run(inputs, None), [specs])
        self._scoped_graph.frozen = True
        kept = self._scoped_graph.layers.values()
        self._scoped_layers = [layer for layers in kept for layer, _ in layers]
        # Files of weights have the layers by their names, in whatever order a trace meets them:
        # Keras looks into `by_name`, which it does not track, before it counts through `layers`.
        self.__dict__["by_name"] = by_name = keras.layers.Layer(name="by_name")
        by_name.__dict__.update({layer.name: layer for layer in self._scoped_layers})

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Runs the function on `inputs`."""
        scope = _stateless_scope()
        replay = self._replay if scope is None else functools.partial(self._stateless, scope)
        outputs, losses = replay(inputs, training)
        for loss in losses:
            self.add_loss(loss)
        return outputs

    def stateless_call(
        self,
        trainable_variables: Any,
        non_trainable_variables: Any,
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Calls the model with given values; Keras' own does not tell the layers of `training`."""
        pairs = [
            *zip(self.trainable_variables, trainable_variables, strict=True),
            *zip(self.non_trainable_variables, non_trainable_variables, strict=True),
        ]
        with keras.StatelessScope(pairs, collect_losses=return_losses) as scope:
            outputs = self(*args, **kwargs)
            losses = self.losses if return_losses else []
        moved = [scope.get_current_value(v) for v in self.non_trainable_variables]
        return (outputs, moved, losses) if return_losses else (outputs, moved)

    def train_step(self, *args: Any, **kwargs: Any) -> Any:
        """One step of `fit`; counts `global_step` up where the function asked for it."""
        logs = super().train_step(*args, **kwargs)
        self.count_step()
        return logs

    def get_config(self) -> dict[str, Any]:
        """Raises NotImplementedError: what a .keras file holds is known to `SavableTracedModel`."""
        way = "" if type(self) is not TracedModel else ", or make it a SavableTracedModel"
        raise NotImplementedError(
            f"{type(self).__name__} does not fit into a .keras file. Save its weights alone, by "
            f"save_weights{way}."
        )

    def export(self, filepath: Any, *args: Any, input_signature: Any = None, **kwargs: Any) -> None:
        """Exports the model for serving, with inputs of the dtype that it was built with."""
        if input_signature is None and self.built:
            input_signature = [keras.tree.map_structure(_for_any_batch, self._input_specs)]
        super().export(filepath, *args, input_signature=input_signature, **kwargs)

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
        with self._scoped_graph.active(), layer_defaults(self._built_under[0]):
            return self._function(inputs), losses

    def _stateless(self, scope: keras.StatelessScope, inputs: Any, training: Any) -> Any:
        """One pass with the values that a scope gives to variables, and the scope told of new ones.

        It has a trace of its own: one that is kept would have the values of another time for ever.
        """
        variables = self.variables
        given = [(v, scope.get_current_value(v)) for v in variables]

        def run(inputs: Any) -> Any:
            with keras.StatelessScope([pair for pair in given if pair[1] is not None]) as inner:
                before = [inner.get_current_value(variable) for variable in variables]
                found = self._run(inputs, training)
                after = [inner.get_current_value(variable) for variable in variables]
            return found, [y if y is not x else None for x, y in zip(before, after, strict=True)]

        found, changed = tf.function(run, autograph=False)(inputs)
        for variable, value in zip(variables, changed, strict=True):
            if value is not None:
                variable.assign(value)  # the scope takes it
        return found


def _stateless_scope() -> keras.StatelessScope | None:
    """The scope that gives values to variables here (`stateless_call`); an inner one knows it."""
    with keras.StatelessScope(initialize_variables=False) as inner:
        return inner.original_scope


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


def _for_any_batch(spec: tf.TensorSpec) -> tf.TensorSpec:
    return tf.TensorSpec([None, *spec.shape[1:]], spec.dtype) if spec.shape.rank else spec


def _spec(tensor: Any) -> tf.TensorSpec:
    """The kind of tensor to trace with."""
    return tf.TensorSpec(tensor.shape, keras.backend.standardize_dtype(tensor.dtype))
