# mypy: allow-subclassing-any
"""Generalized divisive normalization, of learned image compression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from slimport.written.tf_layers import TfLayer, apply_weighted

__all__ = ["DivisiveNormalization", "gdn"]


def gdn(
    inputs: Any,
    inverse: bool = False,
    beta_min: float = 1e-6,
    gamma_init: float = 0.1,
    reparam_offset: float = 2**-18,
    data_format: str = "channels_last",
    activity_regularizer: Any = None,
    trainable: bool = True,
    name: Any = None,
    reuse: Any = None,
) -> Any:
    """Divides each channel `i` by `sqrt(beta[i] + sum_j gamma[j, i] * x[j]**2)`.

    A layer in the manner of `tf.layers`: `layer_defaults` does not reach it.

    Args:
        inputs: A tensor of rank 3, 4 or 5.
        inverse: Whether to multiply instead.
        beta_min: The least value of `beta`.
        gamma_init: Where `gamma` starts, times the identity matrix.
        reparam_offset: Is added where the variables are, for gradients near zero.
        data_format: `"channels_last"` or `"channels_first"`.
        activity_regularizer: A function of the outputs; its value over the size of the batch is
            added to the losses.
        name: Scope of the layer; `None` for `gdn`, `gdn_1`, ...

    Raises:
        ValueError: If the rank or the data format is another.
    """
    if not 3 <= len(inputs.shape) <= 5:
        raise ValueError(f"gdn takes a tensor of rank 3, 4 or 5, not {len(inputs.shape)}")
    return apply_weighted(
        inputs,
        DivisiveNormalization,
        "gdn",
        activation=None,
        activity_regularizer=activity_regularizer,
        name=name,
        reuse=reuse,
        data_format=data_format,
        inverse=inverse,
        beta_min=beta_min,
        gamma_init=gamma_init,
        reparam_offset=reparam_offset,
        trainable=trainable,
    )


@keras.saving.register_keras_serializable("scoped_layers")
class DivisiveNormalization(TfLayer):
    """Divides by what a 1x1 convolution makes of the squares; channels last.

    The variables are the square roots of `beta` and `gamma`, both plus `reparam_offset ** 2`.
    """

    def __init__(
        self,
        inverse: bool = False,
        beta_min: float = 1e-6,
        gamma_init: float = 0.1,
        reparam_offset: float = 2**-18,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.inverse, self.beta_min = inverse, beta_min
        self.gamma_init, self.reparam_offset = gamma_init, reparam_offset

    def build(self, input_shape: Any) -> None:
        """Creates the variables."""
        channels, pedestal = input_shape[-1], self.reparam_offset**2

        def initial_beta(shape: Any, dtype: Any = None) -> Any:
            return keras.ops.sqrt(keras.ops.ones(shape, dtype) + pedestal)

        def initial_gamma(shape: Any, dtype: Any = None) -> Any:
            return keras.ops.sqrt(self.gamma_init * keras.ops.eye(shape[0], dtype=dtype) + pedestal)

        self.beta = self.add_weight(
            shape=(channels,), initializer=initial_beta, name="reparam_beta"
        )
        self.gamma = self.add_weight(
            shape=(channels, channels), initializer=initial_gamma, name="reparam_gamma"
        )

    def call(self, inputs: Any) -> Any:
        """Returns the normalized inputs."""
        pedestal = self.reparam_offset**2
        beta = _at_least(self.beta, (self.beta_min + pedestal) ** 0.5)
        gamma = _at_least(self.gamma, self.reparam_offset)
        kernel = keras.ops.square(gamma) - pedestal
        kernel = keras.ops.reshape(kernel, [1] * (len(inputs.shape) - 2) + list(kernel.shape))
        pool = keras.ops.conv(
            keras.ops.square(inputs), kernel, padding="valid", data_format="channels_last"
        )
        norm = keras.ops.sqrt(pool + (keras.ops.square(beta) - pedestal))
        return inputs * norm if self.inverse else inputs / norm

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the layer."""
        own = ("inverse", "beta_min", "gamma_init", "reparam_offset")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


def _at_least(variable: Any, bound: float) -> Any:
    """The maximum; its gradient passes where the value is not below, or would rise."""

    def maximum(values: Any) -> tuple[Any, Callable[..., Any]]:
        def gradient(*args: Any, upstream: Any = None) -> Any:
            upstream = args[0] if upstream is None else upstream
            passes = keras.ops.logical_or(values >= bound, upstream < 0)
            return keras.ops.cast(passes, upstream.dtype) * upstream

        return keras.ops.maximum(values, bound), gradient

    # A copy: TensorFlow would ask a variable's gradient function for more.
    return keras.ops.custom_gradient(maximum)(keras.ops.copy(variable))
