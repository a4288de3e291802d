# mypy: allow-subclassing-any
"""Pooling of any kind."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from slimport.written.building import plain_layer
from slimport.written.collections import collect_named_outputs
from slimport.written.defaults import takes_layer_defaults
from slimport.written.scopes import name_scope

__all__ = ["Pooling", "pool"]


@takes_layer_defaults
def pool(
    inputs: Any,
    pool_size: Any,
    pooling_type: str,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
    strides: Any = 1,
    outputs_collections: Any = None,
    name: Any = None,
) -> Any:
    """Pools along one to three dimensions, as the rank of `inputs` says.

    Args:
        inputs: A tensor `[batch, spatial dimensions ..., channels]`, or channels first.
        pool_size: One integer, or one for each spatial dimension.
        pooling_type: `"AVG"` or `"MAX"`.
        dilation_rate: One integer, or one for each spatial dimension.
        strides: Likewise; above 1 only where `dilation_rate` is 1.

    Raises:
        ValueError: If the rank of `inputs` is below 3.
    """
    if len(inputs.shape) < 3:
        raise ValueError("Rank of inputs must be >= 3")
    with name_scope(name, f"{pooling_type.lower()}_pool", [inputs]) as path:
        layer = plain_layer(
            Pooling,
            path,
            inputs,
            pool_size=pool_size,
            pooling_type=pooling_type.upper(),
            padding=padding.upper(),
            data_format=data_format,
            dilation_rate=dilation_rate,
            strides=strides,
        )
        return collect_named_outputs(outputs_collections, path, layer(inputs))


@keras.saving.register_keras_serializable("scoped_layers")
class Pooling(keras.layers.Layer):
    """`tf.nn.pool` as a layer, with its arguments."""

    def __init__(
        self,
        pool_size: Any,
        pooling_type: str,
        padding: str,
        data_format: str | None,
        dilation_rate: Any,
        strides: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.settings = {
            "pool_size": pool_size,
            "pooling_type": pooling_type,
            "padding": padding,
            "data_format": data_format,
            "dilation_rate": dilation_rate,
            "strides": strides,
        }

    def call(self, inputs: Any) -> Any:
        """Pools `inputs`."""
        settings = dict(self.settings)
        for name in ("pool_size", "dilation_rate", "strides"):
            if isinstance(settings[name], int):
                settings[name] = [settings[name]] * (len(inputs.shape) - 2)
        return tf.nn.pool(
            inputs, settings.pop("pool_size"), dilations=settings.pop("dilation_rate"), **settings
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the layer."""
        return {**super().get_config(), **self.settings}
