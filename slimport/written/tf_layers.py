# mypy: allow-subclassing-any
"""TensorFlow 1's own layers: what those of `tf.layers` share, and the dense one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, ClassVar

import keras
import tensorflow as tf

from slimport.written.building import channels_last, in_data_format, plain_layer, scoped_layer
from slimport.written.graphs import current_layer_graph
from slimport.written.saved_layers import ScopedLayer
from slimport.written.scopes import variable_scope

__all__ = ["TfActivityLoss", "TfDense", "tf_dense"]


class TfLayer(ScopedLayer):
    """A layer of `tf.layers`: its variables have Keras' names and are no model variables."""

    legacy_names: ClassVar[dict[str, str]] = {}
    has_model_variables = False


def tf_dense(
    inputs: Any,
    units: int,
    activation: Any = None,
    use_bias: bool = True,
    kernel_initializer: Any = None,
    bias_initializer: Any = "zeros",
    kernel_regularizer: Any = None,
    bias_regularizer: Any = None,
    activity_regularizer: Any = None,
    kernel_constraint: Any = None,
    bias_constraint: Any = None,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
) -> Any:
    """Multiplies the last dimension by a matrix, adds a bias, activates.

    The functions named `tf_...` are those of TensorFlow 1's `tf.layers`: same arguments, same
    names of variables (`dense/kernel`, `dense_1/kernel`, ...). `layer_defaults` does not reach
    them, and a `kernel_initializer` of `None` is that of the variable scope, or Glorot uniform.

    Args:
        inputs: A tensor of rank 2 or more, `[batch, ..., features]`.
        units: Size of the new last dimension.
        activity_regularizer: A function of the outputs; its value over the size of the batch is
            added to the losses.
    """
    return apply_weighted(
        inputs,
        TfDense,
        "dense",
        activation=activation,
        activity_regularizer=activity_regularizer,
        name=name,
        reuse=reuse,
        units=int(units),
        use_bias=use_bias,
        kernel_initializer=kernel_initializer,
        bias_initializer=bias_initializer,
        kernel_regularizer=kernel_regularizer,
        bias_regularizer=bias_regularizer,
        kernel_constraint=kernel_constraint,
        bias_constraint=bias_constraint,
        trainable=trainable,
    )


@keras.saving.register_keras_serializable("scoped_layers")
class TfDense(TfLayer, keras.layers.Dense):
    """A dense layer of `tf.layers`."""


@keras.saving.register_keras_serializable("scoped_layers")
class TfActivityLoss(keras.layers.Layer):
    """Adds to the losses what a regularizer makes of the inputs, over the size of the batch."""

    def __init__(self, regularizer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.regularizer = keras.regularizers.get(regularizer)

    def call(self, inputs: Any) -> Any:
        """Returns the inputs."""
        self.add_loss(activity_loss(self.regularizer, inputs))
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the layer."""
        regularizer = keras.regularizers.serialize(self.regularizer)
        return {**super().get_config(), "regularizer": regularizer}


def apply_weighted(
    inputs: Any,
    layer_class: Any,
    default_name: str,
    *,
    activation: Any,
    activity_regularizer: Any,
    name: Any,
    reuse: Any,
    data_format: str = "channels_last",
    **settings: Any,
) -> Any:
    """Builds or finds a layer of `tf.layers` with variables, and applies it."""
    with tf_layer_scope(name, default_name, reuse) as scope:
        images = channels_last(inputs, data_format)
        layer = constrained_layer(layer_class, scope, images, **settings)
        outputs = in_data_format(layer(images), data_format)
        if activation is not None:
            outputs = _tf_activation(activation)(outputs)
        if activity_regularizer is not None:
            outputs = _with_activity_loss(activity_regularizer, outputs, scope.name)
        return outputs


def tf_layer_scope(name: Any, default_name: str, reuse: Any = None) -> Any:
    """Opens the scope of a layer of `tf.layers`.

    Without a name it is a default name, made unique; but `reuse` finds the first of that name.
    """
    return variable_scope(name or (default_name if reuse else None), default_name, reuse=reuse)


def constrained_layer(layer_class: Any, scope: Any, inputs: Any, **settings: Any) -> Any:
    """Returns the layer of a scope, with the scope's initializer where it is given none."""
    for key, value in settings.items():
        if key.endswith("_initializer") and value is None:
            settings[key] = scope.initializer or "glorot_uniform"
    with _constraints_in_tf_graph(settings):
        return scoped_layer(layer_class, scope, inputs, **settings)


@contextlib.contextmanager
def _constraints_in_tf_graph(settings: dict[str, Any]) -> Iterator[None]:
    """Puts constraints on a TF 1 graph's variables too, where that graph's optimizers look."""
    constraints = {
        key.removesuffix("_constraint"): keras.constraints.get(value)
        for key, value in settings.items()
        if key.endswith("_constraint") and value is not None
    }
    if not constraints or current_layer_graph().tf_graph is None:
        yield
        return

    def creator(next_creator: Any, **arguments: Any) -> Any:
        name = arguments["name"]
        short_name = name if name in constraints else name.removesuffix("_kernel")
        return next_creator(**{**arguments, "constraint": constraints.get(short_name)})

    with tf.variable_creator_scope(creator):
        yield


def _tf_activation(activation: Any) -> Any:
    """Keras 3 has another function under the name of TensorFlow 1's `hard_sigmoid`."""
    if activation == "hard_sigmoid":
        return lambda x: keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)
    return keras.activations.get(activation)


def activity_loss(regularizer: Any, outputs: Any) -> Any:
    """Returns what a regularizer makes of outputs, over the size of the batch."""
    loss = regularizer(outputs)
    return loss / keras.ops.cast(keras.ops.shape(outputs)[0], loss.dtype)


def _with_activity_loss(regularizer: Any, outputs: Any, path: str) -> Any:
    """Adds a loss that depends on outputs to the losses of the network, wherever it runs."""
    graph = current_layer_graph()
    if keras.backend.is_keras_tensor(outputs):
        return plain_layer(TfActivityLoss, f"{path}/activity", outputs, regularizer=regularizer)(
            outputs
        )
    loss = activity_loss(keras.regularizers.get(regularizer), outputs)
    if graph.tf_graph is not None:
        tf.compat.v1.add_to_collection(tf.compat.v1.GraphKeys.REGULARIZATION_LOSSES, loss)
    elif graph.activity_losses is not None:
        graph.activity_losses.append(loss)
    return outputs
