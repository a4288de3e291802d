# mypy: allow-subclassing-any
"""Batch normalization."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf

from slimport.written.backends import on_tensorflow
from slimport.written.building import finished, keras_data_format, scoped_layer
from slimport.written.defaults import takes_layer_defaults
from slimport.written.graphs import current_layer_graph, in_tf_graph
from slimport.written.saved_layers import ScopedLayer
from slimport.written.scopes import variable_scope

__all__ = ["BatchNormalization", "batch_norm"]

_UPDATE_OPS = "update_ops"


@takes_layer_defaults
def batch_norm(
    inputs: Any,
    momentum: float = 0.999,
    center: bool = True,
    scale: bool = False,
    epsilon: float = 0.001,
    activation: Any = None,
    param_initializers: dict[str, Any] | None = None,
    param_regularizers: dict[str, Any] | None = None,
    updates_collections: Any = _UPDATE_OPS,
    is_training: Any = True,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    batch_weights: None = None,
    fused: bool | None = None,
    data_format: str = "NHWC",
    zero_debias_moving_mean: bool = False,
    name: Any = None,
    renorm: bool = False,
    renorm_clipping: None = None,
    renorm_decay: float = 0.99,
    adjustment: None = None,
) -> Any:
    """Normalizes each channel over the batch and the spatial dimensions.

    Args:
        inputs: A tensor of rank 2 or more.
        momentum: Decay of the moving averages.
        center: Whether to add `beta`.
        scale: Whether to multiply by `gamma`.
        epsilon: Added to the variance.
        param_initializers: Initializers of `beta`, `gamma`, `moving_mean`, `moving_variance`.
        param_regularizers: Regularizers of `beta` and `gamma`.
        updates_collections: In a TF 1 graph, the collection for the updates of the moving
            averages; `None` to update in place. Elsewhere they are updated in place.
        is_training: True to follow Keras (`fit` trains, `predict` infers; in a TF 1 graph:
            training), "always" for the statistics of the batch in inference, too, False for the
            moving averages always, or a boolean tensor.
        fused: False for the plain formula, which averages the biased variance.
        data_format: `"NHWC"`: the last dimension holds the channels; `"NCHW"`: the second.

    `batch_weights`, `zero_debias_moving_mean`, `renorm` and `adjustment` are not supported.

    Returns:
        A tensor of the shape and dtype of `inputs`.

    Raises:
        ValueError: If something is asked for that is not supported.
    """
    if renorm or zero_debias_moving_mean or batch_weights is not None or adjustment is not None:
        raise ValueError(
            "batch_norm supports none of renorm, zero_debias_moving_mean, batch_weights, adjustment"
        )
    initializers, regularizers = param_initializers or {}, param_regularizers or {}
    with variable_scope(name, "BatchNorm", [inputs], reuse=reuse) as scope:
        layer = scoped_layer(
            BatchNormalization,
            scope,
            inputs,
            variables_collections,
            axis=1 if keras_data_format(data_format) == "channels_first" else -1,
            momentum=momentum,
            epsilon=epsilon,
            center=center,
            scale=scale,
            beta_initializer=initializers.get("beta", "zeros"),
            gamma_initializer=initializers.get("gamma", "ones"),
            moving_mean_initializer=initializers.get("moving_mean", "zeros"),
            moving_variance_initializer=initializers.get("moving_variance", "ones"),
            beta_regularizer=regularizers.get("beta"),
            gamma_regularizer=regularizers.get("gamma"),
            trainable=trainable,
            fused=fused is not False,
            updates_collections=updates_collections,
            dtype=statistics_dtype(inputs),
        )
        outputs = layer(inputs, is_training=training_choice(is_training))
        return finished(outputs, scope, activation, outputs_collections=outputs_collections)


def training_choice(is_training: Any) -> Any:
    """Returns `None` to follow Keras, or what decides in its stead: a boolean or a tensor.

    It is no `training` argument: Keras lets that of a whole model override the layer's, and
    hands a layer's on to the layers called after it.
    """
    if keras.ops.is_tensor(is_training) or keras.backend.is_keras_tensor(is_training):
        return is_training
    if hasattr(is_training, "assign"):  # a variable, of Keras or TensorFlow
        return keras.ops.convert_to_tensor(is_training)
    if not is_training:
        return False
    if isinstance(is_training, str):
        if is_training != "always":
            raise ValueError(f'is_training is a boolean, a tensor or "always", not {is_training!r}')
        return True
    return None if current_layer_graph().tf_graph is None else True


@keras.saving.register_keras_serializable("scoped_layers")
class BatchNormalization(ScopedLayer, keras.layers.BatchNormalization):
    """Batch normalization with the fused kernel of TensorFlow.

    It differs from Keras' own layer where TF-Slim did: for inputs of rank 2 and 4 the moving
    variance averages the unbiased variance of the batch (times n / (n - 1)), and a layer that is
    not trainable still normalizes with the statistics of the batch while training.
    """

    center: bool

    def __init__(
        self, fused: bool = True, updates_collections: Any = _UPDATE_OPS, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.fused = fused
        self.updates_collections = updates_collections

    def build(self, input_shape: Any) -> None:
        """Creates the variables in the order in which TF-Slim's three ways made them.

        Two of them did not take TensorFlow's layer (`tf_slim/layers/layers.py`, `batch_norm`): with
        the fused kernel an own regularizer stood in the place of the scope's, the other, for
        updates in a collection that is not the usual one, knew the scope's alone.
        """
        center, rank = self.center, len(input_shape)
        rows = self.fused and rank == 2
        by_slim = rows or self.updates_collections != _UPDATE_OPS
        self.one_regularizer = by_slim
        if by_slim and not (self.fused and rank in (2, 4)):
            self.beta_regularizer = self.gamma_regularizer = None
        if center and by_slim:
            self.beta = self.add_weight(
                shape=(input_shape[self.axis],),
                name="beta",
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                autocast=False,
            )
            self.center = False
        super().build(input_shape)
        self.center = center

    def call(
        self, inputs: Any, training: Any = None, mask: Any = None, is_training: Any = None
    ) -> Any:
        """Normalizes `inputs`; `is_training`, a boolean or a tensor, overrides `training`.

        A layer that uses the statistics of the batch in inference, too (`is_training=True`), keeps
        its moving averages there: TF-Slim updated them where its training step ran.
        """
        infers = is_training is True and not training and not in_tf_graph()
        held = infers and self.updates_collections is not None
        training = training if is_training is None else is_training
        rank = len(inputs.shape)
        double = keras.backend.standardize_dtype(inputs.dtype) == "float64"
        fused = self.fused and rank in (2, 4) and not double
        if self.axis in (1, 1 - rank) and rank > 2:  # the fused kernel wants channels last
            order = [0, *range(2, rank), 1]
            outputs = self._normalize(keras.ops.transpose(inputs, order), training, fused, held)
            return keras.ops.transpose(outputs, [0, rank - 1, *range(1, rank - 1)])
        return self._normalize(inputs, training, fused, held)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the layer."""
        own = {"fused": self.fused, "updates_collections": self.updates_collections}
        return {**super().get_config(), **own}

    def _normalize(self, inputs: Any, training: Any, fused: bool, held: bool) -> Any:
        """Normalizes inputs with the channels last; updates the averages that are not held."""
        normalize = self._fused if fused else self._plain
        if not keras.ops.is_tensor(training):
            outputs, mean, variance = normalize(inputs, bool(training))
            return self._update(outputs, mean, variance) if training and not held else outputs
        outputs, mean, variance = keras.ops.cond(
            keras.ops.cast(training, "bool"),
            lambda: normalize(inputs, True),
            lambda: normalize(inputs, False),
        )
        return self._update(outputs, mean, variance)

    def _fused(self, inputs: Any, training: bool) -> tuple[Any, Any, Any]:
        """Returns the outputs and the mean and unbiased variance that entered them."""
        channels, rows = inputs.shape[-1], len(inputs.shape) == 2
        averages = (self.moving_mean.value, self.moving_variance.value)
        outputs, mean, variance = (_kernel if on_tensorflow() else _kernel_by_formula)(
            keras.ops.reshape(inputs, [-1, 1, 1, channels]) if rows else inputs,
            keras.ops.ones([channels], "float32") if self.gamma is None else self.gamma,
            keras.ops.zeros([channels], "float32") if self.beta is None else self.beta,
            mean=None if training else averages[0],
            variance=None if training else averages[1],
            epsilon=self.epsilon,
            is_training=training,
        )
        if not training:
            mean, variance = averages
        outputs = keras.ops.reshape(outputs, keras.ops.shape(inputs)) if rows else outputs
        return outputs, mean, variance

    def _plain(self, inputs: Any, training: bool) -> tuple[Any, Any, Any]:
        """Returns the outputs and the mean and biased variance that entered them."""
        mean, variance = self.moving_mean.value, self.moving_variance.value
        if training:
            axes = list(range(len(inputs.shape) - 1))
            moved = moments(keras.ops.cast(inputs, mean.dtype), axes)
            mean, variance = (keras.ops.squeeze(moment, axes) for moment in moved)
        parameters = (mean, variance, self.beta, self.gamma)
        cast = [None if p is None else keras.ops.cast(p, inputs.dtype) for p in parameters]
        return normalized(self.epsilon, inputs, *cast), mean, variance

    def _update(self, outputs: Any, mean: Any, variance: Any) -> Any:
        """Moves the averages towards the statistics of the batch.

        A layer that is not trainable keeps them, except where TF-Slim had its own kernel call: for
        inputs of rank 2, and for updates that are not in the usual collection.
        """
        usual = self.updates_collections == _UPDATE_OPS and not (
            self.fused and len(outputs.shape) == 2
        )
        if usual and not self.trainable:
            return outputs
        pairs = ((self.moving_mean, mean), (self.moving_variance, variance))
        if not (on_tensorflow() and hasattr(self.moving_mean.value, "assign_sub")):
            for average, batch in pairs:  # in `stateless_call` the scope takes the new value
                average.assign(average - (average - batch) * (1.0 - self.momentum))
            return outputs
        updates = [
            average.value.assign_sub((average.value - batch) * (1.0 - self.momentum))
            for average, batch in pairs
        ]
        if not in_tf_graph():
            return outputs
        if self.updates_collections is None:
            with tf.control_dependencies(updates):
                return tf.identity(outputs)
        for update in updates:
            tf.compat.v1.add_to_collections(self.updates_collections, update)
        return outputs


def statistics_dtype(inputs: Any) -> Any:
    """Statistics stay in float32 where the inputs have half precision."""
    dtype = keras.backend.standardize_dtype(inputs.dtype)
    halves = {"float16": "mixed_float16", "bfloat16": "mixed_bfloat16"}
    return halves.get(dtype, "float64" if dtype == "float64" else None)


def moments(x: Any, axes: list[int]) -> tuple[Any, Any]:
    """Returns the mean and the biased variance, with the dimensions kept, as `tf.nn.moments`."""
    y = keras.ops.cast(x, "float32") if keras.backend.standardize_dtype(x.dtype) == "float16" else x
    mean = mean_kept(y, axes)
    distance = keras.ops.square(y - keras.ops.stop_gradient(mean))
    # On JAX and torch Keras calls what it computes of KerasTensors of float64 float32.
    distance = keras.ops.cast(distance, y.dtype)
    variance = mean_kept(distance, axes)
    return keras.ops.cast(mean, x.dtype), keras.ops.cast(variance, x.dtype)


def mean_kept(x: Any, axes: list[int]) -> Any:
    """Returns the mean with the dimensions kept, of float64 in float64.

    `keras.ops.mean` takes that in float32 on other backends than TensorFlow (Keras 3.15).
    """
    if on_tensorflow() or keras.backend.standardize_dtype(x.dtype) != "float64":
        return keras.ops.mean(x, axes, keepdims=True)
    total = keras.ops.sum(x, axes, keepdims=True)
    sizes = keras.ops.shape(x)
    return total / keras.ops.cast(math.prod(sizes[axis] for axis in axes), "float64")


def normalized(epsilon: float, x: Any, mean: Any, variance: Any, beta: Any, gamma: Any) -> Any:
    """Rounds as `tf.nn.batch_normalization`; `beta` and `gamma` may be `None`."""
    factor = keras.ops.rsqrt(variance + epsilon)
    factor = factor if gamma is None else factor * gamma
    shift = -mean * factor if beta is None else beta - mean * factor
    return x * keras.ops.cast(factor, x.dtype) + keras.ops.cast(shift, x.dtype)


def _kernel(images: Any, gamma: Any, beta: Any, **settings: Any) -> Any:
    return tf.compat.v1.nn.fused_batch_norm(images, gamma, beta, **settings)


def _kernel_by_formula(
    images: Any, gamma: Any, beta: Any, mean: Any, variance: Any, epsilon: float, is_training: bool
) -> tuple[Any, Any, Any]:
    """What TensorFlow's fused kernel computes, for Keras' other backends."""
    x = keras.ops.cast(images, "float32")
    unbiased = variance
    if is_training:
        mean, variance = (keras.ops.squeeze(moment, [0, 1, 2]) for moment in moments(x, [0, 1, 2]))
        count = keras.ops.cast(keras.ops.prod(keras.ops.shape(x)[:3]), "float32")
        unbiased = variance * (count / keras.ops.maximum(count - 1.0, 1.0))
    outputs = (x - mean) * (keras.ops.rsqrt(variance + epsilon) * gamma) + beta
    return keras.ops.cast(outputs, images.dtype), mean, unbiased
