# mypy: allow-subclassing-any
"""Layer, instance and group normalization."""

from __future__ import annotations

from typing import Any

import keras

from slimport.written.building import finished, keras_data_format, scoped_layer
from slimport.written.defaults import takes_layer_defaults
from slimport.written.normalization import mean_kept, moments, normalized
from slimport.written.saved_layers import ScopedLayer
from slimport.written.scopes import variable_scope

__all__ = ["MomentNormalization", "group_norm", "instance_norm", "layer_norm"]


@takes_layer_defaults
def layer_norm(
    inputs: Any,
    center: bool = True,
    scale: bool = True,
    activation: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    begin_norm_axis: int = 1,
    begin_params_axis: int = -1,
    name: Any = None,
) -> Any:
    """Normalizes each example over its trailing dimensions.

    Args:
        inputs: A tensor of known rank.
        center: Whether to add `beta`.
        scale: Whether to multiply by `gamma`.
        begin_norm_axis: First dimension to take moments over.
        begin_params_axis: First dimension of `beta` and `gamma`.

    Raises:
        ValueError: If an axis is out of bounds.
    """
    rank = len(inputs.shape)
    if begin_norm_axis >= rank or begin_params_axis >= rank:
        raise ValueError(
            f"begin_params_axis ({begin_params_axis}) and begin_norm_axis ({begin_norm_axis}) "
            f"must be < rank(inputs) ({rank})"
        )
    with variable_scope(name, "LayerNorm", [inputs], reuse=reuse) as scope:
        layer = scoped_layer(
            MomentNormalization,
            scope,
            inputs,
            variables_collections,
            axes=list(range(begin_norm_axis % rank, rank)),
            parameter_axes=list(range(begin_params_axis % rank, rank)),
            center=center,
            scale=scale,
            epsilon=1e-3 if keras.backend.standardize_dtype(inputs.dtype) == "float16" else 1e-12,
            trainable=trainable,
        )
        return finished(layer(inputs), scope, activation, outputs_collections=outputs_collections)


@takes_layer_defaults
def instance_norm(
    inputs: Any,
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation: Any = None,
    param_initializers: dict[str, Any] | None = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    name: Any = None,
) -> Any:
    """Normalizes each channel of each example; for the arguments see `batch_norm`."""
    rank, initializers = len(inputs.shape), param_initializers or {}
    channels_axis = 1 if keras_data_format(data_format) == "channels_first" else rank - 1
    with variable_scope(name, "InstanceNorm", [inputs], reuse=reuse) as scope:
        layer = scoped_layer(
            MomentNormalization,
            scope,
            inputs,
            variables_collections,
            axes=[axis for axis in range(1, rank) if axis != channels_axis],
            parameter_axes=[channels_axis],
            center=center,
            scale=scale,
            epsilon=epsilon,
            beta_initializer=initializers.get("beta", "zeros"),
            gamma_initializer=initializers.get("gamma", "ones"),
            trainable=trainable,
        )
        return finished(layer(inputs), scope, activation, outputs_collections=outputs_collections)


@takes_layer_defaults
def group_norm(
    inputs: Any,
    groups: int = 32,
    channels_axis: int = -1,
    reduction_axes: Any = (-3, -2),
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation: Any = None,
    param_initializers: dict[str, Any] | None = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    name: Any = None,
    mean_close_to_zero: bool = False,
) -> Any:
    """Normalizes groups of channels of each example.

    Args:
        inputs: A tensor of known rank.
        groups: Number of groups that the channels are divided into.
        channels_axis: The dimension of the channels.
        reduction_axes: The other dimensions to take moments over.
        center: Whether to add `beta`.
        scale: Whether to multiply by `gamma`.
        epsilon: Added to the variance.
        param_initializers: Initializers of `beta` and `gamma`.
        mean_close_to_zero: Whether to take the variance in one pass, as `E[x ** 2] - E[x] ** 2`.

    Raises:
        ValueError: If the groups do not divide the channels, or the axes overlap.
    """
    rank, initializers = len(inputs.shape), param_initializers or {}
    axis, reduced = channels_axis % rank, [a % rank for a in reduction_axes]
    if axis in reduced:
        raise ValueError("reduction_axis must be mutually exclusive with channels_axis")
    if groups > inputs.shape[axis] or inputs.shape[axis] % groups:
        raise ValueError(f"Invalid groups {groups} for {inputs.shape[axis]} channels.")
    with variable_scope(name, "GroupNorm", [inputs], reuse=reuse) as scope:
        layer = scoped_layer(
            MomentNormalization,
            scope,
            inputs,
            variables_collections,
            axes=reduced,
            parameter_axes=[axis],
            groups=groups,
            one_pass=mean_close_to_zero,
            center=center,
            scale=scale,
            epsilon=epsilon,
            beta_initializer=initializers.get("beta", "zeros"),
            gamma_initializer=initializers.get("gamma", "ones"),
            trainable=trainable,
        )
        return finished(layer(inputs), scope, activation, outputs_collections=outputs_collections)


@keras.saving.register_keras_serializable("scoped_layers")
class MomentNormalization(ScopedLayer):
    """Subtracts the mean and divides by the standard deviation of each example.

    Args:
        axes: The dimensions that the moments are taken over.
        parameter_axes: The dimensions that `beta` and `gamma` have.
        groups: With a number, the one parameter axis is divided into groups, and the moments are
            taken over the channels of each group as well.
        one_pass: Whether to take the variance as `E[x ** 2] - E[x] ** 2`.
        center: Whether there is a `beta`.
        scale: Whether there is a `gamma`.
        epsilon: Added to the variance.
        beta_initializer: Initializer of `beta`.
        gamma_initializer: Initializer of `gamma`.
    """

    def __init__(
        self,
        axes: Any,
        parameter_axes: Any,
        groups: int | None = None,
        one_pass: bool = False,
        center: bool = True,
        scale: bool = True,
        epsilon: float = 1e-6,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axes, self.parameter_axes = list(axes), list(parameter_axes)
        self.groups, self.one_pass = groups, one_pass
        self.center, self.scale, self.epsilon = center, scale, epsilon
        self.beta_initializer = keras.initializers.get(beta_initializer)
        self.gamma_initializer = keras.initializers.get(gamma_initializer)
        self.beta: Any = None
        self.gamma: Any = None

    def build(self, input_shape: Any) -> None:
        """Creates `beta` and `gamma`."""
        shape = [input_shape[axis] for axis in self.parameter_axes]
        if self.center:
            self.beta = self.add_weight(shape=shape, initializer=self.beta_initializer, name="beta")
        if self.scale:
            self.gamma = self.add_weight(
                shape=shape, initializer=self.gamma_initializer, name="gamma"
            )

    def call(self, inputs: Any) -> Any:
        """Normalizes `inputs`."""
        known, shape = list(inputs.shape), keras.ops.shape(inputs)
        broadcast = [size if a in self.parameter_axes else 1 for a, size in enumerate(known)]
        axes, grouped = self.axes, shape
        if self.groups is not None:
            (axis,) = self.parameter_axes
            split = [self.groups, known[axis] // self.groups]
            grouped = [*shape[:axis], *split, *shape[axis + 1 :]]
            broadcast = [*broadcast[:axis], *split, *broadcast[axis + 1 :]]
            axes = [axis + 1, *(a + 1 if a > axis else a for a in self.axes)]
        x = keras.ops.reshape(inputs, grouped)
        beta, gamma = (
            None if weight is None else keras.ops.reshape(weight, broadcast)
            for weight in (self.beta, self.gamma)
        )
        outputs = normalized(self.epsilon, x, *self._moments(x, axes), beta, gamma)
        return keras.ops.reshape(outputs, shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the layer."""
        return {
            **super().get_config(),
            "axes": self.axes,
            "parameter_axes": self.parameter_axes,
            "groups": self.groups,
            "one_pass": self.one_pass,
            "center": self.center,
            "scale": self.scale,
            "epsilon": self.epsilon,
            "beta_initializer": keras.initializers.serialize(self.beta_initializer),
            "gamma_initializer": keras.initializers.serialize(self.gamma_initializer),
        }

    def _moments(self, x: Any, axes: list[int]) -> tuple[Any, Any]:
        if not self.one_pass:
            return moments(x, axes)
        mean, squares = mean_kept(x, axes), mean_kept(keras.ops.square(x), axes)
        return mean, squares - keras.ops.square(mean)
